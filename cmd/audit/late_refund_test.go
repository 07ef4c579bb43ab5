package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/config"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/topology"
)

// send sends an event of each of 6 transactions, and has event time follow.
func (y *years) send(event, kind string, at time.Time) {
	y.t.Helper()
	for user := range 6 {
		y.Check(y.Feed.Send(y.t.Context(), fmt.Appendf(nil, `{"id":"%s-%d","type":%q,"transaction_id":"t%d","user_id":"u%d","amount":500,"currency":"INR","status":"success","mode":"upi","instrument":"sbi","gateway":"razorpay","updated_at":%q}`,
			event, user, kind, user, user, at.Format(time.RFC3339))))
	}
	y.Check(y.Feed.Flush(y.t.Context()))
	y.Check(y.Feed.Clock(y.t.Context(), at))
	y.Rest()
}

// waits finds that 6 reversals wait, or none: in the report of verify, and in the sums of which serve makes its gauges.
func (y *years) waits(when string, until time.Time) {
	y.t.Helper()
	report, err := audit.Verify(y.t.Context(), y.config())
	y.Check(err)
	var want []audit.Waiting
	if !until.IsZero() {
		for n := range 6 {
			want = append(want, audit.Waiting{TransactionID: fmt.Sprintf("t%d", n), ReversalID: fmt.Sprintf("back-%d", n), Currency: "INR", Amount: 500, Until: instant.Of(until)})
		}
	}
	if !slices.Equal(report.Waiting, want) || report.WaitingCount != len(want) {
		y.t.Errorf("%s: %d wait: %+v, want %+v", when, report.WaitingCount, report.Waiting, want)
	}
	y.settled()
	var count, minor int64
	for p := range y.Topology.Config.Partitions {
		sums := y.ledgers.Known(p).Sums
		count += sums.Of(topology.WaitingReversalsSum("INR")).Int64()
		minor += sums.Of(topology.WaitingSum("INR")).Int64()
	}
	if n := int64(len(want)); count != n || minor != 500*n {
		y.t.Errorf("%s: the sums say that %d wait with %d, want %d", when, count, minor, n)
	}
}

// A refund may come when the row of its payment has expired and is still there: it begins another life of the
// transaction, in place of the first. Nothing is said to be lost then, nor once the row is gone; and verify needs
// nobody to tell it how many partitions there are.
func TestRefundAfterExpiry(t *testing.T) {
	t.Parallel()
	y := newYears(t)
	y.send("pay", "payment", y.day)
	y.waits("paid", time.Time{})
	y.Check(y.Feed.Clock(t.Context(), y.day.Add(200*24*time.Hour)))
	y.Rest()
	back := y.day.Add(201 * 24 * time.Hour)
	y.send("back", "reversal", back)
	y.waits("a refund of what has expired", back.Add(90*24*time.Hour))
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
	y.Check(y.Feed.Clock(t.Context(), back.Add(91*24*time.Hour)))
	y.Rest()
	y.sweep()
	y.waits("given up", time.Time{})
	y.agree("given up", false)
	letter := y.last(y.Topology.DeadLetterRecords.Name, func(*kgo.Record) bool { return true })
	if said := fmt.Sprintf("%s", letter.Headers); !strings.Contains(said, "orphan_reversal") {
		t.Errorf("the dead letter says %s", said)
	}
}

// With a retention of 540 days, beyond what payment networks allow, a refund or chargeback finds its payment 500 days
// later, takes its money back, and everything agrees; one after 541 days waits.
func TestRetentionOf540Days(t *testing.T) {
	t.Parallel()
	const retention = 540 * 24 * time.Hour
	y := follow(newDeploymentWith(t, func(s *config.Config) { s.Ledger.Retention = retention }))
	y.day = y.day.AddDate(-3, 0, 0) // all of it is past
	y.send("pay", "payment", y.day)
	y.Check(y.Feed.Clock(t.Context(), y.day.Add(499*24*time.Hour)))
	y.Rest()
	y.sweep()
	y.settled()
	if n := y.rows(); n != 6 {
		t.Errorf("%d of 6 rows are there", n)
	}
	y.send("back", "reversal", y.day.Add(500*24*time.Hour))
	y.waits("after 500 days", time.Time{})
	y.agree("after 500 days", false)
	y.settled()
	for _, id := range []string{"t0", "t5"} {
		value, err := y.ledgers.Get(id)
		y.Check(err)
		row, err := ledgercodec.Row{}.Decode(value)
		if y.Check(err); row.Net() != 0 || row.Reversed() != 500 {
			t.Errorf("%s has %d left, %d reversed", id, row.Net(), row.Reversed())
		}
	}
	y.trim() // postings are kept for 90 days, however long rows are
	y.agree("postings are gone", false)
	y.Check(y.Feed.Clock(t.Context(), y.day.Add(500*24*time.Hour+retention+time.Hour)))
	y.Rest()
	y.sweep()
	y.settled()
	if n := y.rows(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	y.agree("expired", false)
}

// A payment whose row has expired may settle again: its provider sends another success, of the same time of creation.
// The user's row still remembers the first, for it has heard of no later payment.
func TestSecondLifeOfWhatProgressRemembers(t *testing.T) {
	t.Parallel()
	y := newYears(t)
	send := func(event, status string, at time.Time) {
		y.Check(y.Feed.Send(t.Context(), fmt.Appendf(nil, `{"id":%q,"type":"payment","transaction_id":"t1","user_id":"u1","amount":500,"currency":"INR","status":%q,"mode":"upi","instrument":"sbi","gateway":"razorpay","created_at":%q,"updated_at":%q}`,
			event, status, y.day.Format(time.RFC3339), at.Format(time.RFC3339))))
		y.Check(y.Feed.Flush(t.Context()))
		y.Check(y.Feed.Clock(t.Context(), at))
		y.Rest()
	}
	send("first", "success", y.day)
	y.Check(y.Feed.Clock(t.Context(), y.day.Add(100*24*time.Hour)))
	y.Rest()
	y.sweep()
	y.agree("expired", false)
	send("again", "success", y.day.Add(101*24*time.Hour))
	y.agree("settled again", false)
}
