package watermark

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// magic begins the value of every watermark record: a zero byte, with which no codec's value begins, then three
// letters.
const magic = "\x00wmk"

// ErrMalformed is wrapped by every error of this package's codecs.
var ErrMalformed = errors.New("watermark: malformed")

// maxSources bounds what one record makes a reader allocate.
const maxSources = 1 << 16

// Record is the word of one source: a partition of a group, to every partition of the group's outputs.
type Record struct {
	Origin  string // group that sends it: several may write one topic
	Source  int32  // partition of that group
	Sources int32  // how many partitions the group has
	Time    int64  // None: it does not know yet
	// Idle: it had no record for a while and nothing waits to be read, so it is not waited for. With Time None it never
	// had one.
	Idle    bool
	Elapsed int64 // milliseconds of wall time from its last record until it last saw its end, while idle
}

func (r Record) valid() bool {
	return r.Sources > 0 && r.Sources <= maxSources && r.Source >= 0 && r.Source < r.Sources &&
		len(r.Origin) <= 1<<10 &&
		(r.Time == None || valid(r.Time)) && r.Elapsed >= 0 && r.Elapsed <= maxTime &&
		(r.Elapsed == 0 || r.Idle && r.Time != None)
}

// Is tells whether a value claims to be a watermark record.
func Is(value []byte) bool { return bytes.HasPrefix(value, []byte(magic)) }

// Form of a record, after Magic: flags (bit 0 idle, bit 1 time known; the others are for later forms), source, sources,
// length of origin and origin, time if known, elapsed if idle. Integers are varints, time is zigzag.
const (
	flagIdle byte = 1 << iota
	flagTime
)

// Append appends the record's bytes to b.
func (r Record) Append(b []byte) []byte {
	var flags byte
	if r.Idle {
		flags |= flagIdle
	}
	if r.Time != None {
		flags |= flagTime
	}
	b = append(append(b, magic...), flags)
	b = binary.AppendUvarint(b, uint64(r.Source))
	b = binary.AppendUvarint(b, uint64(r.Sources))
	b = appendString(b, r.Origin)
	if r.Time != None {
		b = binary.AppendVarint(b, r.Time)
	}
	if r.Idle {
		b = binary.AppendUvarint(b, uint64(r.Elapsed))
	}
	return b
}

// Decode is the inverse of Append. It takes nothing that Append would not write.
func Decode(value []byte) (Record, error) {
	if !Is(value) {
		return Record{}, fmt.Errorf("%w record: no magic", ErrMalformed)
	}
	d := decoder{b: value[len(magic):]}
	flags := d.byte()
	r := Record{Source: d.int32(), Sources: d.int32(), Origin: d.string(), Time: None, Idle: flags&flagIdle != 0}
	if flags&flagTime != 0 {
		r.Time = d.varint()
	}
	if r.Idle {
		r.Elapsed = int64(d.uvarint())
	}
	if d.failed || len(d.b) > 0 || flags > flagIdle|flagTime || flags&flagTime != 0 && r.Time == None || !r.valid() ||
		!bytes.Equal(r.Append(nil), value) {
		return Record{}, fmt.Errorf("%w record of %d bytes", ErrMalformed, len(value))
	}
	return r, nil
}
