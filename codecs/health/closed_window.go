package health

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
)

const closedWindowVersion = 1

// ClosedWindow is the codec of the health loop.
type ClosedWindow struct{}

// Encode returns c as bytes.
func (ClosedWindow) Encode(c *health.ClosedWindow) ([]byte, error) {
	return wire.Encode(wire.Writing(closedWindowVersion, 256), c, closedWindowFields)
}

// Decode returns the closed window in b.
func (ClosedWindow) Decode(b []byte) (*health.ClosedWindow, error) {
	return wire.Decode(wire.Copying(b, closedWindowVersion), "closed window", closedWindowFields)
}

func closedWindowFields(f *wire.Fields, c *health.ClosedWindow) {
	pathFields(f, &c.Path)
	spanFields(f, &c.Span)
	tallyFields(f, &c.Tally)
	f.Bool(12, &c.Final)
	f.Int(13, (*int64)(&c.ClosedAt))
	f.Bool(14, &c.Plain)
}
