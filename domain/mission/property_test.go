package mission

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// history is what happened to one transaction: its postings in order.
type history []*ledger.Posting

func genHistory(t *rapid.T, i int, span time.Duration) history {
	f := facts(fmt.Sprintf("t%d", i), rapid.Int64Range(1, 1000).Draw(t, "amount"), "2026-03-10T00:00:00Z")
	f.CreatedAt += instant.Milli(rapid.Int64Range(0, span.Milliseconds()).Draw(t, "created"))
	f.Merchant = rapid.SampledFrom([]string{"swiggy", "zomato", ""}).Draw(t, "merchant")
	f.Currency = rapid.SampledFrom([]string{"INR", "INR", "INR", "USD"}).Draw(t, "currency")
	h := history{settled(f)}
	for range rapid.IntRange(0, 3).Draw(t, "moves") {
		last := h[len(h)-1]
		h = append(h, moved(last, rapid.Int64Range(0, f.AmountMinor).Draw(t, "net")))
	}
	return h
}

// interleave merges the histories in a drawn order that keeps each one's own, and repeats some postings later on.
func interleave(t *rapid.T, histories []history) []*ledger.Posting {
	rest := slices.Clone(histories)
	var out []*ledger.Posting
	for len(rest) > 0 {
		i := rapid.IntRange(0, len(rest)-1).Draw(t, "next")
		out = append(out, rest[i][0])
		if rest[i] = rest[i][1:]; len(rest[i]) == 0 {
			rest = slices.Delete(rest, i, i+1)
		}
		if rapid.IntRange(0, 4).Draw(t, "again") == 0 {
			out = append(out, out[rapid.IntRange(0, len(out)-1).Draw(t, "which")])
		}
	}
	return out
}

// model is the dumb way: look at the end of every history.
func model(c *Compiled, histories []history) int64 {
	sum := int64(0)
	for _, h := range histories {
		f := h[0].Facts
		net := h[len(h)-1].NetAfter
		m := c.Mission()
		counts := f.Currency == m.Currency && (len(m.Filters) == 0 || f.Merchant == "swiggy")
		for _, p := range c.pauses {
			counts = counts && !(f.CreatedAt >= p.From && (p.To == 0 || f.CreatedAt < p.To))
		}
		if !counts || net == 0 {
			continue
		}
		switch {
		case m.Goal.Metric == MetricCount:
			sum++
		case m.Goal.PerEventCap > 0:
			sum += min(net, m.Goal.PerEventCap)
		default:
			sum += net
		}
	}
	return sum
}

func propertyMissions() []Mission {
	amount := everything("amount", MetricAmount, 700)
	amount.Limits.CompletionsPerUser = 3
	count := everything("count", MetricCount, 2)
	count.Limits.CompletionsPerUser = 0
	capped := everything("capped", MetricAmount, 300)
	capped.Goal.PerEventCap = 250
	capped.Filters = []Filter{where("merchant", Eq, text("swiggy"))}
	return []Mission{amount, count, capped}
}

type ledgerOfOutcomes map[string]int64

func (l ledgerOfOutcomes) take(t *rapid.T, effects []Effect) (credits int64) {
	for _, e := range effects {
		switch e := e.(type) {
		case Credit:
			credits += e.Minor
		case *Outcome:
			if e.Kind == Completed {
				l[e.Mission]++
			}
			if e.Iteration != l[e.Mission] {
				t.Fatalf("%s iteration %d of %s while %d are in force", e.Kind, e.Iteration, e.Mission, l[e.Mission])
			}
			if e.Kind == Revoked {
				l[e.Mission]--
			}
		}
	}
	return credits
}

func check(t *rapid.T, row *UserRow, s *Snapshot, histories []history, outcomes ledgerOfOutcomes) {
	for _, c := range s.Missions() {
		want := model(c, histories)
		v, _ := ViewOf(row, "u1", c.ID(), s, DefaultConfig())
		if v.Progress != want {
			t.Fatalf("%s: progress %d, model %d", c.ID(), v.Progress, want)
		}
		limit := c.Mission().Limits.CompletionsPerUser
		if limit == 0 {
			limit = MaxCompletions
		}
		if completions := min(limit, want/c.Mission().Goal.Target); v.Completions != completions || outcomes[c.ID()] != completions {
			t.Fatalf("%s: %d completions, outcomes say %d, model %d", c.ID(), v.Completions, outcomes[c.ID()], completions)
		}
	}
	net := map[string]int64{}
	for _, h := range histories {
		net[h[0].Currency] += h[len(h)-1].NetAfter
	}
	for _, r := range row.Received {
		if r.Net.Int64() != net[r.Currency] {
			t.Fatalf("received %s %d, want %d", r.Currency, r.Net.Int64(), net[r.Currency])
		}
	}
}

func genHistories(t *rapid.T, span time.Duration) []history {
	histories := make([]history, rapid.IntRange(1, 12).Draw(t, "transactions"))
	for i := range histories {
		histories[i] = genHistory(t, i, span)
	}
	return histories
}

// Over any span of time, with the missions known from the start, order and repetition do not matter.
func TestProgressDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		histories := genHistories(t, 5*24*time.Hour)
		s := NewSnapshot(compileAll(propertyMissions()))
		var row *UserRow
		outcomes := ledgerOfOutcomes{}
		for _, p := range interleave(t, histories) {
			before := cloneRow(row)
			next, effects := Apply(row, p, s, DefaultConfig())
			if diff := cmp.Diff(before, row); diff != "" {
				t.Fatal("the old row has changed: " + diff)
			}
			outcomes.take(t, effects)
			row = next
		}
		check(t, row, s, histories, outcomes)
	})
}

// Within the horizon, missions may become known, be paused and resumed at any moment between the postings.
func TestProgressDoesNotDependOnWhenMissionsAreKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		histories := genHistories(t, 20*time.Hour)
		postings := interleave(t, histories)
		all := propertyMissions()
		known := map[int]History{}
		var row *UserRow
		outcomes := ledgerOfOutcomes{}
		current := func() *Snapshot {
			var list []*Plan
			for i := range all {
				if v, ok := known[i]; ok {
					c, _ := Compile(&v)
					list = append(list, c)
				}
			}
			return NewSnapshot(list)
		}
		for _, p := range postings {
			i := rapid.IntRange(0, 2*len(all)).Draw(t, "change")
			if i < len(all) {
				known[i] = change(t, known[i], all[i])
			}
			var effects []Effect
			row, effects = Apply(row, p, current(), DefaultConfig())
			outcomes.take(t, effects)
		}
		for i := range all {
			if _, ok := known[i]; !ok {
				known[i] = NewHistory(all[i], at("2026-03-10T00:00:00Z"))
			}
		}
		s := current()
		row, effects := Apply(row, postings[len(postings)-1], s, DefaultConfig()) // a repeated posting touches the row
		outcomes.take(t, effects)
		check(t, row, s, histories, outcomes)
	})
}

// change creates, pauses or resumes a mission.
func change(t *rapid.T, v History, m Mission) History {
	when := at("2026-03-10T00:00:00Z").Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "hour")) * time.Hour)
	switch v.Status {
	case Active:
		return v.WithStatus(Paused, when)
	case Paused:
		return v.WithStatus(Active, when)
	default:
		return NewHistory(m, at("2026-03-01T00:00:00Z"))
	}
}

func compileAll(missions []Mission) []*Plan {
	out := make([]*Plan, len(missions))
	for i, m := range missions {
		v := NewHistory(m, at("2026-03-01T00:00:00Z"))
		out[i], _ = Compile(&v)
	}
	return out
}

func cloneRow(row *UserRow) *UserRow {
	if row == nil {
		return nil
	}
	next := *row
	next.States = nil
	for _, s := range row.States {
		copied := *s
		copied.Late = slices.Clone(s.Late)
		next.States = append(next.States, &copied)
	}
	next.Recent = nil
	for _, r := range row.Recent {
		copied := *r
		next.Recent = append(next.Recent, &copied)
	}
	next.Old = slices.Clone(row.Old)
	next.Received = slices.Clone(row.Received)
	return &next
}

// However missions are indexed, a payment meets those that it counts for.
func TestCandidatesMissNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var missions []Mission
		for i := range rapid.IntRange(1, 8).Draw(t, "missions") {
			m := everything(fmt.Sprint("m", i), MetricAmount, 1)
			for range rapid.IntRange(0, 3).Draw(t, "filters") {
				id := rapid.SampledFrom([]string{"merchant", "mode", "category", "attributes.card", "amount", "attributes.n"}).Draw(t, "id")
				op := rapid.SampledFrom([]Operator{Eq, In, Ne}).Draw(t, "op")
				values := []Value{text("swiggy"), text("swiggy"), text("food"), text("famcard"), text("upi")}
				if id == "amount" || id == "attributes.n" {
					values = []Value{num("100"), num("12.5")}[:1+len(id)/7]
				}
				if id == "amount" {
					values = values[:1]
				}
				m.Filters = append(m.Filters, where(id, op, values...))
			}
			missions = append(missions, m)
		}
		s := NewSnapshot(compileAll(missions))
		f := facts("t", 100, "2026-03-10T00:00:00Z")
		f.Merchant = rapid.SampledFrom([]string{"swiggy", "food", ""}).Draw(t, "merchant")
		found := s.candidates(nil, &f)
		for i, c := range s.missions {
			n := 0
			for _, j := range found {
				if int(j) == i {
					n++
				}
			}
			if n > 1 || n == 0 && c.Judge(&f) == Counted {
				t.Fatalf("%v is met %d times", c.Mission().Filters, n)
			}
		}
	})
}

func TestTotalAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.Int64(), 1, 20).Draw(t, "parts")
		sum := Total{}
		for _, p := range parts {
			sum = sum.Add(p)
		}
		back := sum
		for _, p := range parts {
			back = back.Minus(TotalOf(p))
		}
		if back != (Total{}) {
			t.Fatalf("%+v is left", back)
		}
		compareBig(t, sum, parts)
	})
}
