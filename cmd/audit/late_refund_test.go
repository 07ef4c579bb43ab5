package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/topology"
)

// A refund may come when the row of its payment has expired and is still there: it begins another life of the transaction, in place of the first. Nothing is
// said to be lost then, nor once the row is gone; and verify needs nobody to tell it how many partitions there are.
func TestRefundAfterExpiry(t *testing.T) {
	y := newYears(t)
	send := func(event, kind string, at time.Time) {
		for user := range 6 {
			y.Check(y.Feed.Send(t.Context(), fmt.Appendf(nil, `{"id":"%s-%d","type":%q,"transaction_id":"t%d","user_id":"u%d","amount":500,"currency":"INR","status":"success","mode":"upi","instrument":"sbi","gateway":"razorpay","updated_at":%q}`,
				event, user, kind, user, user, at.Format(time.RFC3339))))
		}
		y.Check(y.Feed.Flush(t.Context()))
		y.Check(y.Feed.Clock(t.Context(), at))
		y.Rest()
	}
	send("pay", "payment", y.day)
	y.Check(y.Feed.Clock(t.Context(), y.day.Add(200*24*time.Hour)))
	y.Rest()
	send("back", "reversal", y.day.Add(201*24*time.Hour))
	y.agree("a refund of what has expired", false)
	y.sweep()
	y.agree("and the rows are swept", false)
	c := y.config()
	c.Topology = topology.New(topology.Config{Partitions: 12, Replication: 1})
	report, err := audit.Verify(t.Context(), c)
	y.Check(err)
	if !report.OK {
		t.Errorf("other partitions than configured: %+v", report)
	}
}
