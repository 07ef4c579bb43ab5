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
	"github.com/millrace/millrace/domain/payment"
)

// history is what happened to one transaction: its postings in order.
type history []*ledger.Posting

// The begin of all that is drawn: clocks in Berlin go forward within the first day after it.
const noon = "2026-03-28T12:00:00Z"

func genTime(t *rapid.T, span time.Duration, label string) instant.Milli {
	// Coarse enough for things to happen at the same time.
	return at(noon) + instant.Milli(rapid.Int64Range(0, int64(span/(10*time.Minute))).Draw(t, label)*600_000)
}

func genHistory(t *rapid.T, i int, span time.Duration) history {
	f := facts(fmt.Sprintf("t%d", i), rapid.Int64Range(1, 1000).Draw(t, "amount"), noon)
	f.CreatedAt = genTime(t, span, "created")
	f.Labels[payment.Merchant] = rapid.SampledFrom([]string{"swiggy", "zomato", ""}).Draw(t, "merchant")
	f.Currency = rapid.SampledFrom([]string{"INR", "INR", "INR", "USD"}).Draw(t, "currency")
	h := history{settled(f)}
	for range rapid.IntRange(0, 3).Draw(t, "moves") {
		last := h[len(h)-1]
		h = append(h, moved(last, rapid.Int64Range(0, f.AmountMinor).Draw(t, "net")))
	}
	return h
}

func genWorld(t *rapid.T, span time.Duration) world {
	w := world{histories: make([]history, rapid.IntRange(1, 12).Draw(t, "transactions"))}
	for i := range w.histories {
		w.histories[i] = genHistory(t, i, span)
	}
	return w
}

// genDefinition draws a goal and a window.
func genDefinition(t *rapid.T, id, enrolment string, windows ...string) Mission {
	m := everything(id, rapid.SampledFrom([]string{MetricAmount, MetricCount, MetricDistinct, MetricStreak}).Draw(t, "metric"), 2)
	m.Enrolment = enrolment
	m.TimeZone = rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "Asia/Kolkata"}).Draw(t, "zone")
	m.Window.From, m.Window.To = "2026-03-28T14:00:00Z", "2026-04-10T00:00:00Z"
	m.Limits.CompletionsPerUser = rapid.Int64Range(0, 3).Draw(t, "limit")
	switch m.Goal.Metric {
	case MetricAmount:
		m.Goal.Target = rapid.Int64Range(100, 1500).Draw(t, "target")
		m.Goal.PerEventCap = rapid.SampledFrom([]int64{0, 250}).Draw(t, "cap")
	case MetricDistinct:
		m.Goal.Field = "merchant"
	case MetricStreak:
		m.Goal.Target = 1
	}
	if rapid.Bool().Draw(t, "filtered") {
		m.Filters = []Filter{where("merchant", Eq, text(rapid.SampledFrom([]string{"swiggy", "zomato"}).Draw(t, "at")))}
	}
	switch kind := rapid.SampledFrom(windows).Draw(t, "window"); kind {
	case WindowFixed:
	case WindowPerUser:
		m.Window = Window{Kind: kind, Duration: 6 * time.Hour, Start: rapid.SampledFrom([]string{"", startFirstPayment}).Draw(t, "start")}
	default:
		m.Window = Window{Kind: WindowRecurring, Every: kind}
	}
	return m
}

// genMission draws the past of a mission, in states one after the other: what is known of it at first, and what later.
func genMission(t *rapid.T, i int, span time.Duration) []History {
	id := fmt.Sprint("m", i)
	enrolment := rapid.SampledFrom([]string{AutomaticEnrolment, OptIn, "both"}).Draw(t, "enrolment")
	windows := []string{WindowFixed, EveryDay, EveryWeek, EveryMonth, WindowPerUser}
	define := func() Mission {
		of := enrolment
		if of == "both" {
			of = rapid.SampledFrom([]string{AutomaticEnrolment, OptIn}).Draw(t, "of version")
		}
		m := genDefinition(t, id, of, windows...)
		if enrolment == AutomaticEnrolment && rapid.IntRange(0, 3).Draw(t, "segmented") == 0 {
			m.Audience.Segments = []string{"vip"}
		}
		return m
	}
	states := []History{NewHistory(define(), at(noon))}
	for range rapid.IntRange(0, 4).Draw(t, "changes") {
		last, when := states[len(states)-1], genTime(t, span, "when")
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			if last.Status == Active {
				last = last.WithStatus(Paused, when)
			} else {
				last = last.WithStatus(Active, when)
			}
		case 1:
			if enrolment == AutomaticEnrolment {
				states = append(states, last.WithStatus(Ended, when))
				return states
			}
		default:
			last, _ = last.WithVersion(define(), when, at(noon), true)
		}
		states = append(states, last)
	}
	return states
}

// knowledge is what the row's process knows of missions so far.
type knowledge struct {
	missions [][]History
	upTo     []int  // of each: how many states have been seen; 0 none
	index    *Index // that follows; nil: one is made each time, as by a process that has just begun
}

func (k *knowledge) snapshot() *Snapshot {
	x := k.index
	if x == nil {
		x = NewIndex()
	}
	for i, n := range k.upTo {
		if n > 0 {
			if problems := x.Put(fmt.Sprint(i), &k.missions[i][n-1]); problems != nil {
				panic(problems)
			}
		}
	}
	return x.Snapshot()
}

func (k *knowledge) final() []*History {
	out := make([]*History, len(k.missions))
	for i, states := range k.missions {
		k.upTo[i] = len(states)
		out[i] = &states[len(states)-1]
	}
	return out
}

// Within the horizon all of it may come in any order, and twice: payments and their reversals, enrolments and
// withdrawals, segments; and missions may become known, be edited, paused and ended at any moment in between.
func TestProgressIsWhatTheModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const span = 20 * time.Hour
		w := genWorld(t, span)
		k := knowledge{}
		if rapid.Bool().Draw(t, "index") {
			k.index = NewIndex()
		}
		for i := range rapid.IntRange(1, 3).Draw(t, "missions") {
			k.missions = append(k.missions, genMission(t, i, span))
			k.upTo = append(k.upTo, 0)
			last := k.missions[i][len(k.missions[i])-1]
			if some, all := optsIn(&last); some {
				for n := range rapid.IntRange(0, 4).Draw(t, "commands") {
					op := Enrol
					if all { // or whoever payments brought in is refused to leave
						op = rapid.SampledFrom([]EnrolmentOp{Enrol, Enrol, Withdraw}).Draw(t, "op")
					}
					w.commands = append(w.commands, &Enrolment{ID: fmt.Sprint(i, "-", n), Op: op, UserID: "u1", Mission: last.Definition().ID, At: genTime(t, span, "at")})
				}
			}
		}
		for n := range rapid.IntRange(0, 3).Draw(t, "segments") {
			s := &Segments{ID: fmt.Sprint("s", n), UserID: "u1", At: genTime(t, span, "at") + instant.Milli(n)}
			if rapid.Bool().Draw(t, "vip") {
				s.Segments = []string{"vip", "a"}
			}
			w.segments = append(w.segments, s)
		}
		var row *UserRow
		outcomes := won{}
		steps := w.arrive(t)
		for _, x := range steps {
			k.learn(t, x)
			before := cloneRow(row)
			next, effects := reach(row, x, k.snapshot())
			if diff := cmp.Diff(before, row); diff != "" {
				t.Fatal("the old row has changed: " + diff)
			}
			outcomes.add(t, effects)
			row = next
		}
		final := k.final()
		row, effects := reach(row, steps[len(steps)-1], k.snapshot()) // what is repeated touches the row
		outcomes.add(t, effects)
		w.check(t, row, final, outcomes)
	})
}

// optsIn tells whether some version, and whether every one is opted in to.
func optsIn(h *History) (some, all bool) {
	all = true
	for _, v := range h.Versions {
		some, all = some || v.Mission.Enrolment == OptIn, all && v.Mission.Enrolment == OptIn
	}
	return some, all
}

// learn lets some mission be known further. Enrolments come to missions whose versions that are opted in to are known.
func (k *knowledge) learn(t *rapid.T, x step) {
	if i := rapid.IntRange(0, 2*len(k.missions)).Draw(t, "learn"); i < len(k.missions) {
		k.upTo[i] = min(k.upTo[i]+1, len(k.missions[i]))
	}
	if e, ok := x.(*Enrolment); ok {
		for i, states := range k.missions {
			for n := range states {
				if some, _ := optsIn(&states[n]); some && states[n].Definition().ID == e.Mission {
					k.upTo[i] = max(k.upTo[i], n+1)
					break
				}
			}
		}
	}
}

// Over any span of time, with missions of one version known from the start and windows that are not the user's own,
// order and repetition do not matter.
func TestProgressDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(t, 5*24*time.Hour)
		k := knowledge{}
		for i := range rapid.IntRange(1, 3).Draw(t, "missions") {
			m := genDefinition(t, fmt.Sprint("m", i), AutomaticEnrolment, WindowFixed, EveryDay, EveryWeek, EveryMonth)
			if m.Goal.Metric == MetricStreak {
				m.Goal.Target = 1 + rapid.Int64Range(0, 1).Draw(t, "days")
			}
			if m.Window.Every == EveryDay {
				m.Goal.Target = 1
			}
			k.missions, k.upTo = append(k.missions, []History{NewHistory(m, at(noon))}), append(k.upTo, 1)
		}
		s := k.snapshot()
		var row *UserRow
		outcomes := won{}
		for _, x := range w.arrive(t) {
			next, effects := reach(row, x, s)
			outcomes.add(t, effects)
			row = next
		}
		w.check(t, row, k.final(), outcomes)
	})
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
		copied.Switches = slices.Clone(s.Switches)
		copied.Tallies = slices.Clone(s.Tallies)
		for i, t := range s.Tallies {
			copied.Tallies[i] = t.clone()
		}
		next.States = append(next.States, &copied)
	}
	next.Recent = slices.Clone(row.Recent)
	for i, r := range row.Recent {
		copied := *r
		next.Recent[i] = &copied
	}
	next.Old = slices.Clone(row.Old)
	next.Received = slices.Clone(row.Received)
	next.Segments = slices.Clone(row.Segments)
	next.Verdicts = slices.Clone(row.Verdicts)
	return &next
}

// However missions are indexed, a payment meets those that it counts for.
func TestCandidatesMissNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plans []*Plan
		define := func(id string) Mission {
			m := everything(id, MetricAmount, 1)
			for range rapid.IntRange(0, 3).Draw(t, "filters") {
				f := genFilter(t)
				if rapid.IntRange(0, 3).Draw(t, "group") == 0 {
					f = Filter{Any: []Filter{f, genFilter(t)}}
				}
				m.Filters = append(m.Filters, f)
			}
			return m
		}
		for i := range rapid.IntRange(1, 8).Draw(t, "missions") {
			id := fmt.Sprint("m", i)
			h := NewHistory(define(id), 1)
			for range rapid.IntRange(0, 2).Draw(t, "versions") {
				h, _ = h.WithVersion(define(id), genTime(t, 1000*time.Hour, "from"), 1, true)
			}
			p, problems := Compile(&h)
			if problems != nil {
				t.Fatal(problems)
			}
			plans = append(plans, p)
		}
		s := newSnapshot(plans)
		f := facts("t", 100, "2026-03-10T00:00:00Z")
		f.Labels[payment.Merchant] = rapid.SampledFrom([]string{"swiggy", "food", ""}).Draw(t, "merchant")
		found := s.candidates(nil, &f)
		for i, p := range s.plans {
			n := 0
			for _, j := range found {
				if int(j) == i {
					n++
				}
			}
			for _, c := range p.versions {
				if n > 1 || n == 0 && c.Judge(&f) == Counted {
					t.Fatalf("%v is met %d times", c.Mission().Filters, n)
				}
			}
		}
	})
}

func genFilter(t *rapid.T) Filter {
	id := rapid.SampledFrom([]string{"merchant", "mode", "category", "attributes.card", "amount", "attributes.n"}).Draw(t, "id")
	op := rapid.SampledFrom([]Operator{Eq, In, Ne}).Draw(t, "op")
	values := []Value{text("swiggy"), text("swiggy"), text("food"), text("famcard"), text("upi")}
	if id == "amount" || id == "attributes.n" {
		values = []Value{num("100"), num("12.5")}[:1+len(id)/7]
	}
	if id == "amount" {
		values = values[:1]
	}
	return where(id, op, values...)
}
