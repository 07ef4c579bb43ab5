package window

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// addSession puts an event into the session that it extends, joins those that it connects, or opens one. It is late if
// no open session takes it and its own would be closed. A closed session never opens again: an event that is not late
// itself, but near one that closed, begins another.
func (s Set[A]) addSession(spec Spec, at instant.Milli, one A, merge func(a, b A) A) (Set[A], []Effect[A]) {
	span, gap := Span{at, plus(at, 1)}, milli(spec.Gap)
	near := func(o Window[A]) bool { return at <= plus(o.End-1, gap) && o.Start <= plus(at, gap) }
	var taken []Window[A]
	for _, o := range s.Open { // by end, so that sessions come in order of time
		if near(o) {
			taken = append(taken, o)
			span.Start, span.End = min(span.Start, o.Start), max(span.End, o.End)
		}
	}
	if span.End <= s.ClosedTo {
		return s, []Effect[A]{late(spec, span, one)}
	}
	value, kind := one, Opened
	if len(taken) > 0 {
		kind = Moved
		if len(taken) == 1 && taken[0].Span == span {
			kind = Counted
		}
		value = taken[0].Value
		for _, o := range taken[1:] {
			value = merge(value, o.Value)
		}
		value = merge(value, one)
	}
	s.Open = slices.DeleteFunc(slices.Clone(s.Open), near)
	i, _ := s.find(span)
	s.Open = slices.Insert(s.Open, i, Window[A]{span, value})
	return s, []Effect[A]{{Kind: kind, Span: span, ClosesAt: spec.ClosesAt(span), Value: value}}
}
