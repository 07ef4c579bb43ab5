package timer

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Within a key a zero byte is followed by escaped, and its end is a zero byte followed by end, which sorts first: so
// bytes compare as the keys do, whichever of them begins with the other.
const (
	end     = 0x01
	escaped = 0xff
	signBit = 1 << 63
)

// Overhead is how many bytes AppendKey adds to name and key, besides one for each zero byte of the key.
const Overhead = 10

// AppendKey appends t's bytes to b: due time (8 bytes, big endian, sign bit flipped), key, name. They sort as timers
// do.
func AppendKey(b []byte, t Timer) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.Due)^signBit)
	for rest, zero := t.Key, 0; zero >= 0; {
		if zero = strings.IndexByte(rest, 0); zero < 0 {
			b = append(b, rest...)
			break
		}
		b = append(append(b, rest[:zero]...), 0, escaped)
		rest = rest[zero+1:]
	}
	return append(append(b, 0, end), t.Name...)
}

// ParseKey is the inverse of AppendKey. It takes nothing that AppendKey would not write.
func ParseKey(key string) (Timer, error) {
	if len(key) < 8 {
		return Timer{}, fmt.Errorf("%w key of %d bytes", ErrMalformed, len(key))
	}
	t := Timer{Due: int64(binary.BigEndian.Uint64([]byte(key[:8])) ^ signBit)}
	rest := key[8:]
	var parts strings.Builder
	for {
		zero := strings.IndexByte(rest, 0)
		if zero < 0 || zero+1 == len(rest) {
			return Timer{}, fmt.Errorf("%w key: no end in %d bytes", ErrMalformed, len(key))
		}
		before, mark := rest[:zero], rest[zero+1]
		rest = rest[zero+2:]
		switch mark {
		case end:
			t.Key, t.Name = before, rest
			if parts.Len() > 0 {
				parts.WriteString(before)
				t.Key = parts.String()
			}
			return t, nil
		case escaped:
			parts.WriteString(before)
			parts.WriteByte(0)
		default:
			return Timer{}, fmt.Errorf("%w key: byte %#x after a zero", ErrMalformed, mark)
		}
	}
}

// Value returns the value of a pending timer in topic and store: a version, since all is in the key.
func Value() []byte { return []byte{1} }

// CheckValue tells whether a value that is no tombstone is one that this version can read.
func CheckValue(b []byte) error {
	if string(b) != string(Value()) {
		return fmt.Errorf("%w value of %d bytes", ErrMalformed, len(b))
	}
	return nil
}
