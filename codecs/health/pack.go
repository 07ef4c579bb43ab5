package health

import (
	"encoding/binary"

	"github.com/millrace/millrace/domain/instant"
)

// packed runs the description of values without tags, one after the other, to write or to read them: for what a row has
// thousands of. Texts that come again and again are words, which are written once for the whole row. After something
// that nothing writes it reads zeros, and bad is true.
type packed struct {
	b      []byte
	words  *words
	writes bool
	bad    bool
}

// words numbers texts in the order in which they were first used.
type words struct {
	list  []string
	index map[string]int
}

func newWords() *words { return &words{index: map[string]int{}} }

func (p *packed) refuse() { p.b, p.bad = nil, true }

func (p *packed) uint(v *uint64) {
	if p.writes {
		p.b = binary.AppendUvarint(p.b, *v)
	} else {
		*v = p.readUint()
	}
}

func (p *packed) readUint() uint64 {
	v, n := binary.Uvarint(p.b)
	return step(p, v, n)
}

func (p *packed) int(v *int64) { p.from(v, 0) }

// from is a number as its distance from base.
func (p *packed) from(v *int64, base int64) {
	if p.writes {
		p.b = binary.AppendVarint(p.b, *v-base)
	} else {
		*v = base + p.readInt()
	}
}

func (p *packed) readInt() int64 {
	v, n := binary.Varint(p.b)
	return step(p, v, n)
}

func step[T any](p *packed, v T, n int) T {
	if n <= 0 || p.bad {
		var zero T
		p.refuse()
		return zero
	}
	p.b = p.b[n:]
	return v
}

// near is a time that is near base.
func (p *packed) near(v *instant.Milli, base instant.Milli) { p.from((*int64)(v), int64(base)) }

// time is 0 for a time that is not set; the others are near base.
func (p *packed) time(v *instant.Milli, base instant.Milli) {
	set := *v != 0
	if p.bool(&set); set {
		p.near(v, base)
	}
}

func (p *packed) count(v *int) {
	if p.writes {
		p.b = binary.AppendVarint(p.b, int64(*v))
	} else {
		*v = int(p.readInt())
	}
}

func (p *packed) bool(v *bool) {
	switch {
	case !p.writes:
		*v = p.readUint() != 0
	case *v:
		p.b = append(p.b, 1)
	default:
		p.b = append(p.b, 0)
	}
}

// kind is a number up to last.
func (p *packed) kind(v *uint8, last uint8) {
	if p.writes {
		p.b = binary.AppendUvarint(p.b, uint64(*v))
	} else {
		*v = p.known(p.readUint(), last)
	}
}

func (p *packed) known(n uint64, last uint8) uint8 {
	if n > uint64(last) {
		p.refuse()
		return 0
	}
	return uint8(n)
}

func (p *packed) word(v *string) {
	if p.writes {
		p.b = binary.AppendUvarint(p.b, uint64(p.words.number(*v)))
		return
	}
	n := p.readUint()
	if n >= uint64(len(p.words.list)) {
		p.refuse()
		return
	}
	*v = p.words.list[n]
}

func (w *words) number(text string) int {
	i, known := w.index[text]
	if !known {
		i = len(w.list)
		w.index[text], w.list = i, append(w.list, text)
	}
	return i
}

// raw is bytes of which it is known how many there are.
func (p *packed) raw(v []byte) {
	switch {
	case p.writes:
		p.b = append(p.b, v...)
	case len(v) > len(p.b):
		p.refuse()
	default:
		p.b = p.b[copy(v, p.b):]
	}
}

// times describes moments that mostly lie as far apart as the two before: each by how much it does not.
type times struct{ last, step int64 }

func (t *times) next(p *packed, v *instant.Milli) {
	step := int64(*v) - t.last
	more := step - t.step
	p.int(&more)
	if !p.writes {
		step = t.step + more
		*v = instant.Milli(t.last + step)
	}
	t.last, t.step = t.last+step, step
}

// packedList is a list, nil if it is empty. Its elements take a byte at least.
func packedList[T any](p *packed, list *[]T, element func(*T)) {
	if p.writes {
		p.b = binary.AppendUvarint(p.b, uint64(len(*list)))
		for i := range *list {
			element(&(*list)[i])
		}
		return
	}
	n := p.readUint()
	*list = nil
	if n > uint64(len(p.b)) {
		p.refuse()
		return
	}
	if n > 0 {
		*list = make([]T, 0, min(n, 64))
	}
	for i := 0; i < int(n) && !p.bad; i++ {
		var zero T
		*list = append(*list, zero)
		element(&(*list)[i])
	}
}
