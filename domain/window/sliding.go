package window

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// addSliding puts an event into every open window over it, and opens those that it brings about: its own, which ends
// with it; for each event up to Size before it, the one that begins after that event; and the one that begins after
// itself, if there are later events. What a window holds does not depend on the order of events: a new one starts with
// the points that lie in it.
func (s Set[A]) addSliding(spec Spec, at instant.Milli, one A, merge func(a, b A) A) (Set[A], []Effect[A]) {
	size := milli(spec.Size)
	own := spec.Spans(at)[0]
	var effects []Effect[A]
	if own.End <= s.ClosedTo {
		effects = append(effects, late(spec, own, one))
	}
	s.Open = slices.Clone(s.Open)
	for i, o := range s.Open {
		if o.Has(at) {
			s.Open[i].Value = merge(o.Value, one)
			effects = append(effects, Effect[A]{Counted, o.Span, spec.ClosesAt(o.Span), s.Open[i].Value})
		}
	}
	s.point(spec, at, one, merge)
	for _, span := range s.brought(own, at, size) {
		if _, found := s.find(span); found || span.End <= s.ClosedTo {
			continue
		}
		if value, some := s.within(span, merge); some {
			i, _ := s.find(span)
			s.Open = slices.Insert(s.Open, i, Window[A]{span, value})
			effects = append(effects, Effect[A]{Opened, span, spec.ClosesAt(span), value})
		}
	}
	slices.SortStableFunc(effects, func(a, b Effect[A]) int { return compare(a.Span, b.Span) })
	return s, effects
}

// brought returns the spans of the windows that an event at time at may bring about.
func (s *Set[A]) brought(own Span, at, size instant.Milli) []Span {
	after := func(t instant.Milli) Span { return Span{plus(t, 1), plus(plus(t, 1), size+1)} }
	spans := []Span{own}
	for _, p := range s.Points {
		if p.At < at && after(p.At).Has(at) {
			spans = append(spans, after(p.At))
		}
	}
	return append(spans, after(at))
}

// point remembers an event, if a window that is not closed may need it.
func (s *Set[A]) point(spec Spec, at instant.Milli, one A, merge func(a, b A) A) {
	i, found := slices.BinarySearchFunc(s.Points, at, func(p Point[A], at instant.Milli) int {
		return cmp.Compare(p.At, at)
	})
	s.Points = slices.Clone(s.Points)
	if found {
		s.Points[i].Value = merge(s.Points[i].Value, one)
		return
	}
	s.Points = slices.Insert(s.Points, i, Point[A]{at, one})
	s.Points = s.keep(spec)
}

// within merges the points that lie in span. All of an open window's are there.
func (s *Set[A]) within(span Span, merge func(a, b A) A) (value A, some bool) {
	for _, p := range s.Points {
		switch {
		case !span.Has(p.At):
		case some:
			value = merge(value, p.Value)
		default:
			value, some = p.Value, true
		}
	}
	return value, some
}

// keep returns the points that an open window may hold or begin after: the last of these begins right after the point.
func (s Set[A]) keep(spec Spec) []Point[A] {
	if spec.Kind != KindSliding {
		return nil
	}
	n := 0
	for n < len(s.Points) && plus(s.Points[n].At, milli(spec.Size)+2) <= s.ClosedTo {
		n++
	}
	return s.Points[n:]
}
