package ledger_test

import "github.com/millrace/millrace/domain/payment"

type transcript struct {
	name   string
	events []*payment.Event
	want   []string
}

func transcripts() []transcript {
	return append(paymentTranscripts(), reversalTranscripts()...)
}

const (
	attempted = "attempt upi/sbi/razorpay success @10"
	posted    = "post s payment_settled u1 #1 0>100"
	settled   = "journal #1 s applied 0>100"
)

func paymentTranscripts() []transcript {
	s := pay("s", success, 100, 10)
	list := func(e ...*payment.Event) []*payment.Event { return e }
	return []transcript{
		{"a success posts once", list(s, pay("s2", success, 250, 20)), []string{
			attempted, posted, settled, "journal #2 s2 stale 100>100"}},
		{"same id, same content", list(s, pay("s", success, 100, 10)), []string{
			attempted, posted, settled, "journal #2 s duplicate 100>100"}},
		{"same id, other content", list(s, pay("s", success, 101, 10)), []string{
			attempted, posted, settled,
			"refuse s conflicting_duplicate: event id was used with other content",
			"journal #2 s rejected 100>100 conflicting_duplicate"}},
		{"ids are unique over payments and reversals", list(s, rev("s", "r", success, 1, 10)), []string{
			attempted, posted, settled,
			"refuse s conflicting_duplicate: event id was used with other content",
			"journal #2 s rejected 100>100 conflicting_duplicate"}},
		{"late authorisation", list(pay("f", failed, 90, 5), s), []string{
			"attempt upi/sbi/razorpay technical @5", "journal #1 f applied 0>0",
			posted, "journal #2 s applied 0>100"}},
		{"authorisation older than the failure", list(pay("f", failed, 100, 50, business()), s), []string{
			"attempt upi/sbi/razorpay business @50", "journal #1 f applied 0>0",
			posted, "journal #2 s applied 0>100"}},
		{"pending, then success", list(pay("p", pending, 90, 1), s), []string{
			"await @300001", "journal #1 p applied 0>0",
			attempted, posted, "journal #2 s applied 0>100"}},
		{"pending again", list(pay("p", pending, 90, 1), pay("q", pending, 90, 7), pay("r", pending, 90, 3)), []string{
			"await @300001", "journal #1 p applied 0>0", "journal #2 q applied 0>0", "journal #3 r stale 0>0"}},
		{"stale lower statuses", list(s, pay("p", pending, 100, 1), pay("f", failed, 100, 10), pay("q", pending, 100, 99)), []string{
			attempted, posted, settled,
			"journal #2 p stale 100>100", "journal #3 f stale 100>100", "journal #4 q stale 100>100"}},
		{"status regression", list(s, pay("f", failed, 100, 11)), []string{
			attempted, posted, settled,
			"refuse f status_regression: failed at 2026-03-01T10:00:00.011Z, after success at 2026-03-01T10:00:00.010Z",
			"journal #2 f rejected 100>100 status_regression"}},
		{"a refused event leaves its id free", list(s, pay("f", failed, 100, 11), pay("f", failed, 100, 9)), []string{
			attempted, posted, settled,
			"refuse f status_regression: failed at 2026-03-01T10:00:00.011Z, after success at 2026-03-01T10:00:00.010Z",
			"journal #2 f rejected 100>100 status_regression", "journal #3 f stale 100>100"}},
		{"failure between two successes", list(s, pay("s2", success, 100, 30), pay("f", failed, 100, 20)), []string{
			attempted, posted, settled, "journal #2 s2 stale 100>100", "journal #3 f stale 100>100"}},
		{"other currency", list(s, pay("d", success, 100, 11, in("USD")), rev("r", "r", success, 1, 12, in("USD"))), []string{
			attempted, posted, settled,
			"refuse d currency_mismatch: event in USD, transaction in INR", "journal #2 d rejected 100>100 currency_mismatch",
			"refuse r currency_mismatch: event in USD, transaction in INR", "journal #3 r rejected 100>100 currency_mismatch"}},
		{"an event that intake cannot have let through", list(pay("z", success, 0, 1), pay("y", 7, 1, 1)), []string{
			"refuse z invalid_field: amount or status", "journal #0 z rejected 0>0 invalid_field",
			"refuse y invalid_field: amount or status", "journal #0 y rejected 0>0 invalid_field"}},
	}
}

func reversalTranscripts() []transcript {
	s := pay("s", success, 100, 10)
	after := func(want ...string) []string { return append([]string{attempted, posted, settled}, want...) }
	list := func(e ...*payment.Event) []*payment.Event { return append([]*payment.Event{s}, e...) }
	before := func(e ...*payment.Event) []*payment.Event { return append(e, s) }
	return []transcript{
		{"partial reversals add up", list(rev("a", "r1", success, 40, 20), rev("b", "r2", success, 60, 30)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"post b payment_reversed u1 #3 60>0", "journal #3 b applied 60>0")},
		{"over-reversal changes nothing", list(rev("a", "r1", success, 40, 20), rev("b", "r2", success, 61, 30)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"refuse b over_reversal: 61 exceeds what remains, 60", "journal #3 b rejected 60>60 over_reversal")},
		{"all that remains", list(rev("a", "r1", success, 40, 20), rev("b", "r2", success, 0, 30), rev("c", "r3", success, 0, 40)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"post b payment_reversed u1 #3 60>0", "journal #3 b applied 60>0",
			"refuse c over_reversal: nothing remains", "journal #4 c rejected 0>0 over_reversal")},
		{"a reversal fails later", list(rev("a", "r1", success, 40, 20), rev("b", "r1", failed, 0, 30)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"post b reversal_returned u1 #3 60>100", "journal #3 b applied 60>100")},
		{"what it gives back does not go to all that remains", list(
			rev("a", "r1", success, 40, 20), rev("b", "r2", success, 0, 25), rev("c", "r1", failed, 0, 30)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"post b payment_reversed u1 #3 60>0", "journal #3 b applied 60>0",
			"post c reversal_returned u1 #4 0>40", "journal #4 c applied 0>40")},
		{"what was given back before does", list(
			rev("a", "r1", success, 40, 20), rev("c", "r1", failed, 0, 30), rev("b", "r2", success, 0, 25)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"post c reversal_returned u1 #3 60>100", "journal #3 c applied 60>100",
			"post b payment_reversed u1 #4 100>0", "journal #4 b applied 100>0")},
		{"all that remains, anew", list(
			rev("a", "r1", success, 40, 20), rev("b", "r2", success, 0, 25), rev("c", "r1", failed, 0, 30), rev("d", "r2", success, 0, 40)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"post b payment_reversed u1 #3 60>0", "journal #3 b applied 60>0",
			"post c reversal_returned u1 #4 0>40", "journal #4 c applied 0>40",
			"post d payment_reversed u1 #5 40>0", "journal #5 d applied 40>0")},
		{"failed before its success, and newer", list(rev("b", "r1", failed, 0, 30), rev("a", "r1", success, 40, 20)), after(
			"journal #2 b applied 100>100", "journal #3 a stale 100>100")},
		{"failed before its success, and older", list(rev("b", "r1", failed, 0, 15), rev("a", "r1", success, 40, 20)), after(
			"journal #2 b applied 100>100", "post a payment_reversed u1 #2 100>60", "journal #3 a applied 100>60")},
		{"at a tie failed decides", list(rev("a", "r1", success, 40, 20), rev("b", "r1", failed, 40, 20), rev("c", "r1", success, 40, 20)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"post b reversal_returned u1 #3 60>100", "journal #3 b applied 60>100", "journal #4 c stale 100>100")},
		{"a newer success changes the amount", list(rev("a", "r1", success, 40, 20), rev("b", "r1", success, 100, 30), rev("c", "r1", success, 5, 40)), after(
			"post a payment_reversed u1 #2 100>60", "journal #2 a applied 100>60",
			"post b payment_reversed u1 #3 60>0", "journal #3 b applied 60>0",
			"post c reversal_returned u1 #4 0>95", "journal #4 c applied 0>95")},
		{"a pending reversal takes nothing", list(rev("a", "r1", pending, 40, 20), rev("b", "r1", success, 40, 30)), after(
			"journal #2 a applied 100>100", "post b payment_reversed u1 #2 100>60", "journal #3 b applied 100>60")},
		{"room made later does not revive an over-reversal; the same event anew does", list(
			rev("a", "r1", success, 60, 20), rev("b", "r2", success, 60, 21), rev("c", "r1", failed, 0, 30), rev("b", "r2", success, 60, 21)), after(
			"post a payment_reversed u1 #2 100>40", "journal #2 a applied 100>40",
			"refuse b over_reversal: 60 exceeds what remains, 40", "journal #3 b rejected 40>40 over_reversal",
			"post c reversal_returned u1 #3 40>100", "journal #4 c applied 40>100",
			"post b payment_reversed u1 #4 100>40", "journal #5 b applied 100>40")},
		{"two reversals wait", before(rev("a", "r1", success, 40, 1), rev("b", "r2", success, 0, 2)), []string{
			"journal #1 a waiting 0>0", "journal #2 b waiting 0>0",
			attempted, posted, "journal #3 s applied 0>100",
			"post a payment_reversed u1 #2 100>60", "journal #4 a applied 100>60",
			"post b payment_reversed u1 #3 60>0", "journal #5 b applied 60>0"}},
		{"a reversal fails while it waits", before(rev("a", "r1", success, 40, 1), rev("b", "r1", failed, 0, 2)), []string{
			"journal #1 a waiting 0>0", "journal #2 b waiting 0>0",
			attempted, posted, "journal #3 s applied 0>100",
			"post a payment_reversed u1 #2 100>60", "journal #4 a applied 100>60",
			"post b reversal_returned u1 #3 60>100", "journal #5 b applied 60>100"}},
		{"a waiting reversal turns out too large", before(rev("a", "r1", success, 101, 1), rev("b", "r1", success, 40, 0)), []string{
			"journal #1 a waiting 0>0", "journal #2 b waiting 0>0",
			attempted, posted, "journal #3 s applied 0>100",
			"refuse a over_reversal: 101 exceeds what remains, 100", "journal #4 a rejected 100>100 over_reversal",
			"post b payment_reversed u1 #2 100>60", "journal #5 b applied 100>60"}},
		{"a waiting reversal refused gives its id back", append(before(rev("a", "r1", success, 101, 1)), rev("a", "r1", success, 40, 1)), []string{
			"journal #1 a waiting 0>0",
			attempted, posted, "journal #2 s applied 0>100",
			"refuse a over_reversal: 101 exceeds what remains, 100", "journal #3 a rejected 100>100 over_reversal",
			"post a payment_reversed u1 #2 100>60", "journal #4 a applied 100>60"}},
		{"a waiting reversal in another currency is refused once the payment is known", []*payment.Event{
			rev("a", "r1", success, 40, 1, in("USD")), rev("b", "r2", success, 40, 1), pay("p", pending, 100, 5), s}, []string{
			"journal #1 a waiting 0>0", "journal #2 b waiting 0>0",
			"await @300005", "journal #3 p applied 0>0",
			"refuse a currency_mismatch: event in USD, transaction in INR", "journal #4 a rejected 0>0 currency_mismatch",
			attempted, posted, "journal #5 s applied 0>100",
			"post b payment_reversed u1 #2 100>60", "journal #6 b applied 100>60"}},
		{"a reversal of a failed payment waits", []*payment.Event{pay("f", failed, 100, 5), rev("a", "r1", success, 40, 6), rev("a", "r1", success, 40, 6)}, []string{
			"attempt upi/sbi/razorpay technical @5", "journal #1 f applied 0>0",
			"journal #2 a waiting 0>0", "journal #3 a duplicate 0>0"}},
	}
}
