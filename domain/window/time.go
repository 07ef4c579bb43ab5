package window

import "github.com/millrace/millrace/domain/instant"

// StreamTime is the largest event time seen, as a watermark without a source of one. The zero value has seen nothing.
type StreamTime struct{ At instant.Milli }

// Observe takes in an event time and returns the time from then on. A record is judged against the time before it:
// advance the windows first.
func (s *StreamTime) Observe(at instant.Milli) instant.Milli {
	s.At = max(s.At, at)
	return s.At
}
