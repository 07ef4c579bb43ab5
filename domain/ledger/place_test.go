package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

func via(gateway string) change { return func(e *payment.Event) { e.Gateway = gateway } }
func attempt(id string) change  { return func(e *payment.Event) { e.AttemptID = id } }

// attemptsOf returns the attempts among effects as key, outcome and time.
func attemptsOf(effects []ledger.Effect) []string {
	var list []string
	for _, line := range describe(effects) {
		if rest, ok := strings.CutPrefix(line, "attempt upi/"); ok {
			list = append(list, rest)
		}
	}
	return list
}

// TestOneAttemptPerPlace: each transcript ends with the watermark far beyond every timeout.
func TestOneAttemptPerPlace(tt *testing.T) {
	list := func(e ...*payment.Event) []*payment.Event { return e }
	for _, c := range []struct {
		name   string
		events []*payment.Event
		want   []string
	}{
		{"failed at one gateway, retried at the next", list(
			pay("a1", pending, 100, 0, via("adyen")), pay("a2", failed, 100, 1, via("adyen")),
			pay("s1", pending, 100, 2, via("stripe")), pay("s2", success, 100, 3, via("stripe"))),
			[]string{"sbi/adyen technical @1", "sbi/stripe success @3"}},
		{"the retry hangs", list(
			pay("a2", failed, 100, 1, via("adyen")), pay("s1", pending, 100, 2, via("stripe"))),
			[]string{"sbi/adyen technical @1", "sbi/stripe timeout @300002"}},
		{"the retry hangs; both at one time", list(
			pay("a2", failed, 100, 1, via("adyen")), pay("s1", pending, 100, 1, via("stripe"))),
			[]string{"sbi/adyen technical @1", "sbi/stripe timeout @300001"}},
		{"a success elsewhere ends a pending attempt without a timeout", list(
			pay("a1", pending, 100, 0, via("adyen")), pay("s2", success, 100, 3, via("stripe"))),
			[]string{"sbi/stripe success @3"}},
		{"so does a failure elsewhere, and one at the same time", list(
			pay("a1", pending, 100, 3, via("adyen")), pay("s2", failed, 100, 3, via("stripe"))),
			[]string{"sbi/stripe technical @3"}},
		{"what ended elsewhere before it began does not end it", list(
			pay("s1", pending, 100, 2, via("stripe")), pay("a2", failed, 100, 1, via("adyen"))),
			[]string{"sbi/adyen technical @1", "sbi/stripe timeout @300002"}},
		{"a pending that comes after the end elsewhere is ended already", list(
			pay("s2", success, 100, 3, via("stripe")), pay("a1", pending, 100, 0, via("adyen"))),
			[]string{"sbi/stripe success @3"}},
		{"its own end still counts", list(
			pay("a1", pending, 100, 0, via("adyen")), pay("s2", success, 100, 3, via("stripe")), pay("a2", failed, 100, 2, via("adyen"))),
			[]string{"sbi/stripe success @3", "sbi/adyen technical @2"}},
		{"a refused failure counts nowhere", list(
			pay("s2", success, 100, 3, via("stripe")), pay("a2", failed, 100, 4, via("adyen"))),
			[]string{"sbi/stripe success @3"}},
		{"two successes: money once, an attempt at each", list(
			pay("a2", success, 100, 1, via("adyen")), pay("s2", success, 100, 2, via("stripe"))),
			[]string{"sbi/adyen success @1", "sbi/stripe success @2"}},
		{"back at the first gateway", list(
			pay("a2", failed, 100, 1, via("adyen")), pay("s2", failed, 100, 2, via("stripe")), pay("a3", success, 100, 3, via("adyen"))),
			[]string{"sbi/adyen technical @1", "sbi/stripe technical @2"}},
		{"attempt ids tell two tries of one gateway apart", list(
			pay("a1", pending, 100, 0, via("adyen"), attempt("1")), pay("a2", failed, 100, 1, via("adyen"), attempt("1")),
			pay("a3", pending, 100, 2, via("adyen"), attempt("2")), pay("a4", success, 100, 3, via("adyen"), attempt("2"))),
			[]string{"sbi/adyen technical @1", "sbi/adyen success @3"}},
		{"an attempt id is one attempt, wherever it went", list(
			pay("a1", pending, 100, 0, via("unknown"), attempt("1")), pay("a2", failed, 100, 1, via("adyen"), attempt("1")),
			pay("a3", success, 100, 2, via("stripe"), attempt("1"))),
			[]string{"sbi/adyen technical @1"}},
		{"bank and app are two places", list(
			pay("a", failed, 100, 1, instruments("sbi", "gpay")), pay("b", success, 100, 2, instruments("sbi", "phonepe"))),
			[]string{"sbi/razorpay technical @1", "gpay/razorpay technical @1", "phonepe/razorpay success @2"}},
		{"one try by bank and app, with an attempt id", list(
			pay("p", pending, 100, 1, instruments("sbi", "gpay"), attempt("1")), pay("a", failed, 100, 1, instruments("sbi", "gpay", "sbi"), attempt("1"))),
			[]string{"sbi/razorpay technical @1", "gpay/razorpay technical @1"}},
		{"the app hangs with the bank", list(pay("a", pending, 100, 1, instruments("sbi", "gpay"))),
			[]string{"sbi/razorpay timeout @300001", "gpay/razorpay timeout @300001"}},
		{"two hang, the older first", list(
			pay("b", pending, 100, 7, via("stripe")), pay("a", pending, 100, 1, via("adyen"))),
			[]string{"sbi/adyen timeout @300001", "sbi/stripe timeout @300007"}},
	} {
		tt.Run(c.name, func(tt *testing.T) {
			row, effects := applyAll(nil, c.events...)
			end, due := ledger.Due(row, t(1_000_000), ledger.DefaultConfig())
			if diff := cmp.Diff(c.want, attemptsOf(append(effects, due...))); diff != "" {
				tt.Errorf("attempts (-want +got):\n%s", diff)
			}
			if again, more := ledger.Due(end, t(2_000_000), ledger.DefaultConfig()); again != end || more != nil {
				tt.Errorf("a second look: %v", describe(more))
			}
		})
	}
}

// TestPlacesAreBounded: the event that would try the payment at one more place is refused, whatever it says; known
// places go on.
func TestPlacesAreBounded(tt *testing.T) {
	var row *ledger.Row
	for i := range ledger.MaxPlaces {
		row, _ = applyAll(row, pay(fmt.Sprint("e", i), failed, 100, int64(i), via(fmt.Sprint("g", i))))
	}
	row, effects := applyAll(row, pay("x", success, 100, 1000, via("one more")), pay("y", pending, 100, 1000, attempt("one more")))
	want := []string{
		"refuse x row_too_large: the payment was tried at more than 64 places", "journal #65 x rejected 0>0 row_too_large",
		"refuse y row_too_large: the payment was tried at more than 64 places", "journal #66 y rejected 0>0 row_too_large"}
	if diff := cmp.Diff(want, describe(effects)); diff != "" {
		tt.Errorf("beyond the bound (-want +got):\n%s", diff)
	}
	if row, effects = applyAll(row, pay("s", success, 100, 1001, via("g63"))); row.Net() != 100 {
		tt.Errorf("a success at a known place: %v", describe(effects))
	}
	two := func(id, gateway string) *payment.Event {
		return pay(id, failed, 100, 1000, via(gateway), instruments("sbi", "gpay"))
	}
	row, _ = applyAll(nil)
	for i := range ledger.MaxPlaces / 2 {
		row, _ = applyAll(row, two(fmt.Sprint("e", i), fmt.Sprint("g", i)))
	}
	if _, effects = applyAll(row, two("x", "one more"), two("y", "g1")); !strings.Contains(strings.Join(describe(effects), ";"), "x row_too_large") ||
		strings.Contains(strings.Join(describe(effects), ";"), "y row_too_large") {
		tt.Errorf("two places an event: %v", describe(effects))
	}
}

// A pending attempt remembers where it came from, also if the payment has gone on elsewhere: its dead letter is the
// event.
func TestTimeoutNamesItsEvent(tt *testing.T) {
	row, _ := applyAll(nil, pay("a", failed, 100, 1, via("adyen")), pay("s", pending, 120, 2, via("stripe"), attempt("7"), withAttribute))
	_, effects := ledger.Due(row, t(400_000), ledger.DefaultConfig())
	if len(effects) != 1 {
		tt.Fatalf("%v", describe(effects))
	}
	got := effects[0].(ledger.Attempted).Attempt.Event()
	if got.ID != "s" || got.AttemptID != "7" || got.AmountMinor != 120 || got.Gateway != "stripe" || got.Origin.Offset != 2 || len(got.Attributes) != 1 {
		tt.Errorf("%+v", got)
	}
	_, effects = ledger.Due(ledger.Erase(row), t(400_000), ledger.DefaultConfig())
	got = effects[0].(ledger.Attempted).Attempt.Event()
	if got.UserID == "u1" || got.Attributes != nil || got.Origin.Key != nil {
		tt.Errorf("an erased user is back: %+v", got)
	}
}

// seenEvent is a payment event that the ledger took, with the watermark before it.
type seenEvent struct {
	*payment.Event
	watermark instant.Milli
}

// instrumentsAt returns the instruments for which e counts at a place: an attempt id, or an instrument and a gateway.
// None: e is of another place.
func instrumentsAt(e *payment.Event, place string) (list []string) {
	for _, i := range e.HealthInstruments {
		if e.AttemptID != "" && place == "id "+e.AttemptID || e.AttemptID == "" && place == i+" at "+e.Gateway {
			list = append(list, i)
		}
	}
	return list
}

// modelAttempts works every attempt out anew from all events taken: for each place it goes through the log from its
// beginning.
func modelAttempts(log []seenEvent, end instant.Milli) (out []string) {
	places := map[string]bool{}
	for _, e := range log {
		for _, i := range e.HealthInstruments {
			if e.AttemptID != "" {
				places["id "+e.AttemptID] = true
			} else {
				places[i+" at "+e.Gateway] = true
			}
		}
	}
	for place := range places {
		out = append(out, modelPlace(log, end, place)...)
	}
	slices.Sort(out)
	return out
}

func modelPlace(log []seenEvent, end instant.Milli, place string) []string {
	say := func(e *payment.Event, what string, at instant.Milli) (out []string) {
		for _, i := range instrumentsAt(e, place) {
			out = append(out, fmt.Sprintf("%s/%s %s @%d", i, e.Gateway, what, at-day))
		}
		return out
	}
	begun := -1
	hangs := func(until int, watermark instant.Milli) bool {
		if begun < 0 || log[begun].UpdatedAt+300_000 > watermark {
			return false
		}
		for i, e := range log[:until] {
			if e.Status != pending && (e.UpdatedAt > log[begun].UpdatedAt || i > begun && e.UpdatedAt == log[begun].UpdatedAt) {
				return false
			}
		}
		return true
	}
	for i, e := range log {
		if hangs(i, e.watermark) {
			return say(log[begun].Event, "timeout", log[begun].UpdatedAt+300_000)
		}
		switch {
		case instrumentsAt(e.Event, place) == nil:
		case e.Status == pending && begun < 0:
			begun = i
		case e.Status == failed:
			return say(e.Event, "technical", e.UpdatedAt)
		case e.Status == success:
			return say(e.Event, "success", e.UpdatedAt)
		}
		if hangs(i+1, e.watermark) {
			return say(log[begun].Event, "timeout", log[begun].UpdatedAt+300_000)
		}
	}
	if hangs(len(log), end) {
		return say(log[begun].Event, "timeout", log[begun].UpdatedAt+300_000)
	}
	return nil
}

// TestAttemptsOfAnyLog holds the attempts of random logs against the model, with and without a timer for each deadline,
// and sees that money comes out the same as at a single place.
func TestAttemptsOfAnyLog(tt *testing.T) {
	cfg := ledger.DefaultConfig()
	rapid.Check(tt, func(t *rapid.T) {
		var row, timed, single *ledger.Row
		var effects, fired []ledger.Effect
		var log []seenEvent
		watermark := day
		for i := range rapid.IntRange(1, 9).Draw(t, "events") {
			at := rapid.Int64Range(0, 5).Draw(t, "at") * 100_000
			e := pay(fmt.Sprint("e", i), rapid.SampledFrom([]payment.Status{pending, pending, failed, success}).Draw(t, "status"), 100, at,
				via(rapid.SampledFrom([]string{"adyen", "stripe", "payu"}).Draw(t, "gateway")),
				attempt(rapid.SampledFrom([]string{"", "", "1", "2"}).Draw(t, "attempt")),
				instruments(rapid.SampledFrom([][]string{{"sbi"}, {"sbi", "gpay"}, {"gpay"}}).Draw(t, "instruments")...))
			watermark = max(watermark, day+instant.Milli(rapid.Int64Range(0, 9).Draw(t, "watermark")*100_000))
			var next, due []ledger.Effect
			row, next = ledger.Apply(row, e, watermark, cfg)
			timed, due = ledger.Due(timed, watermark, cfg)
			fired = append(fired, due...)
			timed, due = ledger.Apply(timed, e, watermark, cfg)
			effects, fired = append(effects, next...), append(fired, due...)
			one := *e
			one.Gateway, one.AttemptID, one.HealthInstruments = "razorpay", "", []string{"sbi"}
			single, _ = ledger.Apply(single, &one, watermark, cfg)
			if verdict := row.Journal[len(row.Journal)-1].Verdict; verdict != ledger.Rejected {
				log = append(log, seenEvent{e, watermark})
			}
		}
		end := watermark + instant.Milli(rapid.Int64Range(0, 5).Draw(t, "end")*100_000)
		row, due := ledger.Due(row, end, cfg)
		effects = append(effects, due...)
		timed, due = ledger.Due(timed, end, cfg)
		fired = append(fired, due...)
		if diff := cmp.Diff(describe(effects), describe(fired)); diff != "" || !cmp.Equal(row, timed) {
			t.Fatalf("timers make a difference:\n%s", diff)
		}
		got := attemptsOf(effects)
		slices.Sort(got)
		if diff := cmp.Diff(modelAttempts(log, end), got); diff != "" {
			t.Fatalf("attempts (-model +ledger):\n%s", diff)
		}
		if row.Net() != single.Net() || row.Status != single.Status || row.PostingSeq != single.PostingSeq {
			t.Fatalf("net %d %s at several places, %d %s at one", row.Net(), row.Status, single.Net(), single.Status)
		}
	})
}
