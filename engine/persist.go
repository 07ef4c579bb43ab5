package engine

import (
	"fmt"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// Persist is goka.Persist for rows that nobody changes: neither what Context.Value returned nor what Context.SetValue
// was given, not even after the callback. The engine then decodes a row once, however many callbacks read it, and
// encodes it once for each transaction that writes it. The codec must give back an equal row: what a callback reads may
// be the row that was set, or one that went through the codec. stream.Persist is such an edge already. A codec with a
// method EncodeAfter, as stream.Amender has it but of type any, amends rows.
func Persist(c goka.Codec) goka.Edge { return goka.Persist(sharedCodec{c}) }

type sharedCodec struct{ goka.Codec }

// amender is a goka.Codec that makes the bytes of a row of those of the row before it, see stream.Amender.
type amender interface {
	EncodeAfter(v, before any, raw []byte) ([]byte, error)
}

func amenderOf(c goka.Codec) amender {
	if shared, ok := c.(sharedCodec); ok {
		c = shared.Codec
	}
	a, _ := c.(amender)
	return a
}

func sharesRows(e goka.Edge) bool {
	_, ok := e.Codec().(sharedCodec)
	return ok || stream.SharesRows(e)
}

// encode never panics: rows are encoded outside of callbacks, too.
func encode(c goka.Codec, v any) (b []byte, err error) {
	defer recoverCodec(&err)
	return c.Encode(v)
}

// amend is encode for a row of which the one before is known, with its bytes.
func amend(a amender, v any, before cachedRow) (b []byte, err error) {
	defer recoverCodec(&err)
	return a.EncodeAfter(v, before.row, before.raw)
}

func recoverCodec(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the codec panics: %v", r)
	}
}
