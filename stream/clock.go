package stream

import (
	"encoding/binary"
	"time"
)

// clockMagic begins every clock record. No codec of Millrace begins a value with a zero byte: internal records begin with
// their version (from 1), JSON with a brace.
const clockMagic = "\x00clk"

// Clock is the record by which one partition tells the partitions downstream how far its event time is. A reader advances
// to the minimum over all Sources, so that a fast partition does not overrun a slow one.
type Clock struct {
	At      time.Time // millisecond precision
	Source  int32     // partition of the group that sends it
	Sources int32     // how many partitions that group has
}

func (c Clock) encode() []byte {
	b := append(make([]byte, 0, 24), clockMagic...)
	b = binary.AppendVarint(b, c.At.UnixMilli())
	b = binary.AppendUvarint(b, uint64(c.Source))
	return binary.AppendUvarint(b, uint64(c.Sources))
}

// decodeClock returns nil if b is no well-formed clock record; its codec then says what is wrong with it.
func decodeClock(b []byte) *Clock {
	if len(b) < len(clockMagic) || string(b[:len(clockMagic)]) != clockMagic {
		return nil
	}
	b = b[len(clockMagic):]
	at, n := binary.Varint(b)
	if n <= 0 {
		return nil
	}
	source, m := binary.Uvarint(b[n:])
	if m <= 0 {
		return nil
	}
	sources, k := binary.Uvarint(b[n+m:])
	if k <= 0 || sources == 0 || sources > 1<<16 || source >= sources {
		return nil
	}
	return &Clock{At: time.UnixMilli(at).UTC(), Source: int32(source), Sources: int32(sources)}
}

// ParseClock returns the clock record in b, if b is one. Readers outside goka (audits, tests) need it to tell clock records
// from values.
func ParseClock(b []byte) (Clock, bool) {
	c := decodeClock(b)
	if c == nil {
		return Clock{}, false
	}
	return *c, true
}
