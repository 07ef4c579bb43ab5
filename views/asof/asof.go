// Package asof makes and reads the tokens by which readers say how fresh an answer must be. A token holds how far the
// inputs of the answering groups were read, by partition. It is opaque to clients and only grows with time, so a reader
// that sends one back (`?min_as_of=`) never sees older state than before, whichever server answers. It covers no groups
// further down the stream.
package asof

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// Position is, by table topic and by partition of it, the offset that comes next of each input topic of the table's
// group. Under the table's own topic it is the next offset of the changelog.
type Position map[string]map[int32]map[string]int64

// Changelogs returns the position of tables whose changelogs were read up to ends, by table topic and partition.
func Changelogs(ends map[string]map[int32]int64) Position {
	p := Position{}
	for table, partitions := range ends {
		p[table] = map[int32]map[string]int64{}
		for partition, next := range partitions {
			p[table][partition] = map[string]int64{table: next}
		}
	}
	return p
}

// errToken is returned for what is no token.
var errToken = errors.New("asof: not a token")

// maxToken is the longest token that Parse looks at, in bytes.
const maxToken = 64 << 10

// version is that of the form below. Version 1 held changelog offsets alone.
const version = 2

const sumBytes = 4

// Encode returns p as a token: base64url without padding, the same for equal positions. It holds a version byte, then
// the tables by name, each with the names of its topics and its partitions with an offset for each topic, plus 1, 0
// standing for none; then a CRC-32C over all of it. Integers are varints; whatever repeats has its count before it.
func (p Position) Encode() string {
	b := []byte{version}
	b = binary.AppendUvarint(b, uint64(len(p)))
	for _, table := range sortedKeys(p) {
		b = appendText(b, table)
		topics := topicsOf(p[table])
		b = binary.AppendUvarint(b, uint64(len(topics)))
		for _, topic := range topics {
			b = appendText(b, topic)
		}
		b = binary.AppendUvarint(b, uint64(len(p[table])))
		for _, partition := range sortedKeys(p[table]) {
			b = binary.AppendUvarint(b, uint64(uint32(partition)))
			for _, topic := range topics {
				next, ok := p[table][partition][topic]
				if ok {
					next++
				}
				b = binary.AppendUvarint(b, uint64(next))
			}
		}
	}
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, sum(b)))
}

// Parse reads a token made by Encode. Every error is ErrToken.
func Parse(token string) (Position, error) {
	if token == "" || len(token) > maxToken {
		return nil, errToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) <= sumBytes || b[0] != version {
		return nil, errToken
	}
	b, tail := b[:len(b)-sumBytes], b[len(b)-sumBytes:]
	if sum(b) != binary.BigEndian.Uint32(tail) {
		return nil, errToken
	}
	r := reader{b: b[1:]}
	p := Position{}
	for range r.count() {
		table := r.text()
		if _, twice := p[table]; twice {
			return nil, errToken
		}
		p[table] = r.partitions()
	}
	if r.bad || len(r.b) > 0 {
		return nil, errToken
	}
	return p, nil
}

func sum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func topicsOf(partitions map[int32]map[string]int64) []string {
	all := map[string]bool{}
	for _, offsets := range partitions {
		for topic := range offsets {
			all[topic] = true
		}
	}
	return sortedKeys(all)
}

// reader reads varints; after the first bad one it gives zeroes and counts of zero, so that loops end.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) partitions() map[int32]map[string]int64 {
	var topics []string
	for range r.count() {
		topics = append(topics, r.text())
	}
	all := map[int32]map[string]int64{}
	for range r.count() {
		partition := r.partition()
		if all[partition] != nil {
			r.bad = true
		}
		offsets := map[string]int64{}
		for _, topic := range topics {
			if next := r.offset(); next > 0 {
				offsets[topic] = next - 1
			}
		}
		all[partition] = offsets
	}
	return all
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
	v := r.uvarint()
	if v > 1<<63-1 {
		r.bad = true
		return 0
	}
	return int64(v)
}

func sortedKeys[K string | int32, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
