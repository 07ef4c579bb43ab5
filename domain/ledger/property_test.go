package ledger_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
)

// drawEvents draws the events of one transaction. calm leaves out what may depend on log order (docs/design.md, section
// 9): reversals may not exceed the payment in any order, successes agree, ids are used once, users and currencies
// agree, "all that remains" (judged when it applies) is absent.
func drawEvents(t *rapid.T, calm bool) []*payment.Event {
	statuses := rapid.SampledFrom([]payment.Status{pending, failed, success})
	n := rapid.IntRange(0, 14).Draw(t, "events")
	amount := rapid.SampledFrom([]int64{90, money.Max}).Draw(t, "amount")
	var events []*payment.Event
	for i := range n {
		id := fmt.Sprint("e", i)
		at := rapid.Int64Range(0, 6).Draw(t, "at")
		status := statuses.Draw(t, "status")
		if !calm {
			id = fmt.Sprint("e", rapid.IntRange(0, n).Draw(t, "id"))
		}
		var changes []change
		if !calm && rapid.IntRange(0, 9).Draw(t, "foreign") == 0 {
			changes = append(changes, in("USD"))
		}
		if !calm && rapid.IntRange(0, 9).Draw(t, "another") == 0 {
			changes = append(changes, by("u2"))
		}
		if rapid.IntRange(0, 3).Draw(t, "payment") == 0 {
			if !calm {
				amount = rapid.SampledFrom([]int64{1, 90, 100, money.Max}).Draw(t, "amount")
			}
			events = append(events, pay("p"+id, status, amount, at, changes...))
			continue
		}
		reversal := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "reversal")
		parts := rapid.SampledFrom([]int64{0, 1, 30, 60, 90, money.Max})
		if calm {
			parts = rapid.Int64Range(1, amount/3)
		}
		part := parts.Draw(t, "part")
		events = append(events, rev("r"+id, reversal, status, part, at, changes...))
	}
	return events
}

// calmNet is the model for calm events: the success less, per reversal, the amount of its newest event if that is a
// success.
func calmNet(events []*payment.Event) int64 {
	newest := map[string]*payment.Event{}
	rank := map[payment.Status]int{pending: 1, success: 2, failed: 3}
	var net int64
	for _, e := range events {
		if e.Type == payment.Payment {
			if e.Status == success {
				net = e.AmountMinor
			}
			continue
		}
		old := newest[e.ReversalID]
		if old == nil || fmt.Sprint(e.UpdatedAt, rank[e.Status], e.ID) > fmt.Sprint(old.UpdatedAt, rank[old.Status], old.ID) {
			newest[e.ReversalID] = e
		}
	}
	if net == 0 {
		return 0
	}
	for _, e := range newest {
		if e.Status == success {
			net -= e.AmountMinor
		}
	}
	return net
}

func TestNetDoesNotDependOnOrderOrDuplication(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		events := drawEvents(t, true)
		want := calmNet(events)
		again := append(events[:len(events):len(events)], rapid.SliceOfN(rapid.SampledFrom(append(events, pay("x", pending, 1, 0))), 0, 5).Draw(t, "again")...)
		row, effects := applyAll(nil, rapid.Permutation(again).Draw(t, "order")...)
		if row.Net() != want {
			t.Fatalf("net %d, model %d", row.Net(), want)
		}
		for _, effect := range effects {
			if r, ok := effect.(ledger.Refused); ok && r.Reason != payment.StatusRegression {
				t.Fatalf("refused %s: %s %s", r.Event.ID, r.Reason, r.Detail)
			}
		}
	})
}

// ledgerModel folds one transaction in the plainest way: it keeps every event ever taken and works the state out anew.
type ledgerModel struct {
	currency string
	user     string
	settled  int64
	taken    map[string]string // event id -> content
	order    []*payment.Event  // reversal events taken
	amounts  map[string]int64  // of taken reversal events, resolved
	at       instant.Milli     // newest success
}

func (m *ledgerModel) winner(reversal string) *payment.Event {
	var best *payment.Event
	rank := map[payment.Status]int{pending: 1, success: 2, failed: 3}
	for _, e := range m.order {
		if _, known := m.amounts[e.ID]; !known || e.ReversalID != reversal {
			continue
		}
		if best == nil || e.UpdatedAt > best.UpdatedAt || e.UpdatedAt == best.UpdatedAt &&
			(rank[e.Status] > rank[best.Status] || e.Status == best.Status && e.ID > best.ID) {
			best = e
		}
	}
	return best
}

func (m *ledgerModel) net(without string) int64 {
	net, done := m.settled, map[string]bool{without: true}
	for _, e := range m.order {
		if w := m.winner(e.ReversalID); !done[e.ReversalID] && w != nil && w.Status == success {
			net -= m.amounts[w.ID]
		}
		done[e.ReversalID] = true
	}
	return net
}

func (m *ledgerModel) reverse(e *payment.Event) {
	m.order = append(m.order, e)
	m.amounts[e.ID] = e.AmountMinor
	if m.winner(e.ReversalID) != e || e.Status != success {
		return
	}
	left := m.net(e.ReversalID)
	if e.AmountMinor == 0 {
		m.amounts[e.ID] = left
	}
	if left == 0 || e.AmountMinor > left {
		delete(m.amounts, e.ID)
		delete(m.taken, e.ID)
		m.order = m.order[:len(m.order)-1] // the last one is e
	}
}

func (m *ledgerModel) own(e *payment.Event) bool {
	return e.Currency == m.currency && e.UserID == m.user
}

func (m *ledgerModel) apply(e *payment.Event) {
	body, _ := json.Marshal(e)
	if _, known := m.taken[e.ID]; known || m.currency != "" && !m.own(e) {
		return
	}
	if e.Type == payment.Payment && e.Status == failed && m.settled > 0 && e.UpdatedAt > m.at {
		return
	}
	m.taken[e.ID] = string(body)
	if e.Type == payment.Reversal {
		if m.settled > 0 {
			m.reverse(e)
		} else {
			m.order = append(m.order, e)
		}
		return
	}
	m.currency, m.user = e.Currency, e.UserID
	var waiting []*payment.Event
	for _, w := range m.order {
		if m.own(w) {
			waiting = append(waiting, w)
		} else {
			delete(m.taken, w.ID)
		}
	}
	if e.Status != success {
		if m.settled == 0 {
			m.order = waiting
		}
		return
	}
	m.at = max(m.at, e.UpdatedAt)
	if m.settled == 0 {
		m.settled, m.order = e.AmountMinor, nil
		for _, w := range waiting {
			m.reverse(w)
		}
	}
}

// copyOf lets a test see whether a row was written to.
func copyOf(t *rapid.T, row *ledger.Row) *ledger.Row {
	raw, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	var c *ledger.Row
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnyEvents(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		model := &ledgerModel{taken: map[string]string{}, amounts: map[string]int64{}}
		var row *ledger.Row
		var posted int64
		attempts := 0
		for i, e := range drawEvents(t, false) {
			before := copyOf(t, row)
			next, effects := ledger.Apply(row, e, 0, ledger.DefaultConfig())
			if diff := cmp.Diff(before, copyOf(t, row)); diff != "" {
				t.Fatalf("Apply wrote to the old row:\n%s", diff)
			}
			if again, same := ledger.Apply(row, e, 0, ledger.DefaultConfig()); !cmp.Equal(next, again) || !cmp.Equal(effects, same) {
				t.Fatalf("Apply is not a function of its arguments:\n%s", cmp.Diff(next, again))
			}
			model.apply(e)
			entries := 0
			for _, effect := range effects {
				switch x := effect.(type) {
				case ledger.Posted:
					if x.Posting.UserID != model.user {
						t.Fatalf("posting %+v of a transaction of %s", x.Posting, model.user)
					}
					if x.Posting.NetBefore != posted || x.Posting.NetAfter < 0 || x.Posting.NetAfter > next.Facts.AmountMinor {
						t.Fatalf("posting %+v after net %d", x.Posting, posted)
					}
					posted = x.Posting.NetAfter
				case ledger.Attempted:
					attempts++
				case ledger.Journalled:
					entries++
				}
			}
			row = next
			if row.Net() != posted || posted != model.net("") {
				t.Fatalf("event %d: net %d, sum of postings %d, model %d", i, row.Net(), posted, model.net(""))
			}
			if entries == 0 || attempts > 1 {
				t.Fatalf("event %d: %d journal entries, %d attempts", i, entries, attempts)
			}
			checkIdempotent(t, row, e)
		}
	})
}

// checkIdempotent applies e a second time: nothing but the journal may change.
func checkIdempotent(t *rapid.T, row *ledger.Row, e *payment.Event) {
	next, effects := ledger.Apply(row, e, 0, ledger.DefaultConfig())
	if next.Net() != row.Net() || next != nil && len(next.Events) != len(row.Events) {
		t.Fatalf("a second %s moved net from %d to %d", e.ID, row.Net(), next.Net())
	}
	for _, effect := range effects {
		switch effect.(type) {
		case ledger.Journalled, ledger.Refused:
		default:
			t.Fatalf("a second %s: %v", e.ID, describe(effects))
		}
	}
}

// A reversal before its payment comes to the same as one after it, whatever the reversals are.
func TestWaitingMakesNoDifference(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		events := drawEvents(t, false)
		var payments, reversals []*payment.Event
		for _, e := range events {
			if e.Type == payment.Payment {
				payments = append(payments, e)
			} else {
				reversals = append(reversals, e)
			}
		}
		// Ids used twice are left out: with the payment first, an event refused frees its id for the next of that id,
		// which otherwise is refused as its conflict.
		used := map[string]bool{}
		for i := 0; i < len(reversals); i++ {
			if used[reversals[i].ID] {
				reversals = append(reversals[:i:i], reversals[i+1:]...)
				i--
				continue
			}
			used[reversals[i].ID] = true
		}
		first, _ := applyAll(nil, append(append([]*payment.Event{}, payments...), reversals...)...)
		mixed := append([]*payment.Event{}, payments...)
		where := 0
		for _, e := range reversals {
			where = rapid.IntRange(where, len(mixed)).Draw(t, "where")
			mixed = append(mixed[:where:where], append([]*payment.Event{e}, mixed[where:]...)...)
			where++
		}
		then, _ := applyAll(nil, mixed...)
		if first.Net() != then.Net() {
			t.Fatalf("net %d with the payment first, %d with reversals waiting", first.Net(), then.Net())
		}
	})
}

func TestKeyRoundTrip(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab/%25F ")), 0, 6, -1)
		a := &ledger.Attempt{Mode: text.Draw(t, "mode"), Instrument: text.Draw(t, "instrument"), Gateway: text.Draw(t, "gateway")}
		mode, instrument, gateway, ok := ledger.ParseKey(a.Key())
		if !ok || mode != a.Mode || instrument != a.Instrument || gateway != a.Gateway {
			t.Fatalf("%q: %q %q %q %v", a.Key(), mode, instrument, gateway, ok)
		}
	})
	for _, bad := range []string{"", "upi", "upi/sbi", "upi/sbi/g/x", "upi/s%2/g", "upi/s%41i/g", "%/b/c", "a/b/c%"} {
		if _, _, _, ok := ledger.ParseKey(bad); ok {
			tt.Errorf("parsed %q", bad)
		}
	}
	if key := (&ledger.Attempt{Mode: "net_banking", Instrument: "a/b", Gateway: "5%"}).Key(); key != "net_banking/a%2Fb/5%25" {
		tt.Error(key)
	}
}
