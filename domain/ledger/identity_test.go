package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

const (
	otherUser = "conflicting_duplicate: user_id is not the one of the transaction's first payment event"
	conflict  = "conflicting_duplicate"
)

// TestUserNeverChanges: an event that names another user is refused, whatever it is and whenever it comes.
func TestUserNeverChanges(tt *testing.T) {
	s := pay("s", success, 100, 10)
	for _, c := range []transcript{
		{"pending by one, success by another", []*payment.Event{pay("p", pending, 90, 1), pay("b", success, 200, 5, by("u2")), s}, []string{
			"await @300001", "journal #1 p applied 0>0",
			"refuse b " + otherUser, "journal #2 b rejected 0>0 " + conflict,
			attempted, posted, "journal #3 s applied 0>100"}},
		{"failed by one, success by another", []*payment.Event{pay("f", failed, 90, 1), pay("b", success, 200, 5, by("u2"))}, []string{
			"attempt upi/sbi/razorpay technical @1", "journal #1 f applied 0>0",
			"refuse b " + otherUser, "journal #2 b rejected 0>0 " + conflict}},
		{"a second success and a stale pending by others", []*payment.Event{s, pay("b", success, 100, 20, by("u2")), pay("c", pending, 100, 1, by("u3"))}, []string{
			attempted, posted, settled,
			"refuse b " + otherUser, "journal #2 b rejected 100>100 " + conflict,
			"refuse c " + otherUser, "journal #3 c rejected 100>100 " + conflict}},
		{"a reversal by another, and the same by the payment's user", []*payment.Event{
			s, rev("r", "r", success, 30, 12, by("u2")), rev("r", "r", success, 30, 12)}, []string{
			attempted, posted, settled,
			"refuse r " + otherUser, "journal #2 r rejected 100>100 " + conflict,
			"post r payment_reversed u1 #2 100>70", "journal #3 r applied 100>70"}},
		{"a reversal by another waits, and is refused when the payment is known", []*payment.Event{
			rev("a", "r1", success, 40, 1, by("u2")), rev("b", "r2", success, 40, 1), pay("p", pending, 100, 5), s}, []string{
			"journal #1 a waiting 0>0", "journal #2 b waiting 0>0",
			"await @300005", "journal #3 p applied 0>0",
			"refuse a " + otherUser, "journal #4 a rejected 0>0 " + conflict,
			attempted, posted, "journal #5 s applied 0>100",
			"post b payment_reversed u1 #2 100>60", "journal #6 b applied 100>60"}},
		{"a reversal that comes before imposes no user", []*payment.Event{rev("a", "r1", success, 40, 1, by("u2")), s}, []string{
			"journal #1 a waiting 0>0",
			attempted, posted, "journal #2 s applied 0>100",
			"refuse a " + otherUser, "journal #3 a rejected 100>100 " + conflict}},
		{"another user and another currency", []*payment.Event{s, pay("b", success, 1, 11, by("u2"), in("USD"))}, []string{
			attempted, posted, settled,
			"refuse b " + otherUser, "journal #2 b rejected 100>100 " + conflict}},
	} {
		tt.Run(c.name, func(tt *testing.T) {
			row, effects := applyAll(nil, c.events...)
			if diff := cmp.Diff(c.want, describe(effects)); diff != "" {
				tt.Errorf("effects (-want +got):\n%s", diff)
			}
			if row.UserID() != "u1" {
				tt.Errorf("the transaction is of %s", row.UserID())
			}
		})
	}
}

// TestErasedTransactionStaysNobodys: whose it was is forgotten, so nobody can be told from another, and nobody is
// credited.
func TestErasedTransactionStaysNobodys(tt *testing.T) {
	row, _ := applyAll(nil, pay("p", pending, 90, 1))
	row, effects := applyAll(ledger.Erase(row), pay("s", success, 100, 10, by("u2"), withAttribute), rev("r", "r", success, 30, 12))
	want := []string{
		attempted, "post s payment_settled \x1enobody #1 0>100", "journal #2 s applied 0>100",
		"post r payment_reversed \x1enobody #2 100>70", "journal #3 r applied 100>70"}
	if diff := cmp.Diff(want, describe(effects)); diff != "" {
		tt.Errorf("effects (-want +got):\n%s", diff)
	}
	if row.UserID() != erasure.Nobody || row.Facts.Attributes != nil || row.Origin.Key != nil {
		tt.Errorf("the row knows somebody again: %+v of %+v", row.Facts, row.Origin)
	}

	// Reversals that waited when their user was erased fit every payment; only a payment says whose the transaction is.
	row, _ = applyAll(nil, rev("r", "r", success, 30, 12))
	row, effects = applyAll(ledger.Erase(row), pay("s", success, 100, 10))
	want = []string{
		attempted, posted, "journal #2 s applied 0>100", "post r payment_reversed u1 #2 100>70", "journal #3 r applied 100>70"}
	if diff := cmp.Diff(want, describe(effects)); diff != "" || row.UserID() != "u1" {
		tt.Errorf("a waiting reversal of nobody, user %q (-want +got):\n%s", row.UserID(), diff)
	}
}

func withAttribute(e *payment.Event) {
	e.Attributes, e.Origin.Key = []payment.Attribute{{Key: "card", Value: "u2's"}}, []byte("u2")
}
