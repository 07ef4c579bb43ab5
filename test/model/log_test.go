package model

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"testing"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/oracle"
)

const noon = instant.Milli(1_772_366_400_000) // 2026-03-01T12:00:00Z

// log writes records as the pipeline does.
type log struct {
	t      *testing.T
	fold   *Fold
	newest instant.Milli
	offset int64
}

func newLog(t *testing.T, missions ...string) *log {
	t.Helper()
	var list []oracle.Mission
	for _, text := range missions {
		var m oracle.Mission
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	f, err := New(list...)
	if err != nil {
		t.Fatal(err)
	}
	return &log{t: t, fold: f}
}

func (l *log) add(e payment.Event) {
	l.t.Helper()
	e.Origin = payment.Origin{Topic: "payments", Partition: 2, Offset: l.offset, Timestamp: noon}
	l.offset++
	b, err := paymentcodec.Event{}.Encode(&e)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.fold.Add(0, b); err != nil {
		l.t.Fatal(err)
	}
	l.newest = max(l.newest, e.UpdatedAt)
	if err := l.fold.now(l.newest); err != nil {
		l.t.Fatal(err)
	}
}

// pay is a payment of txn t at noon + at seconds.
func pay(id string, s payment.Status, at instant.Milli, amount int64) payment.Event {
	e := payment.Event{ID: id, Type: payment.Payment, Status: s, UpdatedAt: noon + at*1000, Fingerprint: uint64(amount), HealthInstruments: []string{"sbi"}}
	e.Facts = payment.Facts{
		TransactionID: "t", UserID: "u", AmountMinor: amount, Currency: "INR", Mode: "upi", Instrument: "sbi", Gateway: "razorpay",
		Labels: payment.Labels{payment.Merchant: "swiggy"}, CreatedAt: noon + at*1000,
	}
	if s == payment.Failed {
		e.Decline = payment.Technical
	}
	return e
}

func named(user string, e payment.Event) payment.Event {
	e.UserID = user
	return e
}

func reverse(id, reversal string, s payment.Status, at instant.Milli, amount int64) payment.Event {
	e := pay(id, s, at, amount)
	e.Type, e.ReversalID = payment.Reversal, reversal
	return e
}

func TestTransactions(t *testing.T) {
	cases := []struct {
		name    string
		log     []payment.Event
		want    Transaction
		refused string // "offset reason" in order
		posted  string // nets after
		attempt string
	}{
		{"settles once", []payment.Event{pay("a", payment.Pending, 0, 100), pay("b", payment.Success, 1, 100), pay("c", payment.Success, 2, 120)},
			Transaction{"success", 100, 0, 100, 0}, "", "100", "success"},
		{"late authorisation", []payment.Event{pay("a", payment.Failed, 0, 100), pay("b", payment.Success, 1, 100)},
			Transaction{"success", 100, 0, 100, 0}, "", "100", "technical"},
		{"stale failure", []payment.Event{pay("a", payment.Success, 5, 100), pay("b", payment.Failed, 5, 100)},
			Transaction{"success", 100, 0, 100, 0}, "", "100", "success"},
		{"regression", []payment.Event{pay("a", payment.Success, 5, 100), pay("b", payment.Failed, 6, 100), pay("b", payment.Failed, 6, 100)},
			Transaction{"success", 100, 0, 100, 0}, "1 status_regression, 2 status_regression", "100", "success"},
		{"duplicates", []payment.Event{pay("a", payment.Success, 0, 100), pay("a", payment.Success, 0, 100), pay("a", payment.Success, 0, 101)},
			Transaction{"success", 100, 0, 100, 0}, "2 conflicting_duplicate", "100", "success"},
		{"partial reversals", []payment.Event{pay("a", payment.Success, 0, 100), reverse("b", "r", payment.Success, 1, 60),
			reverse("c", "s", payment.Success, 2, 41), reverse("d", "q", payment.Success, 3, 0)},
			Transaction{"success", 100, 100, 0, 0}, "2 over_reversal", "100 40 0", "success"},
		{"a reversal fails", []payment.Event{pay("a", payment.Success, 0, 100), reverse("b", "r", payment.Success, 1, 60),
			reverse("c", "r", payment.Failed, 1, 60), reverse("d", "r", payment.Success, 1, 60)},
			Transaction{"success", 100, 0, 100, 0}, "", "100 40 100", "success"},
		{"early reversal", []payment.Event{reverse("b", "r", payment.Success, 1, 60), reverse("c", "s", payment.Success, 1, 60), pay("a", payment.Success, 0, 100)},
			Transaction{"success", 100, 60, 40, 0}, "1 over_reversal", "100 40", "success"},
		{"reversal alone", []payment.Event{reverse("b", "r", payment.Success, 1, 60)},
			Transaction{"", 0, 0, 0, 1}, "", "", ""},
		{"hangs", []payment.Event{pay("a", payment.Pending, 0, 100), pay("b", payment.Pending, 300, 100), pay("c", payment.Success, 299, 100)},
			Transaction{"success", 100, 0, 100, 0}, "", "100", "timeout"},
		{"just in time", []payment.Event{pay("a", payment.Pending, 0, 100), pay("b", payment.Pending, 299, 100), pay("c", payment.Success, 400, 100)},
			Transaction{"success", 100, 0, 100, 0}, "", "100", "success"},
		{"other currency", []payment.Event{pay("a", payment.Success, 0, 100), func() payment.Event {
			e := reverse("b", "r", payment.Success, 1, 60)
			e.Currency = "USD"
			return e
		}()}, Transaction{"success", 100, 0, 100, 0}, "1 currency_mismatch", "100", "success"},
		{"other user", []payment.Event{named("v", reverse("r", "r", payment.Success, 0, 10)), pay("a", payment.Pending, 0, 100),
			named("v", pay("b", payment.Success, 1, 200)), pay("c", payment.Success, 2, 100), named("v", reverse("d", "s", payment.Success, 3, 10))},
			Transaction{"success", 100, 0, 100, 0}, "0 conflicting_duplicate, 2 conflicting_duplicate, 4 conflicting_duplicate", "100", "success"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := newLog(t)
			for _, e := range c.log {
				l.add(e)
			}
			r := l.fold.Result()
			if got := r.Transactions["t"]; got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			want := refusals(c.refused)
			if d := diff("dead letter", want, r.DeadLetters); len(d) > 0 {
				t.Error(d)
			}
			var nets []string
			for _, p := range r.Postings["t"] {
				nets = append(nets, strconv.FormatInt(p.After, 10))
			}
			if got := strings.Join(nets, " "); got != c.posted {
				t.Errorf("posted %s, want %s", got, c.posted)
			}
			if got := r.Attempts[AttemptKey{"t", "sbi", "upi/razorpay"}].Outcome; got != c.attempt {
				t.Errorf("attempt %q, want %q", got, c.attempt)
			}
		})
	}
}

// refusals reads "offset reason, …".
func refusals(s string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split(s, ", ") {
		if offset, reason, ok := strings.Cut(part, " "); ok {
			out["payments-2-"+offset] = reason
		}
	}
	return out
}

func TestMissionsAndWindows(t *testing.T) {
	l := newLog(t,
		`{"id":"amount","currency":"INR","goal":{"metric":"amount","target":100,"per_event_cap":80},
		  "filters":[{"id":"amount","operator":"gte","values":50},{"id":"merchant","operator":"in","values":["swiggy","zomato"]}],
		  "window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-02"},"time_zone":"Asia/Kolkata","limits":{"completions_per_user":2}}`,
		`{"id":"count","currency":"INR","goal":{"metric":"count","target":2},
		  "window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-02"},"time_zone":"Asia/Kolkata"}`,
		`{"id":"over","currency":"INR","goal":{"metric":"count","target":1},
		  "window":{"kind":"fixed","from":"2026-02-01","to":"2026-03-01"},"time_zone":"Asia/Kolkata"}`)
	for i, amount := range []int64{100, 49, 60, 200} {
		e := pay("a", payment.Success, instant.Milli(i)*30, amount)
		e.TransactionID = string(rune('p' + i))
		l.add(e)
	}
	back := reverse("b", "r", payment.Success, 100, 0)
	back.TransactionID = "p"
	l.add(back)
	r := l.fold.Result()
	want := map[oracle.ProgressKey]oracle.Progress{
		{User: "u", Mission: "amount", Version: 1, Start: noon - 63_000_000}: {Progress: 140, Completions: 1, Outcomes: 1}, // from 18:30 UTC the day before
		{User: "u", Mission: "count", Version: 1, Start: noon - 63_000_000}:  {Progress: 3, Completions: 1, Outcomes: 1},
	}
	if d := diff("progress", want, r.Progress); len(d) > 0 {
		t.Error(strings.Join(d, "\n"))
	}
	if d := diff("window", map[Window]Counts{
		{"upi", "sbi", "razorpay", noon}:          {Success: 2},
		{"upi", "sbi", "razorpay", noon + 60_000}: {Success: 2},
	}, r.Windows); len(d) > 0 {
		t.Error(strings.Join(d, "\n"))
	}
	if got := r.Sums()["INR"]; got != 309 {
		t.Errorf("sum %d", got)
	}
}

func TestCompareNamesEveryDifference(t *testing.T) {
	l := newLog(t)
	l.add(pay("a", payment.Success, 0, 100))
	want, got := l.fold.Result(), newResult()
	if d := Compare(want, want); len(d) > 0 {
		t.Fatalf("differs from itself: %v", d)
	}
	got.DeadLetters["payments-0-1"] = "malformed"
	text := strings.Join(Compare(want, got), "\n")
	for _, word := range []string{"transaction t: missing", "dead letter payments-0-1", "postings of t", "money INR", "attempt", "window"} {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in:\n%s", word, text)
		}
	}
}

// TestAttemptsAtPlaces: one verdict for each place, by hand.
func TestAttemptsAtPlaces(t *testing.T) {
	by := func(gateway, attempt string, e payment.Event) payment.Event {
		e.Gateway, e.AttemptID = gateway, attempt
		return e
	}
	l := newLog(t)
	for _, e := range []payment.Event{
		by("adyen", "", pay("a", payment.Failed, 0, 100)),
		by("stripe", "", pay("b", payment.Pending, 1, 100)), // hangs until it fails below, too late
		by("payu", "", pay("c", payment.Pending, 1, 100)),   // hangs
		by("payu", "x", pay("d", payment.Pending, 302, 100)),
		by("stripe", "", pay("e", payment.Failed, 303, 100)), // ends x, without a verdict
		by("payu", "y", pay("f", payment.Success, 700, 100)),
		by("payu", "z", pay("g", payment.Success, 701, 100)),
	} {
		l.add(e)
	}
	r := l.fold.Result()
	got := map[string]string{}
	for k, a := range r.Attempts {
		got[k.Place] = a.Outcome
	}
	want := map[string]string{"upi/adyen": "technical", "upi/stripe": "timeout", "upi/payu": "timeout", "#y": "success", "#z": "success"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if s := r.Transactions["t"]; s.Net != 100 || len(r.Postings["t"]) != 1 {
		t.Errorf("%+v, posted %v", s, r.Postings["t"])
	}
}
