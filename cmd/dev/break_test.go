package dev

import (
	"bytes"
	"os"
	"regexp"
	"testing"
	"time"

	healthcodec "github.com/millrace/millrace/codecs/health"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// watcher notes when upi/hdfc as a whole was first down and when it was up again, in event time as people see it: a
// window end plus grace.
type watcher struct {
	grace    time.Duration
	begin    instant.Milli
	before   string // the state as the break began
	down, up instant.Milli
}

func (w *watcher) Closed(*health.WindowRecord) {}

func (w *watcher) Changed(r *health.StatusRecord) {
	if r.Instrument != breakable || r.Gateway != "" || r.State == r.Previous {
		return
	}
	at := r.WindowEnd.Add(w.grace)
	switch {
	case at <= w.begin:
		w.before = r.State.String()
	case r.State == health.Down && w.down == 0:
		w.down = at
	case r.State == health.Up && w.down != 0 && w.up == 0:
		w.up = at
	}
}

// lived replays live traffic of dev through health: attempts as the ledger would make them, in event time alone.
func lived(t *testing.T, start time.Time, rate float64, offset, length time.Duration) *watcher {
	t.Helper()
	s, err := newSource(nil, rate, start.Add(-history), start)
	if err != nil {
		t.Fatal(err)
	}
	settings := health.DefaultSettings()
	w := &watcher{grace: settings.Grace, begin: instant.Of(start.Add(offset)), before: "up"}
	r := backtest.New(settings, w)
	open := map[string]*ledger.Attempt{} // pending, until they time out
	done := map[string]bool{}
	step := func(until time.Time) {
		for record, ok := s.next(until); ok; record, ok = s.next(until) {
			attempt(r, record.Value, instant.Of(until), open, done)
		}
		for id, a := range open {
			if a.At <= instant.Of(until) {
				a.Outcome = ledger.TimedOut
				r.Attempt(a, health.Source{})
				delete(open, id)
			}
		}
		r.Advance(instant.Of(until))
	}
	for now := start.Add(-history); now.Before(start.Add(offset)); now = now.Add(time.Second) {
		step(now)
	}
	begin := start.Add(offset)
	if err := s.breakTraffic(backtest.Outage{
		Mode: outageMode, Instrument: breakable, Begin: instant.Of(begin), End: instant.Of(begin.Add(length)), Success: healthcodec.OutageSuccess,
	}); err != nil {
		t.Fatal(err)
	}
	for now := begin; now.Before(begin.Add(length + 16*time.Minute)); now = now.Add(time.Second) {
		step(now)
	}
	return w
}

// attempt counts the event of a payment of the bank's mode: its first terminal status, or nothing yet.
func attempt(r *backtest.Replay, value []byte, now instant.Milli, open map[string]*ledger.Attempt, done map[string]bool) {
	if !bytes.Contains(value, []byte(breakable)) && !bytes.Contains(value, []byte(outageBank)) { // two banks will do
		return
	}
	in, err := paymentcodec.Payments{}.Decode(value)
	if err != nil {
		return // poison
	}
	n, problem := payment.Normalise(in, payment.Origin{Timestamp: now}, payment.DefaultConfig())
	if problem != nil || n.Event == nil || n.Event.Type != payment.Payment || n.Event.Mode != outageMode || done[n.Event.TransactionID] {
		return
	}
	e := n.Event
	a := &ledger.Attempt{TransactionID: e.TransactionID, Mode: e.Mode, Instrument: e.Instrument, Gateway: e.Gateway, At: e.UpdatedAt}
	switch {
	case e.Status == payment.Pending:
		if open[e.TransactionID] == nil {
			a.At = a.At.Add(5 * time.Minute)
			open[e.TransactionID] = a
		}
		return
	case e.Status == payment.Success:
		a.Outcome = ledger.Succeeded
	case e.Decline == payment.Business:
		a.Outcome = ledger.FailedBusiness
	default:
		a.Outcome = ledger.FailedTechnical
	}
	delete(open, e.TransactionID)
	done[e.TransactionID] = true
	r.Attempt(a, health.Source{})
}

// What README.md prints under "see a bank go down and come back" comes true with the default settings and the default
// traffic of dev, at whatever second of a window the break begins: the bank is down before the break is over, with some
// seconds left to look, and up again within a quarter of an hour after.
func TestTheDemoKeepsItsPromise(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	printed := regexp.MustCompile(`dev break upi/hdfc --for (\S+)`).FindSubmatch(readme)
	if printed == nil {
		t.Fatal("README.md does not say how to break upi/hdfc")
	}
	length, err := time.ParseDuration(string(printed[1]))
	if err != nil || length != BreakFor {
		t.Fatalf("README.md says --for %s, the default is %v", printed[1], BreakFor)
	}
	for seed := range 2 {
		for _, offset := range []time.Duration{0, time.Second, 30 * time.Second, 59 * time.Second} {
			start := time.Date(2026, 3, 1, 10+seed*5, seed, 0, 0, time.UTC)
			w := lived(t, start, DefaultRate, offset, length)
			end := w.begin.Add(length)
			t.Logf("seed %d, at second %v: down after %v, up %v after its end", seed, offset, w.down.Sub(w.begin), w.up.Sub(end))
			if w.before != "up" || w.down == 0 || w.down > end.Add(-10*time.Second) || w.up == 0 || w.up > end.Add(15*time.Minute) {
				t.Errorf("seed %d, at second %v: %+v", seed, offset, w)
			}
		}
	}
}
