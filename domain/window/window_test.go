package window

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestSpans(t *testing.T) {
	spec := Tumbling(ms(10), 0)
	for at, want := range map[instant.Milli][]Span{
		0: {{0, 10}}, 9: {{0, 10}}, 10: {{10, 20}}, -1: nil, math.MaxInt64: {{math.MaxInt64 - 7, math.MaxInt64}},
	} {
		if diff := cmp.Diff(want, spec.Spans(at)); diff != "" {
			t.Errorf("Spans(%d): %s", at, diff)
		}
	}
}

func TestClosesExactlyAtEndPlusGrace(t *testing.T) {
	spec := Tumbling(ms(10), ms(5))
	set, effects := Set[int]{}.Add(spec, 3, func(n int) int { return n + 1 })
	if effects[0].Kind != Opened || effects[0].ClosesAt != 15 {
		t.Fatalf("first event: %+v", effects)
	}
	if _, finals := set.Advance(spec, 14); len(finals) != 0 {
		t.Fatalf("closed before end + grace: %+v", finals)
	}
	after, finals := set.Advance(spec, 15)
	if len(finals) != 1 || finals[0].Kind != Final || finals[0].Value != 1 || len(set.Open) != 1 {
		t.Fatalf("finals %+v, the old set has %d open", finals, len(set.Open))
	}
	if _, again := after.Advance(spec, 3); len(again) != 0 {
		t.Fatalf("final repeated: %+v", again)
	}
	if _, effects = after.Add(spec, 9, func(n int) int { return n + 1 }); effects[0].Kind != Late || effects[0].Value != 1 {
		t.Fatalf("event of a closed window: %+v", effects)
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

func TestValidateNamesEveryProblem(t *testing.T) {
	if err := Tumbling(ms(10), 0).Validate(); err != nil {
		t.Error(err)
	}
	err := Tumbling(0, -1).Validate()
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 2 {
		t.Errorf("want two problems, have %v", err)
	}
}

// run drives events one by one, each judged against the largest time before it, with a restart before the events named.
func run(spec Spec, events []int, restarts map[int]bool) (finals, lates map[Span][]int, twice bool) {
	finals, lates = map[Span][]int{}, map[Span][]int{}
	var set Set[[]int]
	var time instant.Milli
	close := func(w instant.Milli) {
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
			time = 0 // the watermark is lost, the set is not
		}
		close(time)
		var effects []Effect[[]int]
		set, effects = set.Add(spec, instant.Milli(at), func(v []int) []int { return append(slices.Clone(v), at) })
		for _, e := range effects {
			if e.Kind == Late {
				lates[e.Span] = append(lates[e.Span], e.Value...)
			}
		}
		time = max(time, instant.Milli(at))
	}
	close(math.MaxInt64)
	return finals, lates, twice
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, grace := rapid.IntRange(1, 20).Draw(t, "size"), rapid.IntRange(0, 15).Draw(t, "grace")
		spec := Tumbling(ms(size), ms(grace))
		events := rapid.SliceOf(rapid.IntRange(0, 100)).Draw(t, "events")
		finals, lates, twice := run(spec, events, nil)
		if twice {
			t.Fatal("a window had two finals")
		}
		wantFinal, wantLate := map[Span][]int{}, map[Span][]int{}
		for i, at := range events {
			start := at / size * size
			span := Span{instant.Milli(start), instant.Milli(start + size)}
			if i > 0 && slices.Max(events[:i]) >= start+size+grace {
				wantLate[span] = append(wantLate[span], at)
			} else {
				wantFinal[span] = append(wantFinal[span], at)
			}
		}
		if diff := cmp.Diff(wantFinal, finals); diff != "" {
			t.Fatalf("finals: %s", diff)
		}
		if diff := cmp.Diff(wantLate, lates); diff != "" {
			t.Fatalf("late: %s", diff)
		}
	})
}

func TestFinalPlusLateIsTheSameForAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := Tumbling(ms(7), ms(rapid.IntRange(0, 9).Draw(t, "grace")))
		events := rapid.SliceOfN(rapid.IntRange(0, 60), 1, 40).Draw(t, "events")
		restarts := map[int]bool{}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(events)-1), 0, 3).Draw(t, "restarts") {
			restarts[i] = true
		}
		total := func(events []int, restarts map[int]bool) map[Span][]int {
			finals, lates, twice := run(spec, events, restarts)
			if twice {
				t.Fatal("a window had two finals")
			}
			for span, v := range lates {
				finals[span] = append(finals[span], v...)
			}
			for span := range finals {
				slices.Sort(finals[span])
			}
			return finals
		}
		want := total(events, nil)
		permuted := rapid.Permutation(events).Draw(t, "permuted")
		if diff := cmp.Diff(want, total(permuted, restarts)); diff != "" {
			t.Fatalf("permuted, with restarts: %s", diff)
		}
	})
}
