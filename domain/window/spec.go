package window

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Kind is a way of cutting event time into windows.
type Kind uint8

// The kinds of windows. The zero value is Tumbling.
const (
	// KindTumbling: aligned to the epoch, side by side, each event in one.
	KindTumbling Kind = iota
	// KindHopping: aligned to the epoch, one begins every Advance, each event in all that are over it.
	KindHopping
	// KindSliding: as Kafka defines them (KIP-450): for each event at t the windows [t-d,t] and [t+1ms,t+1ms+d], those
	// that hold an event. Both ends are in.
	KindSliding
	// KindSession: from the first to the last of events that are at most Gap apart, one after the other. Both ends are
	// in.
	KindSession
)

// String returns the name that window scripts use.
func (k Kind) String() string {
	switch k {
	case KindTumbling:
		return "tumbling"
	case KindHopping:
		return "hopping"
	case KindSliding:
		return "sliding"
	case KindSession:
		return "session"
	default:
		return fmt.Sprintf("kind %d", uint8(k))
	}
}

// Span is one window: Start is in, End is out. Windows whose end is in, as people say it, have an End one millisecond
// later, so that one rule closes all of them.
type Span struct {
	Start, End instant.Milli
}

// String returns the span as half open.
func (s Span) String() string { return fmt.Sprintf("[%d,%d)", int64(s.Start), int64(s.End)) }

// Has tells whether an event at time at lies in the span.
func (s Span) Has(at instant.Milli) bool { return s.Start <= at && at < s.End }

// Spec says how event time is cut into windows. All durations are whole milliseconds.
type Spec struct {
	Kind Kind
	// Size is the length of a tumbling or hopping window, and how far the ends of a sliding one are apart. No default.
	Size time.Duration
	// Advance is how far the starts of two hopping windows are apart, at most Size. For hopping windows only. No
	// default.
	Advance time.Duration
	// Gap is how far two events of a session may be apart. For sessions only. No default.
	Gap time.Duration
	// Grace is how far the watermark goes past a window's end (a session's: past its end and the gap) before the window
	// closes. Defaults to 0.
	Grace time.Duration
}

// Tumbling returns the spec of windows [0,size), [size,2*size), ...
func Tumbling(size, grace time.Duration) Spec { return Spec{Size: size, Grace: grace} }

// Hopping returns the spec of windows [0,size), [advance,advance+size), ...
func Hopping(size, advance, grace time.Duration) Spec {
	return Spec{Kind: KindHopping, Size: size, Advance: advance, Grace: grace}
}

// Sliding returns the spec of sliding windows whose ends are difference apart.
func Sliding(difference, grace time.Duration) Spec {
	return Spec{Kind: KindSliding, Size: difference, Grace: grace}
}

// Session returns the spec of sessions that a gap ends.
func Session(gap, grace time.Duration) Spec { return Spec{Kind: KindSession, Gap: gap, Grace: grace} }

// Validate returns every problem of s, joined.
func (s Spec) Validate() error {
	var errs []error
	check := func(name string, d, least time.Duration, used bool) {
		switch {
		case !used && d != 0:
			errs = append(errs, fmt.Errorf("window %s %v: %s windows have none", name, d, s.Kind))
		case used && (d < least || d%time.Millisecond != 0):
			errs = append(errs, fmt.Errorf("window %s %v: must be whole milliseconds, at least %v", name, d, least))
		}
	}
	if s.Kind > KindSession {
		errs = append(errs, fmt.Errorf("window kind %d: unknown", s.Kind))
	}
	least := time.Millisecond
	if s.Kind == KindSliding {
		least = 0
	}
	check("size", s.Size, least, s.Kind != KindSession)
	check("advance", s.Advance, time.Millisecond, s.Kind == KindHopping)
	check("gap", s.Gap, 0, s.Kind == KindSession)
	check("grace", s.Grace, 0, true)
	if s.Kind == KindHopping && s.Advance > s.Size {
		errs = append(errs, fmt.Errorf("window advance %v: longer than the size %v, events would fall between windows",
			s.Advance, s.Size))
	}
	return errors.Join(errs...)
}

// inclusive tells whether people count the end of these windows in.
func (s Spec) inclusive() bool { return s.Kind == KindSliding || s.Kind == KindSession }

// Format returns a span as window scripts print it: [0,10), or [0,9] where the end is in.
func (s Spec) Format(span Span) string {
	if s.inclusive() {
		return fmt.Sprintf("[%d,%d]", int64(span.Start), int64(span.End-1))
	}
	return span.String()
}

// Spans returns the windows that an event at time at has by itself, in order of their ends: those of the epoch's grid,
// its own session, or the sliding window that ends with it. No window starts before the epoch, so an event before it
// has none; the sliding windows of events before Size are the first one, [0,Size].
func (s Spec) Spans(at instant.Milli) []Span {
	if at < 0 {
		return nil
	}
	size, advance := milli(s.Size), milli(s.Advance)
	switch s.Kind {
	case KindSession:
		return []Span{{at, plus(at, 1)}}
	case KindSliding:
		start := max(at-size, 0)
		return []Span{{start, plus(start, size+1)}}
	case KindTumbling:
		advance = size
	case KindHopping:
	}
	if size <= 0 || advance <= 0 {
		return nil
	}
	var spans []Span
	first := max(at-size+1, 0)
	if rest := first % advance; rest != 0 {
		first += advance - rest
	}
	for start := first; start <= at; start += advance {
		spans = append(spans, Span{start, plus(start, size)})
		if start > math.MaxInt64-advance {
			break
		}
	}
	return spans
}

// ClosesAt returns the watermark that closes span: its end plus gap and grace.
func (s Spec) ClosesAt(span Span) instant.Milli {
	return plus(plus(span.End, milli(s.Gap)), milli(s.Grace))
}

// closed returns the latest end of a window that watermark w closes. The end of time closes all.
func (s Spec) closed(w instant.Milli) instant.Milli {
	back := milli(s.Gap) + milli(s.Grace)
	switch {
	case w == math.MaxInt64:
		return w
	case w < math.MinInt64+back:
		return math.MinInt64
	default:
		return w - back
	}
}

func milli(d time.Duration) instant.Milli { return instant.Milli(d / time.Millisecond) }

// plus adds a non-negative duration and stops at the end of time.
func plus(t, d instant.Milli) instant.Milli {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}
