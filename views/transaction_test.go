package views

import (
	"testing"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// A reversal without a payment waits as long as the ledger keeps the row, and the read says until when: by the
// deployment's setting.
func TestWaitingReversalSaysUntilWhen(t *testing.T) {
	for _, days := range []int{90, 540} {
		retention := time.Duration(days) * 24 * time.Hour
		f := newFixture(t, func(c *Config) {
			if days != 90 { // the default
				c.Ledger = ledger.DefaultConfig()
				c.Ledger.Retention = retention
			}
		})
		f.putTransaction()
		var row *ledger.Row
		for _, e := range []*payment.Event{
			event("r1", payment.Reversal, facts("t2", 4000, ""), 0), event("r2", payment.Reversal, facts("t2", 100, ""), time.Hour),
		} {
			row, _ = ledger.Apply(row, e, 0, ledger.DefaultConfig())
		}
		put(f, f.tables.ledger, f.topology.Ledger, "t2", row)
		want := at(time.Hour).Add(retention)
		got := f.get("/v1/panel/transactions/t2")
		for i, amount := range []float64{4000, 100} {
			r := got["reversals"].([]any)[i].(map[string]any)
			if r["status"] != "waiting" || r["amount"] != amount || r["waits_until"] != want.String() {
				t.Errorf("%d days: %v, want it to wait until %s", days, r, want)
			}
		}
		settled := f.get("/v1/panel/transactions/t1")["reversals"].([]any)[0].(map[string]any)
		if _, has := settled["waits_until"]; has {
			t.Errorf("%v waits for nothing", settled)
		}
		// The ledger keeps the row at that time, and not after it.
		cfg := ledger.Config{PendingTimeout: time.Minute, Retention: retention}
		at, _ := ledger.Expire(row, want, cfg)
		after, _ := ledger.Expire(row, want+instant.Milli(1), cfg)
		if at == nil || after != nil {
			t.Errorf("%d days: the ledger's row goes at another time: %v, %v", days, at, after)
		}
	}
}
