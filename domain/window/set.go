package window

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// Window is an open window with what has been counted in it.
type Window[A any] struct {
	Span
	Value A
}

// Set is the open windows of one key. The zero value is an empty set. It is a value: methods return a changed copy.
type Set[A any] struct {
	// Open holds the open windows in the order in which they close: by end, then start. No two have the same span.
	Open []Window[A]
	// ClosedTo is the latest end of a window that was ever closed by a watermark; every window that ends at or before it is
	// closed, whatever the watermark says now.
	ClosedTo instant.Milli
}

// Kind tells what happened to a window.
type Kind uint8

// The effects on a window.
const (
	// Opened: the window has its first event. It closes at Effect.ClosesAt.
	Opened Kind = iota + 1
	// Counted: one more event in an open window.
	Counted
	// Final: the window has closed with Effect.Value. Comes once for each window.
	Final
	// Late: the event came after the window had closed; Effect.Value is the event alone, for Revise.
	Late
)

// Effect is what happened to one window.
type Effect[A any] struct {
	Kind     Kind
	Span     Span
	ClosesAt instant.Milli
	Value    A
}

// Advance closes what watermark w closes and returns a Final for each, in closing order. A watermark behind an earlier one
// changes nothing.
func (s Set[A]) Advance(spec Spec, w instant.Milli) (Set[A], []Effect[A]) {
	if to := spec.closed(w); to > s.ClosedTo {
		s.ClosedTo = to
	}
	n := 0
	for n < len(s.Open) && s.Open[n].End <= s.ClosedTo {
		n++
	}
	if n == 0 {
		return s, nil
	}
	finals := make([]Effect[A], n)
	for i, o := range s.Open[:n] {
		finals[i] = Effect[A]{Kind: Final, Span: o.Span, ClosesAt: spec.ClosesAt(o.Span), Value: o.Value}
	}
	s.Open = slices.Clone(s.Open[n:])
	return s, finals
}

// Add puts one event at time at into its windows; add returns a value with the event counted in, from the window's value so
// far or from a zero one. The event is judged against ClosedTo: call Advance with the watermark before it. There is one
// effect per window of the event, none for an event before the epoch.
func (s Set[A]) Add(spec Spec, at instant.Milli, add func(A) A) (Set[A], []Effect[A]) {
	var effects []Effect[A]
	var zero A
	copied := false
	for _, span := range spec.Spans(at) {
		e := Effect[A]{Span: span, ClosesAt: spec.ClosesAt(span)}
		if span.End <= s.ClosedTo {
			e.Kind, e.Value = Late, add(zero)
			effects = append(effects, e)
			continue
		}
		if !copied {
			s.Open, copied = slices.Clone(s.Open), true
		}
		i, found := slices.BinarySearchFunc(s.Open, span, func(o Window[A], want Span) int { return compare(o.Span, want) })
		if !found {
			s.Open = slices.Insert(s.Open, i, Window[A]{Span: span})
			e.Kind = Opened
		} else {
			e.Kind = Counted
		}
		s.Open[i].Value = add(s.Open[i].Value)
		e.Value = s.Open[i].Value
		effects = append(effects, e)
	}
	return s, effects
}

func compare(a, b Span) int {
	return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start))
}
