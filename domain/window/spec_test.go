package window

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
)

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		at   instant.Milli
		want []Span
	}{
		{Tumbling(ms(10), 0), 0, []Span{{0, 10}}},
		{Tumbling(ms(10), 0), 9, []Span{{0, 10}}},
		{Tumbling(ms(10), 0), 10, []Span{{10, 20}}},
		{Tumbling(ms(10), 0), -1, nil},
		{Tumbling(ms(10), 0), math.MaxInt64, []Span{{math.MaxInt64 - 7, math.MaxInt64}}},
		{Hopping(ms(10), ms(5), 0), 3, []Span{{0, 10}}},
		{Hopping(ms(10), ms(5), 0), 12, []Span{{5, 15}, {10, 20}}},
		{Hopping(ms(10), ms(3), 0), 12, []Span{{3, 13}, {6, 16}, {9, 19}, {12, 22}}},
		{Hopping(ms(10), ms(5), 0), math.MaxInt64, []Span{{math.MaxInt64 - 7, math.MaxInt64}, {math.MaxInt64 - 2, math.MaxInt64}}},
		{Sliding(ms(10), 0), 4, []Span{{0, 11}}},
		{Sliding(ms(10), 0), 14, []Span{{4, 15}}},
		{Session(ms(10), 0), 14, []Span{{14, 15}}},
		{Session(ms(10), 0), -14, nil},
	} {
		if diff := cmp.Diff(c.want, c.spec.Spans(c.at)); diff != "" {
			t.Errorf("%v: Spans(%d): %s", c.spec, c.at, diff)
		}
	}
}

func TestFormat(t *testing.T) {
	for want, s := range map[string]Spec{"[0,10)": Tumbling(ms(10), 0), "[0,9]": Session(ms(10), 0)} {
		if got := s.Format(Span{0, 10}); got != want {
			t.Errorf("%v: %s, want %s", s.Kind, got, want)
		}
	}
}

func TestValidateNamesEveryProblem(t *testing.T) {
	for _, c := range []struct {
		spec     Spec
		problems int
	}{
		{Tumbling(ms(10), 0), 0},
		{Hopping(ms(10), ms(10), 0), 0},
		{Sliding(0, 0), 0},
		{Session(0, 0), 0},
		{Tumbling(0, -1), 2},
		{Hopping(ms(10), ms(11), 0), 1},
		{Hopping(0, 0, 0), 2},
		{Session(-1, -1), 2},
		{Spec{Kind: KindSession, Size: ms(1), Gap: ms(1)}, 1},
		{Spec{Kind: 9, Size: ms(1)}, 1},
	} {
		n := 0
		if joined, ok := c.spec.Validate().(interface{ Unwrap() []error }); ok {
			n = len(joined.Unwrap())
		}
		if n != c.problems {
			t.Errorf("%+v: want %d problems, have %v", c.spec, c.problems, c.spec.Validate())
		}
	}
}
