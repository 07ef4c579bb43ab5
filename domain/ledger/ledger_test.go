package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// day is the event time that tests count from; t(5) is 5 ms later.
const day = instant.Milli(1_772_359_200_000) // 2026-03-01T10:00:00Z

func t(ms int64) instant.Milli { return day + instant.Milli(ms) }

type change func(*payment.Event)

func in(currency string) change { return func(e *payment.Event) { e.Currency = currency } }
func by(user string) change     { return func(e *payment.Event) { e.UserID = user } }
func business() change          { return func(e *payment.Event) { e.Decline = payment.Business } }
func instruments(list ...string) change {
	return func(e *payment.Event) { e.HealthInstruments = list }
}

// content is the stand-in for intake's fingerprint.
func content(e *payment.Event) uint64 {
	var h uint64 = 14695981039346656037
	for _, c := range fmt.Sprint(e.ID, e.Type, e.ReversalID, e.Status, e.AmountMinor, e.Currency, e.UserID, e.UpdatedAt) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func event(id string, kind payment.Type, s payment.Status, amount, at int64, changes ...change) *payment.Event {
	e := &payment.Event{
		Facts: payment.Facts{
			TransactionID: "t1", UserID: "u1", AmountMinor: amount, Currency: "INR",
			Mode: "upi", Instrument: "sbi", Gateway: "razorpay", CreatedAt: t(0),
		},
		Origin: payment.Origin{Topic: "payments", Offset: at, Timestamp: t(at)},
		ID:     id, Type: kind, Status: s, UpdatedAt: t(at), HealthInstruments: []string{"sbi"},
	}
	for _, c := range changes {
		c(e)
	}
	e.Fingerprint = content(e)
	return e
}

func pay(id string, s payment.Status, amount, at int64, changes ...change) *payment.Event {
	return event(id, payment.Payment, s, amount, at, changes...)
}

func rev(id, reversal string, s payment.Status, amount, at int64, changes ...change) *payment.Event {
	return event(id, payment.Reversal, s, amount, at, append(changes, func(e *payment.Event) { e.ReversalID = reversal })...)
}

const (
	pending = payment.Pending
	failed  = payment.Failed
	success = payment.Success
)

// describe puts effects into words, one line each.
func describe(effects []ledger.Effect) []string {
	var lines []string
	for _, effect := range effects {
		switch e := effect.(type) {
		case ledger.Posted:
			p := e.Posting
			lines = append(lines, fmt.Sprintf("post %s %s %s #%d %d>%d", p.EventID, p.Kind, p.UserID, p.Seq, p.NetBefore, p.NetAfter))
		case ledger.Attempted:
			lines = append(lines, fmt.Sprintf("attempt %s %s @%d", e.Attempt.Key(), e.Attempt.Outcome, e.Attempt.At-day))
		case ledger.Journalled:
			l := fmt.Sprintf("journal #%d %s %s %d>%d", e.Entry.Seq, e.Entry.EventID, e.Entry.Verdict, e.Entry.NetBefore, e.Entry.NetAfter)
			lines = append(lines, strings.TrimSpace(l+" "+string(e.Entry.Reason)))
		case ledger.Refused:
			lines = append(lines, fmt.Sprintf("refuse %s %s: %s", e.Event.ID, e.Reason, e.Detail))
		case ledger.Awaiting:
			lines = append(lines, fmt.Sprintf("await @%d", e.Until-day))
		}
	}
	return lines
}

// applyAll applies events without a watermark.
func applyAll(row *ledger.Row, events ...*payment.Event) (*ledger.Row, []ledger.Effect) {
	var all []ledger.Effect
	for _, e := range events {
		var effects []ledger.Effect
		row, effects = ledger.Apply(row, e, 0, ledger.DefaultConfig())
		all = append(all, effects...)
	}
	return row, all
}

func TestApply(tt *testing.T) {
	for _, c := range transcripts() {
		tt.Run(c.name, func(tt *testing.T) {
			_, effects := applyAll(nil, c.events...)
			if diff := cmp.Diff(c.want, describe(effects)); diff != "" {
				tt.Errorf("effects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTooOldAndExpiry(tt *testing.T) {
	cfg := ledger.Config{PendingTimeout: time.Millisecond, Retention: 100 * time.Millisecond}
	row, _ := ledger.Apply(nil, rev("r", "r1", success, 40, 10), t(5), cfg)

	if next, effects := ledger.Expire(row, t(110), cfg); next != row || effects != nil {
		tt.Errorf("a row whose last event is exactly retention old went, or said %v", describe(effects))
	}
	next, effects := ledger.Expire(row, t(111), cfg)
	want := []string{"refuse r orphan_reversal: it waited for 100ms (ledger.retention), and no payment of its transaction settled: the payment never came, or its row had expired before", "journal #2 r rejected 0>0 orphan_reversal"}
	if diff := cmp.Diff(want, describe(effects)); diff != "" || next != nil {
		tt.Errorf("expiry: row %v, effects (-want +got):\n%s", next, diff)
	}

	// Apply comes to the same whether or not the sweep came first, also for a duplicate of what expired.
	late := rev("r", "r1", success, 40, 10)
	unswept, effects := ledger.Apply(row, late, t(111), cfg)
	want = append(want, "refuse r too_old: event time 2026-03-01T10:00:00.010Z is beyond the retention", "journal #0 r rejected 0>0 too_old")
	if diff := cmp.Diff(want, describe(effects)); diff != "" || unswept != nil {
		tt.Errorf("apply to an expired row: row %v, effects (-want +got):\n%s", unswept, diff)
	}
	if next, _ := ledger.Apply(nil, rev("r", "r1", success, 40, 11), t(111), cfg); next == nil {
		tt.Error("an event exactly retention old was refused")
	}
	// A duplicate of a living row is a duplicate, however old.
	row, _ = ledger.Apply(row, rev("s", "r1", success, 40, 100), t(10), cfg)
	if _, effects := ledger.Apply(row, late, t(150), cfg); !strings.Contains(strings.Join(describe(effects), ";"), "duplicate") {
		tt.Errorf("old duplicate: %v", describe(effects))
	}
}

// A payment of which nothing is known, and that was made before the retention, may have settled and expired: it does
// not settle again.
func TestForgottenPayment(tt *testing.T) {
	cfg := ledger.Config{PendingTimeout: time.Millisecond, Retention: 100 * time.Millisecond}
	made := func(e *payment.Event, at int64) *payment.Event { e.CreatedAt = t(at); return e }
	waiting, _ := ledger.Apply(nil, rev("r", "r", success, 5, 300), t(300), cfg)
	known, _ := ledger.Apply(nil, made(pay("p", pending, 100, 250), 250), t(250), cfg)
	for name, c := range map[string]struct {
		row     *ledger.Row
		made    int64
		settles bool
	}{
		"nothing is known": {nil, 199, false}, "within the retention": {nil, 200, true}, "only a refund is known": {waiting, 199, false},
		"it is known": {known, 199, true},
	} {
		row, effects := ledger.Apply(c.row, made(pay("late", success, 100, 300), c.made), t(300), cfg)
		refused := strings.Contains(strings.Join(describe(effects), ";"), "refuse late too_old: created_at ")
		if row.Settled() != c.settles || refused == c.settles {
			tt.Errorf("%s: settled %t, %q", name, row.Settled(), describe(effects))
		}
	}
}

func TestTimeout(tt *testing.T) {
	cfg := ledger.DefaultConfig()
	due := int64(300_010)
	row, effects := ledger.Apply(nil, pay("p", pending, 100, 10, instruments("sbi", "gpay", "sbi")), t(9), cfg)
	if got := describe(effects); !cmp.Equal(got, []string{"await @300010", "journal #1 p applied 0>0"}) {
		tt.Errorf("pending: %v", got)
	}
	if at, awaits := row.Awaits(); !awaits || at != t(due) {
		tt.Errorf("awaits %v %v", at, awaits)
	}
	if next, effects := ledger.Due(row, t(due-1), cfg); next != row || effects != nil {
		tt.Errorf("timed out early: %v", describe(effects))
	}
	next, effects := ledger.Due(row, t(due), cfg)
	want := []string{"attempt upi/sbi/razorpay timeout @300010", "attempt upi/gpay/razorpay timeout @300010"}
	if diff := cmp.Diff(want, describe(effects)); diff != "" {
		tt.Errorf("due (-want +got):\n%s", diff)
	}
	if again, effects := ledger.Due(next, t(due+1), cfg); again != next || effects != nil {
		tt.Errorf("timed out twice: %v", describe(effects))
	}

	// The success after it settles, but is no second attempt; and Apply finds the timeout itself if no timer came.
	settled := pay("s", success, 100, 20)
	fired, afterFired := ledger.Apply(next, settled, t(due), cfg)
	lazy, afterLazy := ledger.Apply(row, settled, t(due), cfg)
	wantSettled := []string{"post s payment_settled u1 #1 0>100", "journal #2 s applied 0>100"}
	if diff := cmp.Diff(wantSettled, describe(afterFired)); diff != "" {
		tt.Errorf("success after timeout (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append(want, wantSettled...), describe(afterLazy)); diff != "" {
		tt.Errorf("success with the timer overdue (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(fired, lazy); diff != "" {
		tt.Errorf("rows differ by whether the timer came:\n%s", diff)
	}

	_, effects = ledger.Apply(nil, pay("p", pending, 100, 10), t(due), cfg)
	if got := describe(effects); !cmp.Equal(got, []string{"attempt upi/sbi/razorpay timeout @300010", "journal #1 p applied 0>0"}) {
		tt.Errorf("pending that comes too late: %v", got)
	}
}

func TestRowLimits(tt *testing.T) {
	row, _ := applyAll(nil, pay("p", success, 5000, 0))
	for i := 1; i < ledger.MaxEvents; i++ {
		row, _ = applyAll(row, rev(fmt.Sprint("e", i), fmt.Sprint("r", i), success, 1, int64(i)))
	}
	if row.Net() != 5000-(ledger.MaxEvents-1) || len(row.Journal) != ledger.JournalSize || row.Journal[ledger.JournalSize-1].Seq != row.JournalSeq {
		tt.Fatalf("net %d, %d journal lines, last %v", row.Net(), len(row.Journal), row.Journal[len(row.Journal)-1])
	}
	oldest := row.Journal[0].Seq
	full, effects := applyAll(row, rev("one more", "x", success, 1, 0))
	if got := strings.Join(describe(effects), ";"); !strings.Contains(got, "row_too_large") || full.Net() != row.Net() {
		tt.Errorf("event %d: %s", ledger.MaxEvents+1, got)
	}
	if row.Journal[0].Seq != oldest || full.Journal[0].Seq != oldest+1 {
		tt.Errorf("the journal begins at %d before and %d after, was %d", row.Journal[0].Seq, full.Journal[0].Seq, oldest)
	}
	if _, effects := applyAll(row, rev("e5", "r5", success, 1, 5)); !strings.Contains(strings.Join(describe(effects), ";"), "duplicate") {
		tt.Errorf("a duplicate of a full row: %v", describe(effects))
	}

	big := func(id string) *payment.Event {
		return rev(id, id, success, 1, 0, func(e *payment.Event) {
			e.Attributes = []payment.Attribute{{Key: "a", Value: strings.Repeat("x", 600_000)}}
		})
	}
	row, _ = applyAll(nil, big("b1"))
	after, effects := applyAll(row, big("b2"))
	if got := strings.Join(describe(effects), ";"); !strings.Contains(got, "row_too_large") || len(after.Waiting) != 1 {
		tt.Errorf("second big event: %s", got)
	}
}

func TestJournalGivesWayToTheRowLimit(tt *testing.T) {
	row, _ := applyAll(nil, pay("p", success, 100, 0))
	for i := range 20 {
		row, _ = applyAll(row, pay(fmt.Sprint(i, strings.Repeat("x", 100_000)), success, 100, 0, in("USD")))
	}
	if n := len(row.Journal); n == 0 || n > 10 || row.Journal[n-1].Seq != row.JournalSeq {
		tt.Errorf("%d journal lines of 100 kB are kept", n)
	}
}

func TestAccessors(tt *testing.T) {
	var none *ledger.Row
	if none.UserID() != "" || none.Net() != 0 || none.AmountMinor() != 0 || none.ReversalStates() != nil || none.Reversed() != 0 {
		tt.Error("a nil row is not empty")
	}
	row, _ := applyAll(nil, rev("a", "r1", success, 40, 5, by("u9")), rev("b", "r1", failed, 0, 9, by("u9")),
		rev("c", "r2", success, 0, 1, by("u9")), rev("d", "r1", success, 30, 1, by("u8")))
	want := []ledger.ReversalState{{ID: "r1", Currency: "INR", Status: failed, Waiting: true}, {ID: "r2", Currency: "INR", Status: success, Waiting: true}}
	if diff := cmp.Diff(want, row.ReversalStates()); diff != "" || row.UserID() != "u9" || row.Currency() != "INR" || row.Status != 0 {
		tt.Errorf("waiting: user %s, %s", row.UserID(), diff)
	}
	row, _ = applyAll(row, pay("p", success, 100, 7, by("u9")))
	want = []ledger.ReversalState{{ID: "r1", Currency: "INR", Status: failed, AmountMinor: 40}, {ID: "r2", Currency: "INR", Status: success, AmountMinor: 100}}
	if diff := cmp.Diff(want, row.ReversalStates()); diff != "" || row.UserID() != "u9" || row.TransactionID() != "t1" {
		tt.Errorf("settled: user %s, %s", row.UserID(), diff)
	}
	if row.AmountMinor() != 100 || row.Reversed() != 100 || row.Net() != 0 {
		tt.Errorf("amount %d reversed %d net %d", row.AmountMinor(), row.Reversed(), row.Net())
	}
}

func TestConfigValidate(tt *testing.T) {
	if err := ledger.DefaultConfig().Validate(); err != nil {
		tt.Error(err)
	}
	err := ledger.Config{PendingTimeout: -1, Retention: -2}.Validate()
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		tt.Errorf("want three problems, got %v", err)
	}
}
