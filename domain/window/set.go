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

// Point is what was counted at one event time.
type Point[A any] struct {
	At    instant.Milli
	Value A
}

// Set is the open windows of one key. The zero value is an empty set. It is a value: methods return a changed copy.
type Set[A any] struct {
	// Open holds the open windows in the order in which they close: by end, then start. No two have the same span.
	Open []Window[A]
	// ClosedTo is the latest end of a window that was ever closed by a watermark; every window that ends at or before
	// it is closed, whatever the watermark says now.
	ClosedTo instant.Milli
	// Points are the events, in order of time, that sliding windows still to be opened will hold. Other kinds have
	// none.
	Points []Point[A]
}

// EffectKind tells what happened to a window.
type EffectKind uint8

// The effects on a window.
const (
	// Opened: the window has its first event. It closes at Effect.ClosesAt.
	Opened EffectKind = iota + 1
	// Counted: one more event in an open window.
	Counted
	// Moved: a session grew to Effect.Span, or took in others; it now closes at Effect.ClosesAt.
	Moved
	// Final: the window has closed with Effect.Value. Comes once for each window.
	Final
	// Late: the event came after the window had closed; Effect.Value is the event alone, for Revise.
	Late
)

// Effect is what happened to one window.
type Effect[A any] struct {
	Kind     EffectKind
	Span     Span
	ClosesAt instant.Milli
	Value    A
}

// Advance closes what watermark w closes and returns a Final for each, in closing order. A watermark behind an earlier
// one changes nothing.
func (s Set[A]) Advance(spec Spec, w instant.Milli) (Set[A], []Effect[A]) {
	if to := spec.closed(w); to > s.ClosedTo {
		s.ClosedTo = to
		s.Points = s.keep(spec)
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

// Add puts one event at time at into its windows; merge joins what was counted before with what came later, and changes
// neither. The event is judged against ClosedTo: call Advance with the watermark before it. There is one effect per
// window of the event, none for an event before the epoch.
func (s Set[A]) Add(spec Spec, at instant.Milli, one A, merge func(before, after A) A) (Set[A], []Effect[A]) {
	if at < 0 {
		return s, nil
	}
	switch spec.Kind {
	case KindSession:
		return s.addSession(spec, at, one, merge)
	case KindSliding:
		return s.addSliding(spec, at, one, merge)
	case KindTumbling, KindHopping:
	}
	var effects []Effect[A]
	copied := false
	for _, span := range spec.Spans(at) {
		if span.End <= s.ClosedTo {
			effects = append(effects, late(spec, span, one))
			continue
		}
		if !copied {
			s.Open, copied = slices.Clone(s.Open), true
		}
		effects = append(effects, s.count(spec, span, one, merge))
	}
	return s, effects
}

// count adds to the window of span, which is open. It changes s.Open in place.
func (s *Set[A]) count(spec Spec, span Span, one A, merge func(a, b A) A) Effect[A] {
	e := Effect[A]{Kind: Counted, Span: span, ClosesAt: spec.ClosesAt(span)}
	i, found := s.find(span)
	if found {
		s.Open[i].Value = merge(s.Open[i].Value, one)
	} else {
		s.Open = slices.Insert(s.Open, i, Window[A]{span, one})
		e.Kind = Opened
	}
	e.Value = s.Open[i].Value
	return e
}

func (s *Set[A]) find(span Span) (int, bool) {
	return slices.BinarySearchFunc(s.Open, span, func(o Window[A], want Span) int { return compare(o.Span, want) })
}

func late[A any](spec Spec, span Span, one A) Effect[A] {
	return Effect[A]{Kind: Late, Span: span, ClosesAt: spec.ClosesAt(span), Value: one}
}

func compare(a, b Span) int {
	return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start))
}
