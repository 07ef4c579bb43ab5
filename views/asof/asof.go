// Package asof makes and reads the tokens by which readers say how fresh an answer must be: for each table, the offset of
// its changelog that comes next, by partition. A token is opaque to clients; it only ever grows with time, so a reader that
// hands one back (`?min_as_of=`) never sees older state than before, whichever server answers.
package asof

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
)

// Position is the next changelog offset by table topic and partition.
type Position map[string]map[int32]int64

// ErrToken is returned for what is no token.
var ErrToken = errors.New("asof: not a token")

// MaxToken is the longest token that Parse looks at, in bytes.
const MaxToken = 64 << 10

const version = 1

// Encode returns p as a token: base64url without padding, the same for equal positions.
func (p Position) Encode() string {
	b := []byte{version}
	b = binary.AppendUvarint(b, uint64(len(p)))
	for _, topic := range sortedKeys(p) {
		b = binary.AppendUvarint(b, uint64(len(topic)))
		b = append(b, topic...)
		b = binary.AppendUvarint(b, uint64(len(p[topic])))
		for _, partition := range sortedKeys(p[topic]) {
			b = binary.AppendUvarint(b, uint64(uint32(partition)))
			b = binary.AppendVarint(b, p[topic][partition])
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Parse reads a token made by Encode. Every error is ErrToken.
func Parse(token string) (Position, error) {
	if token == "" || len(token) > MaxToken {
		return nil, ErrToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) == 0 || b[0] != version {
		return nil, ErrToken
	}
	r := reader{b: b[1:]}
	p := Position{}
	for range r.count() {
		topic := r.text()
		if _, twice := p[topic]; twice {
			return nil, ErrToken
		}
		offsets := map[int32]int64{}
		for range r.count() {
			partition := r.partition()
			offsets[partition] = r.offset()
		}
		p[topic] = offsets
	}
	if r.bad || len(r.b) > 0 {
		return nil, ErrToken
	}
	return p, nil
}

// Reached tells whether at is at least p on every partition that p names.
func (p Position) Reached(at Position) bool {
	for topic, offsets := range p {
		for partition, next := range offsets {
			if at[topic][partition] < next {
				return false
			}
		}
	}
	return true
}

// reader reads varints; after the first bad one it gives zeroes and counts of zero, so that loops end.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || r.bad {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count is bounded by what is left, since every entry takes at least one byte.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count()
	if r.bad {
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) partition() int32 {
	v := r.uvarint()
	if v > 1<<31-1 {
		r.bad = true
		return 0
	}
	return int32(v)
}

func (r *reader) offset() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 || v < 0 || r.bad {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func sortedKeys[K string | int32, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
