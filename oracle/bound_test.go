package oracle

import (
	"math"
	"testing"

	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
)

// As many payments as it takes to leave int64: the oracle counts on, and cuts only what it shows.
func TestSumsOfTheOracleNeverOverflow(t *testing.T) {
	v := &version{limit: 1 << 40, metric: metricOf("amount", "")}
	v.Goal.Target = money.Max
	n := &count{}
	const times = 3 * math.MaxInt64 / money.Max / 2
	for range times {
		n.add(v, &payment.Facts{}, 0, money.Max, nil)
	}
	n = n.plus(&count{})
	if got := v.completions(v.reached(n)); got != times {
		t.Errorf("%d payments are %d completions", times, got)
	}
	if got := v.reached(n).Int64(); got != math.MaxInt64 {
		t.Errorf("shown as %d", got)
	}
	for range times {
		n.add(v, &payment.Facts{}, money.Max, 0, nil)
	}
	if !n.empty() {
		t.Errorf("all was taken back, %+v is left", n.sum)
	}
}
