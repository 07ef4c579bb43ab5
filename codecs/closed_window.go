package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

const closedWindowVersion = 1

// ClosedWindow is the codec of the health loop.
type ClosedWindow struct{}

// Encode returns c as bytes.
func (ClosedWindow) Encode(c *health.ClosedWindow) ([]byte, error) {
	w := wire.NewWriter(closedWindowVersion, 256)
	writePath(w, c.Path)
	writeSpan(w, c.Span)
	writeTally(w, c.Tally)
	w.Bool(12, c.Final)
	w.Int(13, int64(c.ClosedAt))
	w.Bool(14, c.Plain)
	return w.B, nil
}

// Decode returns the closed window in b.
func (ClosedWindow) Decode(b []byte) (*health.ClosedWindow, error) {
	c := &health.ClosedWindow{}
	err := wire.Read(b, closedWindowVersion, func(f wire.Field) error {
		switch f.Number {
		case 12:
			c.Final = f.Bool()
		case 13:
			c.ClosedAt = instant.Milli(f.Int())
		case 14:
			c.Plain = f.Bool()
		default:
			readPath(f, &c.Path)
			readSpan(f, &c.Span)
			return readTally(f, &c.Tally)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("closed window: %w", err)
	}
	return c, nil
}
