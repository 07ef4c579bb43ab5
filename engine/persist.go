package engine

import (
	"fmt"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// Persist is goka.Persist for rows that nobody changes: neither what Context.Value returned nor what Context.SetValue was given, not
// even after the callback. The engine then decodes a row once, however many callbacks read it, and encodes it once for each
// transaction that writes it. The codec must give back an equal row: what a callback reads may be the row that was set, or one
// that went through the codec. stream.Persist is such an edge already.
func Persist(c goka.Codec) goka.Edge { return goka.Persist(sharedCodec{c}) }

type sharedCodec struct{ goka.Codec }

func sharesRows(e goka.Edge) bool {
	_, ok := e.Codec().(sharedCodec)
	return ok || stream.SharesRows(e)
}

// encode never panics: rows are encoded outside of callbacks, too.
func encode(c goka.Codec, v any) (b []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the codec panics: %v", r)
		}
	}()
	return c.Encode(v)
}
