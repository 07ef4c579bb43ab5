package codecs

import (
	"encoding/binary"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// packer writes values one after the other, without tags: for what a row has thousands of. Texts that come again and again are
// words, which are written once for the whole row.
type packer struct {
	b     []byte
	words *words
}

// words numbers texts in the order in which they were first used.
type words struct {
	list  []string
	index map[string]int
}

func newWords() *words { return &words{index: map[string]int{}} }

func (p *packer) uint(v uint64) { p.b = binary.AppendUvarint(p.b, v) }

func (p *packer) int(v int64) { p.b = binary.AppendVarint(p.b, v) }

func (p *packer) word(text string) {
	i, known := p.words.index[text]
	if !known {
		i = len(p.words.list)
		p.words.index[text], p.words.list = i, append(p.words.list, text)
	}
	p.uint(uint64(i))
}

// unpacker reads what a packer wrote. After something that no packer writes it reads zeros, and bad is true.
type unpacker struct {
	b     []byte
	words []string
	bad   bool
}

func (u *unpacker) uint() uint64 {
	v, n := binary.Uvarint(u.b)
	return skip(u, v, n)
}

func (u *unpacker) int() int64 {
	v, n := binary.Varint(u.b)
	return skip(u, v, n)
}

func skip[T any](u *unpacker, v T, n int) T {
	if n <= 0 || u.bad {
		var zero T
		u.b, u.bad = nil, true
		return zero
	}
	u.b = u.b[n:]
	return v
}

// count reads the length of a list, whose elements take a byte at least.
func (u *unpacker) count() int {
	n := u.uint()
	if n > uint64(len(u.b)) {
		u.b, u.bad = nil, true
		return 0
	}
	return int(n)
}

func (u *unpacker) word() string {
	i := u.uint()
	if i >= uint64(len(u.words)) {
		u.b, u.bad = nil, true
		return ""
	}
	return u.words[i]
}

func (u *unpacker) bytes(n int) []byte {
	if n > len(u.b) {
		u.b, u.bad = nil, true
		return make([]byte, n)
	}
	out := u.b[:n]
	u.b = u.b[n:]
	return out
}

// times packs moments that mostly lie as far apart as the two before: of each only by how much it does not.
type times struct{ last, step int64 }

func (t *times) pack(p *packer, at instant.Milli) {
	step := int64(at) - t.last
	p.int(step - t.step)
	t.last, t.step = int64(at), step
}

func (t *times) unpack(u *unpacker) instant.Milli {
	t.step += u.int()
	t.last += t.step
	return instant.Milli(t.last)
}

// listOf reads a list, nil if it is empty.
func listOf[T any](u *unpacker, each func() T) []T {
	n := u.count()
	if n == 0 {
		return nil
	}
	list := slices.Grow([]T(nil), min(n, 64))
	for range n {
		if u.bad {
			break
		}
		list = append(list, each())
	}
	return list
}
