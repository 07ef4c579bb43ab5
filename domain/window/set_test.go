package window

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// join is how tests merge: sorted, so that what is compared does not depend on order.
func join(a, b []int) []int {
	return slices.Sorted(slices.Values(append(slices.Clone(a), b...)))
}

func TestClosesExactlyAtEndPlusGrace(t *testing.T) {
	for _, c := range []struct {
		name   string
		spec   Spec
		span   Span
		closes instant.Milli
	}{
		{"tumbling", Tumbling(ms(10), ms(5)), Span{0, 10}, 15},
		{"hopping", Hopping(ms(10), ms(10), ms(5)), Span{0, 10}, 15},
		{"sliding: later than 10 + 5", Sliding(ms(10), ms(5)), Span{0, 11}, 16},
		{"session: later than 3 + 4 + 5", Session(ms(4), ms(5)), Span{3, 4}, 13},
	} {
		set, effects := Set[[]int]{}.Add(c.spec, 3, []int{3}, join)
		if len(effects) != 1 || effects[0].Kind != Opened || effects[0].ClosesAt != c.closes || effects[0].Span != c.span {
			t.Fatalf("%s: first event: %+v", c.name, effects)
		}
		if _, finals := set.Advance(c.spec, c.closes-1); len(finals) != 0 {
			t.Fatalf("%s: closed too early: %+v", c.name, finals)
		}
		after, finals := set.Advance(c.spec, c.closes)
		if len(finals) != 1 || finals[0].Kind != Final || len(finals[0].Value) != 1 || len(set.Open) != 1 {
			t.Fatalf("%s: finals %+v, the old set has %d open", c.name, finals, len(set.Open))
		}
		if _, again := after.Advance(c.spec, 3); len(again) != 0 {
			t.Fatalf("%s: final repeated: %+v", c.name, again)
		}
		if _, effects = after.Add(c.spec, 3, []int{3}, join); len(effects) != 1 || effects[0].Kind != Late {
			t.Fatalf("%s: event of a closed window: %+v", c.name, effects)
		}
	}
}

func TestSessionsGrowAndMerge(t *testing.T) {
	spec := Session(ms(5), 0)
	set, e := Set[[]int]{}.Add(spec, 10, []int{10}, join)
	if e[0].Kind != Opened {
		t.Fatalf("%+v", e)
	}
	set, _ = set.Add(spec, 20, []int{20}, join) // 10 away: another session
	if len(set.Open) != 2 {
		t.Fatalf("open %+v", set.Open)
	}
	if _, e = set.Add(spec, 10, []int{10}, join); e[0].Kind != Counted {
		t.Errorf("inside: %+v", e)
	}
	set, e = set.Add(spec, 15, []int{15}, join) // 5 away from both: the gap is inclusive
	want := Effect[[]int]{Moved, Span{10, 21}, 26, []int{10, 15, 20}}
	if diff := gocmp.Diff([]Effect[[]int]{want}, e); diff != "" || len(set.Open) != 1 {
		t.Errorf("merge: %s", diff)
	}
	set, _ = set.Advance(spec, 26)
	if _, e = set.Add(spec, 21, []int{21}, join); e[0].Kind != Opened {
		t.Errorf("an event that is not late, near a closed session: %+v", e)
	}
	if _, e = set.Add(spec, 20, []int{20}, join); e[0].Kind != Late || e[0].Span != (Span{20, 21}) {
		t.Errorf("a late event: %+v", e)
	}
}

func TestRevisions(t *testing.T) {
	add := func(n int) int { return n + 1 }
	c := Close(Effect[int]{Kind: Final, Span: Span{0, 10}, Value: 4}).Revise(add).Revise(add)
	if c.Revision != 2 || c.Value != 6 {
		t.Errorf("two corrections of a final: %+v", c)
	}
	if c := (Closed[int]{Span: Span{0, 10}}).Revise(add); c.Revision != 1 || c.Value != 1 {
		t.Errorf("a window without final: %+v", c)
	}
}

// anySpec draws a spec of any kind.
func anySpec(t *rapid.T) Spec {
	size, grace := rapid.IntRange(1, 20).Draw(t, "size"), ms(rapid.IntRange(0, 15).Draw(t, "grace"))
	switch rapid.SampledFrom([]Kind{KindTumbling, KindHopping, KindSliding, KindSession}).Draw(t, "kind") {
	case KindHopping:
		return Hopping(ms(size), ms(rapid.IntRange(1, size).Draw(t, "advance")), grace)
	case KindSliding:
		return Sliding(ms(size-1), grace)
	case KindSession:
		return Session(ms(size-1), grace)
	default:
		return Tumbling(ms(size), grace)
	}
}

// model counts by brute force: it keeps every event and looks at all of them each time.
type model struct {
	spec    Spec
	arrived []int
	closed  map[Span][]int
}

// windows returns the windows of all that has arrived, by their definitions alone.
func (m *model) windows() map[Span][]int {
	spans := map[Span]bool{}
	size := int(m.spec.Size / time.Millisecond)
	for _, at := range m.arrived {
		switch m.spec.Kind {
		case KindTumbling, KindHopping:
			advance := size
			if m.spec.Kind == KindHopping {
				advance = int(m.spec.Advance / time.Millisecond)
			}
			for start := 0; start <= at; start += advance {
				if at < start+size {
					spans[Span{instant.Milli(start), instant.Milli(start + size)}] = true
				}
			}
		case KindSliding:
			spans[Span{instant.Milli(max(at, size) - size), instant.Milli(max(at, size) + 1)}] = true
			spans[Span{instant.Milli(at + 1), instant.Milli(at + size + 2)}] = true
		case KindSession:
		}
	}
	out := map[Span][]int{}
	for span := range spans {
		for _, at := range m.arrived {
			if span.Has(instant.Milli(at)) {
				out[span] = join(out[span], []int{at})
			}
		}
	}
	return out
}

func (m *model) advance(w instant.Milli) {
	for span, value := range m.windows() {
		if _, known := m.closed[span]; !known && m.spec.ClosesAt(span) <= w {
			m.closed[span] = value
		}
	}
}

// run drives events one by one, each judged against the largest time before it, with the watermark (not the set) lost
// before the events named.
func run(spec Spec, events []int, restarts map[int]bool) (finals map[Span][]int, late []int, twice bool) {
	finals = map[Span][]int{}
	var set Set[[]int]
	var time StreamTime
	closing := func(w instant.Milli) {
		var effects []Effect[[]int]
		set, effects = set.Advance(spec, w)
		for _, e := range effects {
			_, had := finals[e.Span]
			twice = twice || had
			finals[e.Span] = e.Value
		}
	}
	for i, at := range events {
		if restarts[i] {
			time = StreamTime{}
		}
		closing(time.At)
		var effects []Effect[[]int]
		set, effects = set.Add(spec, instant.Milli(at), []int{at}, join)
		if slices.ContainsFunc(effects, func(e Effect[[]int]) bool { return e.Kind == Late }) {
			late = append(late, at)
		}
		time.Observe(instant.Milli(at))
	}
	closing(math.MaxInt64)
	return finals, late, twice
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		if spec.Kind == KindSession {
			spec = Hopping(ms(9), ms(2), spec.Grace) // sessions have a test of their own
		}
		events := rapid.SliceOf(rapid.IntRange(0, 100)).Draw(t, "events")
		finals, _, twice := run(spec, events, nil)
		if twice {
			t.Fatal("a window had two finals")
		}
		m := &model{spec: spec, closed: map[Span][]int{}}
		stream := 0
		for _, at := range events {
			m.advance(instant.Milli(stream))
			m.arrived = append(m.arrived, at)
			stream = max(stream, at)
			// What arrives for a closed window must not open it.
			for span := range m.windows() {
				if _, known := m.closed[span]; !known && spec.ClosesAt(span) <= instant.Milli(slices.Max(append([]int{0}, m.arrived[:len(m.arrived)-1]...))) {
					m.closed[span] = nil
				}
			}
		}
		m.advance(math.MaxInt64)
		want := map[Span][]int{}
		for span, value := range m.closed {
			if value != nil {
				want[span] = value
			}
		}
		if diff := gocmp.Diff(want, finals); diff != "" {
			t.Fatalf("%v: finals: %s", spec, diff)
		}
	})
}

func TestSessionsAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := rapid.IntRange(0, 12).Draw(t, "gap")
		events := rapid.SliceOfN(rapid.IntRange(0, 150), 1, 40).Draw(t, "events")
		// With grace for all of them, any order gives what sorting and cutting at the gaps gives.
		finals, late, twice := run(Session(ms(gap), ms(1000)), events, nil)
		want := map[Span][]int{}
		sorted := slices.Sorted(slices.Values(events))
		for from := 0; from < len(sorted); {
			to := from + 1
			for to < len(sorted) && sorted[to]-sorted[to-1] <= gap {
				to++
			}
			want[Span{instant.Milli(sorted[from]), instant.Milli(sorted[to-1] + 1)}] = sorted[from:to]
			from = to
		}
		if diff := gocmp.Diff(want, finals); diff != "" || len(late) > 0 || twice {
			t.Fatalf("late %v, twice %v, finals: %s", late, twice, diff)
		}
	})
}

func TestEveryEventIsInAFinalOrLate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		events := rapid.SliceOfN(rapid.IntRange(0, 100), 1, 40).Draw(t, "events")
		restarts := map[int]bool{}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(events)-1), 0, 3).Draw(t, "restarts") {
			restarts[i] = true
		}
		finals, late, twice := run(spec, events, restarts)
		if twice {
			t.Fatal("a window had two finals")
		}
		counted := map[int]int{}
		for span, value := range finals {
			for _, at := range value {
				counted[at]++
				if !span.Has(instant.Milli(at)) {
					t.Fatalf("event %d is in %v", at, span)
				}
			}
			if spec.Kind == KindSession && (value[0] != int(span.Start) || value[len(value)-1] != int(span.End-1)) {
				t.Fatalf("session %v holds %v", span, value)
			}
		}
		for _, at := range late {
			counted[at]++
		}
		for _, at := range events {
			if counted[at] == 0 {
				t.Fatalf("event %d is nowhere", at)
			}
		}
		if spec.Kind == KindTumbling || spec.Kind == KindSession { // each event in one window
			var all []int
			for _, value := range finals {
				all = append(all, value...)
			}
			if got, want := join(all, late), join(events, nil); !slices.Equal(got, want) {
				t.Fatalf("finals and late hold %v, of %v", got, want)
			}
		}
	})
}

func TestTumblingIsTheSameForAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := Tumbling(ms(7), ms(rapid.IntRange(0, 9).Draw(t, "grace")))
		events := rapid.SliceOfN(rapid.IntRange(0, 60), 1, 40).Draw(t, "events")
		total := func(events []int) map[Span][]int {
			table := NewTable(spec, join, State[[]int]{})
			last := map[Span][]int{}
			note := func(all []Emission[[]int]) {
				for _, e := range all {
					if e.Kind == EmitFinal || e.Kind == EmitRevision {
						last[e.Span] = e.Value
					}
				}
			}
			var stream StreamTime
			for _, at := range events {
				note(table.Add("k", instant.Milli(at), []int{at}))
				note(table.Advance(stream.Observe(instant.Milli(at))))
			}
			note(table.Advance(math.MaxInt64))
			return last
		}
		want := total(events)
		if diff := gocmp.Diff(want, total(rapid.Permutation(events).Draw(t, "permuted"))); diff != "" {
			t.Fatalf("last revisions, permuted: %s", diff)
		}
	})
}

func TestFinalsOfATableComeByClosingTimeAndKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := anySpec(t)
		table := NewTable(spec, join, State[[]int]{})
		single := map[string]*Table[[]int]{}
		var got, want []Emission[[]int]
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "restart") {
				table = NewTable(spec, join, table.State())
			}
			key, at := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), instant.Milli(rapid.IntRange(0, 100).Draw(t, "at"))
			if single[key] == nil {
				single[key] = NewTable(spec, join, State[[]int]{})
			}
			if rapid.IntRange(0, 3).Draw(t, "advance") == 0 {
				finals := table.Advance(at)
				if !slices.IsSortedFunc(finals, func(a, b Emission[[]int]) int {
					return cmp.Or(cmp.Compare(spec.ClosesAt(a.Span), spec.ClosesAt(b.Span)), cmp.Compare(a.Key, b.Key))
				}) {
					t.Fatalf("order of %+v", finals)
				}
				got = append(got, finals...)
				for _, k := range []string{"a", "b", "c"} {
					if single[k] != nil {
						for _, e := range single[k].Advance(table.State().Watermark) {
							e.Key = k
							want = append(want, e)
						}
					}
				}
				continue
			}
			if single[key].State().Watermark < table.State().Watermark {
				single[key].Advance(table.State().Watermark)
			}
			got = append(got, table.Add(key, at, []int{int(at)})...)
			want = append(want, single[key].Add(key, at, []int{int(at)})...)
		}
		byAll := func(a, b Emission[[]int]) int {
			return cmp.Or(cmp.Compare(a.Key, b.Key), compare(a.Span, b.Span), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Revision, b.Revision), slices.Compare(a.Value, b.Value))
		}
		slices.SortFunc(got, byAll)
		slices.SortFunc(want, byAll)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("three keys together and alone: %s", diff)
		}
	})
}

func TestHorizon(t *testing.T) {
	table := NewTable(Tumbling(ms(10), 0), join, State[[]int]{})
	table.Horizon = ms(100)
	table.Add("a", 5, []int{5})
	table.Advance(110)
	if e := table.Add("a", 6, []int{6}); len(e) != 2 || e[1].Kind != EmitRevision || e[1].Revision != 1 || len(e[1].Value) != 2 {
		t.Errorf("at the horizon: %+v", e)
	}
	table.Advance(111)
	if e := table.Add("a", 6, []int{6}); len(e) != 2 || e[1].Kind != EmitBeyond {
		t.Errorf("beyond the horizon: %+v", e)
	}
	table.Advance(200)
	if n := len(table.State().Closed); n != 0 {
		t.Errorf("%d keys are still kept", n)
	}
}

func TestATableDoesNotGrowWithItsEvents(t *testing.T) {
	table := NewTable(Session(ms(10), 0), join, State[[]int]{})
	for i := range 1000 {
		table.Add("a", instant.Milli(i), nil)
		table.Advance(instant.Milli(i))
	}
	if len(table.due) > 2 || table.Open() != 1 {
		t.Errorf("%d entries for %d windows", len(table.due), table.Open())
	}
	table.Advance(5000)
	if len(table.State().Sets) != 0 {
		t.Error("the set of a key without open windows is kept")
	}
}

func TestALateEventStillCountsInAnOpenSlidingWindow(t *testing.T) {
	spec := Sliding(ms(10), ms(20))
	set, _ := Set[[]int]{}.Add(spec, 50, []int{50}, join)
	set, _ = set.Advance(spec, 81) // closes what ends before 61, with [40,50]; [51,61] is open still
	set, e := set.Add(spec, 55, []int{55}, join)
	want := []Effect[[]int]{{Late, Span{45, 56}, 76, []int{55}}, {Opened, Span{51, 62}, 82, []int{55}}}
	if diff := gocmp.Diff(want, e); diff != "" {
		t.Errorf("effects: %s", diff)
	}
	set, _ = set.Advance(spec, 1000)
	if len(set.Points) != 0 || len(set.Open) != 0 {
		t.Errorf("left over: %+v", set)
	}
}

func TestALateEventCorrectsTheNearestSession(t *testing.T) {
	table := NewTable(Session(ms(4), 0), join, State[[]int]{})
	table.Add("a", 10, []int{10})
	table.Add("a", 16, []int{16})
	table.Advance(1000)
	for at, want := range map[instant.Milli]Span{13: {10, 11}, 14: {16, 17}, 9: {10, 11}, 16: {16, 17}, 30: {30, 31}} {
		if e := table.Add("a", at, []int{int(at)}); len(e) != 2 || e[0].Kind != EmitLate || e[1].Span != want {
			t.Errorf("late at %d: %+v, want %v", at, e, want)
		}
	}
}
