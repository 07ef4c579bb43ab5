package health

import (
	"math"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
)

// MaxEmpty is how many empty windows in a row are published. In place of the next one comes a silent record, and then
// nothing more until traffic returns. docs/design.md, section 8.4.
const MaxEmpty = 60

// forgetAfter is how long after its last attempt, in event time, a series is forgotten. Longer where scores look back
// further. docs/design.md, section 8.4.
const forgetAfter = 7 * 24 * time.Hour

// silent tells whether the silence of the series has been published.
func (s *Series) silent() bool { return s.Empty > MaxEmpty }

// lacks tells whether an empty window, or the silence, up to the end to is still to be published.
func (s *Series) lacks(cfg Settings, to instant.Milli) bool {
	return s.Through > 0 && !s.silent() && cfg.windowAfter(s.Through).End <= to
}

// fill closes the empty windows that end after Through and at or before to, up to the silent record. It works on at
// most MaxEmpty+1 windows, however far away to is.
func (s *Series) fill(cfg Settings, to instant.Milli) []Effect {
	var effects []Effect
	for s.lacks(cfg, to) {
		span := cfg.windowAfter(s.Through)
		s.Through = span.End
		if s.Empty++; s.silent() {
			return append(effects, Silent{s.silence(cfg, span)})
		}
		effects = append(effects, s.finish(cfg, window.Effect[Tally]{Span: span, ClosesAt: cfg.spec().ClosesAt(span)},
			true)...)
	}
	return effects
}

// silence returns the record that takes the place of the empty window last: from the first empty window to the end of
// last.
func (s *Series) silence(cfg Settings, last window.Span) *WindowRecord {
	from := last.Start.Add(-MaxEmpty * cfg.step())
	return &WindowRecord{
		Path: s.Path, Span: window.Span{Start: max(from, 0), End: last.End}, ClosedAt: cfg.spec().ClosesAt(last),
		Silent: true,
	}
}

// forgottenAt returns the watermark at which the series is forgotten if there is no more traffic.
func (s *Series) forgottenAt(cfg Settings) instant.Milli { return s.Traffic.Add(cfg.forgetAfter()) }

// forgotten tells whether nothing is left to do for the series at watermark w.
func (s *Series) forgotten(cfg Settings, w instant.Milli) bool {
	return len(s.Open.Open) == 0 && w >= s.forgottenAt(cfg)
}

// next returns when the series has something to do without an attempt: to close its next window, or to be forgotten.
func (s *Series) next(cfg Settings) Due {
	if s.Through == 0 || s.silent() {
		return Due{s.forgottenAt(cfg)}
	}
	return Due{cfg.spec().ClosesAt(cfg.windowAfter(s.Through))}
}

// know makes a series whose first attempt was late known: its empty windows begin where windows were closed at the
// time.
func (s *Series) know(cfg Settings) []Effect {
	if s.Through > 0 {
		return nil
	}
	s.Through = cfg.windowAfter(s.Open.ClosedTo).End.Add(-cfg.step())
	return []Effect{s.next(cfg)}
}

func (s Settings) forgetAfter() time.Duration {
	return max(forgetAfter, s.Window*time.Duration(s.Windows+1))
}

// windowAfter returns the first window of the epoch's grid that ends after t.
func (s Settings) windowAfter(t instant.Milli) window.Span {
	size, step := instant.Milli(s.Window/time.Millisecond), instant.Milli(s.step()/time.Millisecond)
	if t < size || step <= 0 {
		return window.Span{Start: 0, End: size}
	}
	if t > math.MaxInt64-step {
		return window.Span{Start: math.MaxInt64 - size, End: math.MaxInt64}
	}
	start := ((t-size)/step + 1) * step
	return window.Span{Start: start, End: start + size}
}
