package workload

import (
	"fmt"

	"github.com/goccy/go-json"
	"github.com/lovoo/goka"

	"github.com/millrace/millrace/codecs/wire"
)

// Codecs are the codecs of one kind: goka.Codec for each record.
type Codecs struct{ kind kind }

// JSON returns fast JSON codecs, by goccy/go-json.
func JSON() Codecs { return Codecs{asJSON} }

// Binary returns codecs of the protobuf wire format, by codecs/wire.
func Binary() Codecs { return Codecs{asBinary} }

// CodecNames are the names that Named takes.
func CodecNames() []string { return []string{"json", "binary"} }

// Named returns the codecs of a name.
func Named(name string) (Codecs, error) {
	switch name {
	case "json":
		return JSON(), nil
	case "binary":
		return Binary(), nil
	}
	return Codecs{}, fmt.Errorf("workload: codec %q: one of %v", name, CodecNames())
}

type kind int

const (
	asJSON kind = iota
	asBinary
)

// For returns the codec of a record of this package.
func (c Codecs) For(v any) goka.Codec {
	switch v.(type) {
	case *Event:
		return codec[Event, *Event](c)
	case *Account:
		return codec[Account, *Account](c)
	case *Posting:
		return codec[Posting, *Posting](c)
	default:
		return codec[Total, *Total](c)
	}
}

// Encode encodes a record of this package.
func (c Codecs) Encode(v any) ([]byte, error) { return c.For(v).Encode(v) }

// record is a pointer to one of the records.
type record[T any] interface {
	*T
	fields(f *wire.Fields)
}

// version of all binary records.
const version = 1

// roomy is enough for most records.
const roomy = 192

// codec is a goka.Codec of pointers to T.
type codec[T any, P record[T]] struct{ kind kind }

// Encode implements goka.Codec.
func (c codec[T, P]) Encode(v any) ([]byte, error) {
	p, ok := v.(P)
	if !ok {
		return nil, fmt.Errorf("workload: cannot encode %T", v)
	}
	if c.kind == asJSON {
		return json.Marshal(p)
	}
	f := wire.Writing(version, roomy)
	p.fields(&f)
	return f.Body(), nil
}

// Decode implements goka.Codec.
func (c codec[T, P]) Decode(b []byte) (any, error) {
	p := P(new(T))
	if c.kind == asJSON {
		return p, json.Unmarshal(b, p)
	}
	f := wire.Reading(b, version)
	for f.Next() {
		p.fields(&f)
	}
	return p, f.Err()
}
