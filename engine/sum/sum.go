// Package sum is what a table keeps beside its rows: sums by name, to which callbacks add (stream.Context's Add). The
// engine keeps the sums of a partition in a reserved row, in the transaction that added to them and behind its rows. So
// a sum stays when its rows are gone, and a reader of the table can compare the two.
package sum

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/millrace/millrace/engine/position"
)

const (
	// Key is the reserved row that holds Sums.
	Key = position.Reserved + "sum"

	version = 1
)

// ErrMalformed is wrapped by errors about values that this package did not write.
var ErrMalformed = errors.New("sum: malformed")

// Sums are sums by name.
type Sums map[string]*big.Int

// Of returns the sum of a name, 0 if nothing was ever added to it. It must not be changed.
func (s Sums) Of(name string) *big.Int {
	if n := s[name]; n != nil {
		return n
	}
	return new(big.Int)
}

// Add adds n to a sum. It changes s, and no sum that Of has returned.
func (s Sums) Add(name string, n *big.Int) { s[name] = new(big.Int).Add(s.Of(name), n) }

// Append appends s to b: a version byte, then names in their order, each with its length before it, and the sum behind
// it: its sign (0: negative), the length of its magnitude, and that, largest byte first. Lengths are varints.
func (s Sums) Append(b []byte) []byte {
	b = append(b, version)
	for _, name := range slices.Sorted(maps.Keys(s)) {
		n := s[name]
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		sign := byte(1)
		if n.Sign() < 0 {
			sign = 0
		}
		b = append(b, sign)
		b = binary.AppendUvarint(b, uint64(len(n.Bytes())))
		b = append(b, n.Bytes()...)
	}
	return b
}

// Parse reads what Append wrote. No bytes are no sums.
func Parse(b []byte) (Sums, error) {
	s := Sums{}
	if len(b) == 0 {
		return s, nil
	}
	if b[0] != version {
		return nil, fmt.Errorf("%w: version", ErrMalformed)
	}
	for b = b[1:]; len(b) > 0; {
		name, rest, ok := cut(b)
		if !ok || len(rest) == 0 || rest[0] > 1 {
			return nil, fmt.Errorf("%w: name", ErrMalformed)
		}
		magnitude, behind, ok := cut(rest[1:])
		if !ok || s[string(name)] != nil {
			return nil, fmt.Errorf("%w: sum %q", ErrMalformed, name)
		}
		n := new(big.Int).SetBytes(magnitude)
		if rest[0] == 0 {
			n.Neg(n)
		}
		s[string(name)], b = n, behind
	}
	return s, nil
}

// cut takes bytes with their length before them from the front of b.
func cut(b []byte) (piece, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	return b[used : used+int(n)], b[used+int(n):], true
}
