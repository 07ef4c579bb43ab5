package wire

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Reader steps over the fields of a body like bufio.Scanner over lines. Its strings are parts of the body, so a record with
// many text fields costs one allocation for all of them; they keep the whole body alive, so a codec whose strings go into
// long-lived rows uses Read, which copies.
type Reader struct {
	rest   string
	number protowire.Number
	num    uint64
	text   string
	err    error
}

// NewReader checks the version byte of body, which may be that of older ones as well.
func NewReader(body string, version byte, older ...byte) Reader {
	switch {
	case body == "":
		return Reader{err: ErrTruncated}
	case body[0] != version && !slices.Contains(older, body[0]):
		return Reader{err: fmt.Errorf("%w %d, want %d", ErrVersion, body[0], version)}
	default:
		return Reader{rest: body[1:]}
	}
}

// Next steps to the next field, false at the end or at an error.
func (r *Reader) Next() bool {
	if r.err != nil || r.rest == "" {
		return false
	}
	tag := r.varint()
	number, kind := protowire.DecodeTag(tag)
	if r.err != nil || number < protowire.MinValidNumber {
		return r.fail()
	}
	r.number, r.num, r.text = number, 0, ""
	switch kind {
	case protowire.VarintType:
		r.num = r.varint()
	case protowire.Fixed64Type:
		for i, c := range []byte(r.take(8)) {
			r.num |= uint64(c) << (8 * i)
		}
	case protowire.Fixed32Type:
		r.take(4)
	case protowire.BytesType:
		r.text = r.take(r.varint())
	default:
		return r.fail() // groups: no version ever wrote one
	}
	return r.err == nil
}

// Err returns ErrTruncated or ErrVersion, wrapped, if the body could not be read to its end.
func (r *Reader) Err() error { return r.err }

// Refuse says that the value of the field at hand cannot be: the body is damaged.
func (r *Reader) Refuse() { r.fail() }

// Number returns the number of the field at hand.
func (r *Reader) Number() int { return int(r.number) }

// Int returns the value of a field written by Writer.Int.
func (r *Reader) Int() int64 { return protowire.DecodeZigZag(r.num) }

// Uint returns the value of a field written by Writer.Uint or Writer.Fixed64.
func (r *Reader) Uint() uint64 { return r.num }

// String returns the value of a string field, as part of the body.
func (r *Reader) String() string { return r.text }

// Bytes returns a copy of the value of a bytes field, nil if it is empty.
func (r *Reader) Bytes() []byte {
	if r.text == "" {
		return nil
	}
	return []byte(r.text)
}

// Message returns a Reader of a nested message, which has no version byte.
func (r *Reader) Message() Reader { return Reader{rest: r.text} }

// Inherit takes over the error of a nested message's Reader, so that a body damaged inside is damaged.
func (r *Reader) Inherit(nested *Reader) {
	if r.err == nil {
		r.err = nested.err
	}
}

func (r *Reader) fail() bool {
	r.err = ErrTruncated
	return false
}

func (r *Reader) varint() uint64 {
	var v uint64
	for i := 0; i < len(r.rest) && i < 10; i++ {
		c := r.rest[i]
		if i == 9 && c > 1 {
			break // more than 64 bits
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.fail()
	return 0
}

func (r *Reader) take(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.fail()
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}
