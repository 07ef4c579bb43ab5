// Package window keeps the open windows of one key: which windows an event belongs to, which of them a watermark closes,
// what is late, and how a closed window is revised. It knows nothing of what is counted: values are of any type and every
// function leaves what it was given unchanged.
//
// A window is closed once the watermark has reached its end plus grace, and closed for good: Set.ClosedTo travels with the
// windows, so that a watermark lost in a restart reopens nothing and repeats no final.
package window

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Span is one window: Start is in, End is out.
type Span struct {
	Start, End instant.Milli
}

// String returns the span as window scripts print it.
func (s Span) String() string { return fmt.Sprintf("[%d,%d)", int64(s.Start), int64(s.End)) }

// Spec says how event time is cut into windows. Windows are tumbling: aligned to the epoch, side by side, each event in one.
type Spec struct {
	// Size is the length of a window, in whole milliseconds. No default.
	Size time.Duration
	// Grace is how far the watermark goes past a window's end before the window closes. Defaults to 0.
	Grace time.Duration
}

// Tumbling returns the spec of windows [0,size), [size,2*size), ...
func Tumbling(size, grace time.Duration) Spec { return Spec{Size: size, Grace: grace} }

// Validate returns every problem of s, joined.
func (s Spec) Validate() error {
	var errs []error
	if s.Size < time.Millisecond || s.Size%time.Millisecond != 0 {
		errs = append(errs, fmt.Errorf("window size %v: must be a positive number of whole milliseconds", s.Size))
	}
	if s.Grace < 0 || s.Grace%time.Millisecond != 0 {
		errs = append(errs, fmt.Errorf("window grace %v: must be zero or more whole milliseconds", s.Grace))
	}
	return errors.Join(errs...)
}

// Spans returns the windows that an event at time at belongs to, in order of their ends. No window starts before the epoch,
// so an event before it belongs to none.
func (s Spec) Spans(at instant.Milli) []Span {
	size := instant.Milli(s.Size / time.Millisecond)
	if at < 0 || size <= 0 {
		return nil
	}
	start := at - at%size
	return []Span{{start, plus(start, size)}}
}

// ClosesAt returns the watermark that closes span: its end plus grace.
func (s Spec) ClosesAt(span Span) instant.Milli {
	return plus(span.End, instant.Milli(s.Grace/time.Millisecond))
}

// closed returns the latest end of a window that watermark w closes.
func (s Spec) closed(w instant.Milli) instant.Milli {
	return w - instant.Milli(s.Grace/time.Millisecond)
}

// plus adds a non-negative duration and stops at the end of time.
func plus(t, d instant.Milli) instant.Milli {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}
