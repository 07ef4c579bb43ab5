package wire

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Number is the number of a field, from 1.
type Number = protowire.Number

// Fields runs the description of a record in either direction. A description is a function that names each field once,
// by its number, its kind and a pointer to its value:
//
//	func pauseFields(f *wire.Fields, p *Pause) {
//		f.Int(1, &p.From)
//		f.Int(2, &p.To)
//	}
//
// The literal numbers are the schema of the record and stand nowhere else. Give a number a name only if a second
// function uses it.
//
// Writing runs the description once and appends the fields in its order. Reading runs it until no field is left: a call
// whose number is that of the field at hand takes the value and steps to the next field. A body that was written by the
// same description takes one run. A field that a whole run does not take is unknown and is skipped. So fields are taken
// in the order of the body, whatever that is, and a description must bear being run more than once.
//
//	f := wire.Writing(1, 64)       f := wire.Reading(b, 1)
//	pauseFields(&f, p)             for f.Next() {
//	return f.Body()                	pauseFields(&f, p)
//	                               }
//	                               return f.Err()
type Fields struct {
	b       []byte
	shared  string // b as a string, of which texts are parts; empty if each text is a copy
	at, end int    // b[at:end] is what is left of the message at hand
	number  Number // of the field at hand; 0 if there is none, and when writing
	from    int    // the bytes of the field at hand are b[from:to]
	to      int
	num     uint64
	writing bool
	moved   bool // reading: the last run has taken a field
	err     error
}

// Writing returns Fields that append to a body of version, which has room for size bytes.
func Writing(version byte, size int) Fields {
	return Fields{b: append(make([]byte, 0, size), version), writing: true}
}

// Appending returns Fields that append to b, without a version.
func Appending(b []byte) Fields { return Fields{b: b, writing: true} }

// Reading returns Fields that read a body of version. Its texts are parts of one string, so a record with many texts
// costs one allocation for all of them. They keep that string alive: texts that go into long-lived rows are read by
// Copying.
func Reading(b []byte, version byte) Fields {
	f := Copying(b, version)
	f.shared = string(b)
	return f
}

// Copying is Reading with an allocation for each text.
func Copying(b []byte, version byte) Fields {
	switch {
	case len(b) == 0:
		return Fields{err: ErrTruncated}
	case b[0] != version:
		return Fields{err: fmt.Errorf("%w %d, want %d", ErrVersion, b[0], version)}
	}
	f := Fields{b: b, at: 1, end: len(b)}
	f.step()
	return f
}

// Next reports whether the description has to run, or to run again, so that all is read.
func (f *Fields) Next() bool { return f.pending() }

// pending reports whether there is a field that no run has taken. One that the last run has not taken is skipped.
func (f *Fields) pending() bool {
	if f.number != 0 && !f.moved {
		f.step()
	}
	f.moved = false
	return f.number != 0
}

// Writes reports whether the description runs to write.
func (f *Fields) Writes() bool { return f.writing }

// At reports whether the field at hand, which is read, has number n.
func (f *Fields) At(n Number) bool { return f.number == n }

// Body returns what was written.
func (f *Fields) Body() []byte { return f.b }

// Err returns why a body could not be read to its end: ErrTruncated or ErrVersion, wrapped, or what Fail was given.
func (f *Fields) Err() error { return f.err }

// Fail ends the reading because a value cannot be. The first error stays.
func (f *Fields) Fail(err error) {
	if f.err == nil {
		f.err = err
	}
	f.number, f.num, f.from, f.to, f.at = 0, 0, 0, 0, f.end
}

// Refuse is Fail with ErrTruncated: the body is damaged.
func (f *Fields) Refuse() { f.Fail(ErrTruncated) }

// step goes to the next field of the message at hand. Most tags, lengths and numbers take one byte.
func (f *Fields) step() {
	f.moved = true
	if f.at >= f.end {
		f.number = 0
		return
	}
	b, at := f.b[:f.end], f.at
	tag := uint64(b[at])
	if at++; tag >= 0x80 {
		tag, at = varint(b, at-1)
	}
	number := tag >> 3
	if at < 0 || number == 0 || number > math.MaxInt32 {
		f.Refuse()
		return
	}
	var v uint64
	kind := protowire.Type(tag & 7)
	if kind == protowire.VarintType || kind == protowire.BytesType {
		if at < len(b) && b[at] < 0x80 {
			v, at = uint64(b[at]), at+1
		} else if v, at = varint(b, at); at < 0 {
			f.Refuse()
			return
		}
	}
	f.number = Number(number)
	switch kind {
	case protowire.VarintType:
		f.num, f.from, f.to, f.at = v, 0, 0, at
	case protowire.BytesType:
		if v > uint64(len(b)-at) {
			f.Refuse()
			return
		}
		f.num, f.from, f.to, f.at = 0, at, at+int(v), at+int(v)
	default:
		f.fixed(b, at, kind)
	}
}

func (f *Fields) fixed(b []byte, at int, kind protowire.Type) {
	var size int
	switch kind {
	case protowire.Fixed64Type:
		f.num, size = protowire.ConsumeFixed64(b[at:])
	case protowire.Fixed32Type:
		_, size = protowire.ConsumeFixed32(b[at:])
		f.num = 0
	default: // groups: no version ever wrote one
		size = -1
	}
	if size < 0 {
		f.Refuse()
		return
	}
	f.from, f.to, f.at = 0, 0, at+size
}

// varint returns the number at b[at:] and where it ends, -1 if there is none.
func varint(b []byte, at int) (v uint64, end int) {
	v, n := protowire.ConsumeVarint(b[at:])
	if n < 0 {
		return 0, -1
	}
	return v, at + n
}
