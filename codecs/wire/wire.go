// Package wire writes and reads the bodies of Millrace's internal records: a version byte, then fields in the protobuf wire
// format, by the protowire library and without generated code (ADR 0003). Zero values are not written. Unknown fields are
// skipped, so a new field needs no new version; a new version is for a changed meaning.
package wire

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrTruncated and ErrVersion are the ways in which a body can be unreadable.
var (
	ErrTruncated = errors.New("wire: truncated or damaged record")
	ErrVersion   = errors.New("wire: unknown record version")
)

// Writer appends fields to B.
type Writer struct{ B []byte }

// NewWriter returns a Writer whose body begins with version and has room for size bytes.
func NewWriter(version byte, size int) *Writer {
	return &Writer{B: append(make([]byte, 0, size), version)}
}

// Nested returns a Writer without a version byte, for a message inside another (see Writer.Message).
func Nested() *Writer { return &Writer{} }

// Int writes v zigzag-encoded unless it is zero.
func (w *Writer) Int(field protowire.Number, v int64) {
	if v != 0 {
		w.B = protowire.AppendTag(w.B, field, protowire.VarintType)
		w.B = protowire.AppendVarint(w.B, protowire.EncodeZigZag(v))
	}
}

// Uint writes v unless it is zero.
func (w *Writer) Uint(field protowire.Number, v uint64) {
	if v != 0 {
		w.B = protowire.AppendTag(w.B, field, protowire.VarintType)
		w.B = protowire.AppendVarint(w.B, v)
	}
}

// Fixed64 writes v in eight bytes unless it is zero; right for hashes and float bits.
func (w *Writer) Fixed64(field protowire.Number, v uint64) {
	if v != 0 {
		w.B = protowire.AppendTag(w.B, field, protowire.Fixed64Type)
		w.B = protowire.AppendFixed64(w.B, v)
	}
}

// Bool writes v unless it is false.
func (w *Writer) Bool(field protowire.Number, v bool) {
	if v {
		w.Uint(field, 1)
	}
}

// String writes v unless it is empty.
func (w *Writer) String(field protowire.Number, v string) {
	if v != "" {
		w.Element(field, v)
	}
}

// Element writes v even if it is empty: one element of a repeated field.
func (w *Writer) Element(field protowire.Number, v string) {
	w.B = protowire.AppendTag(w.B, field, protowire.BytesType)
	w.B = protowire.AppendString(w.B, v)
}

// Bytes writes v unless it is empty.
func (w *Writer) Bytes(field protowire.Number, v []byte) {
	if len(v) > 0 {
		w.B = protowire.AppendTag(w.B, field, protowire.BytesType)
		w.B = protowire.AppendBytes(w.B, v)
	}
}

// Message writes what fill appends as one nested message, even if that is nothing.
func (w *Writer) Message(field protowire.Number, fill func(*Writer)) {
	w.B = protowire.AppendTag(w.B, field, protowire.BytesType)
	start := len(w.B)
	fill(w)
	size := len(w.B) - start
	prefix := protowire.SizeVarint(uint64(size))
	w.B = append(w.B, make([]byte, prefix)...)
	copy(w.B[start+prefix:], w.B[start:start+size])
	protowire.AppendVarint(w.B[:start], uint64(size))
}

// Field is one field as read: Number, and the value in the form that the wire type gives it.
type Field struct {
	Number protowire.Number
	num    uint64
	bytes  []byte
}

// Int returns the value of a field written by Writer.Int.
func (f Field) Int() int64 { return protowire.DecodeZigZag(f.num) }

// Uint returns the value of a field written by Writer.Uint or Writer.Fixed64.
func (f Field) Uint() uint64 { return f.num }

// Bool returns the value of a field written by Writer.Bool.
func (f Field) Bool() bool { return f.num != 0 }

// String returns a copy of the value of a string field.
func (f Field) String() string { return string(f.bytes) }

// Bytes returns a copy of the value of a bytes field, nil if it is empty.
func (f Field) Bytes() []byte {
	if len(f.bytes) == 0 {
		return nil
	}
	return append([]byte(nil), f.bytes...)
}

// Packed returns the value of a bytes field as part of the body: it must not be changed, nor kept.
func (f Field) Packed() []byte { return f.bytes }

// Message calls each for the fields of a nested message.
func (f Field) Message(each func(Field) error) error { return ReadNested(f.bytes, each) }

// Read checks the version byte of b and calls each for every field, in order of writing.
func Read(b []byte, version byte, each func(Field) error) error {
	if len(b) == 0 {
		return ErrTruncated
	}
	if b[0] != version {
		return fmt.Errorf("%w %d, want %d", ErrVersion, b[0], version)
	}
	return ReadNested(b[1:], each)
}

// ReadNested is Read for a body without a version byte.
func ReadNested(b []byte, each func(Field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return ErrTruncated
		}
		b = b[n:]
		f := Field{Number: number}
		switch kind {
		case protowire.VarintType:
			f.num, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.num, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return ErrTruncated
		}
		b = b[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}
