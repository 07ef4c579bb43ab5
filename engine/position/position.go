// Package position is what a group's table records about its inputs: how far each was read when the rows were written.
// The engine keeps it in a reserved row of each partition of the table, in the transaction that changed the rows and
// behind them. So a reader of the table knows as of when it answers, even if it has read only a part of the
// transaction.
package position

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

const (
	// Reserved begins the keys of rows that belong to the engine; keys of users do not begin with it.
	Reserved = "\x00"
	// Key is the reserved row that holds a Position.
	Key = Reserved + "pos"

	version = 1
)

// ErrMalformed is wrapped by errors about values that this package did not write.
var ErrMalformed = errors.New("position: malformed")

// Position is the offset to be read next of each input topic, in the partition that has the number of the table's.
type Position map[string]int64

// IsReserved tells whether a key belongs to the engine.
func IsReserved(key string) bool { return len(key) > 0 && key[0] == Reserved[0] }

// Append appends p to b: a version byte, then topics by name, each with its length before it and its offset behind it,
// as varints.
func (p Position) Append(b []byte) []byte {
	b = append(b, version)
	for _, topic := range slices.Sorted(maps.Keys(p)) {
		b = binary.AppendUvarint(b, uint64(len(topic)))
		b = append(b, topic...)
		b = binary.AppendUvarint(b, uint64(p[topic]))
	}
	return b
}

// Parse reads what Append wrote.
func Parse(b []byte) (Position, error) {
	if len(b) == 0 || b[0] != version {
		return nil, fmt.Errorf("%w: version", ErrMalformed)
	}
	p := Position{}
	for b = b[1:]; len(b) > 0; {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return nil, fmt.Errorf("%w: topic", ErrMalformed)
		}
		topic := string(b[used : used+int(n)])
		b = b[used+int(n):]
		at, used := binary.Uvarint(b)
		if used <= 0 || at > math.MaxInt64 {
			return nil, fmt.Errorf("%w: offset of %q", ErrMalformed, topic)
		}
		p[topic], b = int64(at), b[used:]
	}
	return p, nil
}
