package mission

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
)

// earlier is the body of a row that another one follows, as far as it has not been gone over. The zero value is of no
// row.
type earlier struct{ rest []byte }

func earlierBody(raw []byte) earlier {
	if len(raw) == 0 {
		return earlier{}
	}
	return earlier{raw[1:]} // without the version
}

// seek goes to the first field of a number, of a body that has its fields in the order of their numbers.
func (e *earlier) seek(number protowire.Number) {
	for len(e.rest) > 0 {
		found, kind, n := protowire.ConsumeTag(e.rest)
		if n < 0 || found >= number {
			return
		}
		size := protowire.ConsumeFieldValue(found, kind, e.rest[n:])
		if size < 0 {
			e.rest = nil
			return
		}
		e.rest = e.rest[n+size:]
	}
}

// messages returns the next n fields, which are nested messages with numbers below 16, and goes past them; nil if they
// are not there.
func (e *earlier) messages(n int) []byte {
	at := 0
	for range n {
		if at >= len(e.rest) {
			return nil
		}
		size, used := protowire.ConsumeVarint(e.rest[at+1:])
		if used < 0 || size > uint64(len(e.rest)-at-1-used) {
			return nil
		}
		at += 1 + used + int(size)
	}
	out := e.rest[:at]
	e.rest = e.rest[at:]
	return out
}

// list writes one nested message for each element of a list. Those of runs that the earlier row has, too, are copied:
// elements are immutable, and what is written of one hangs on nothing but itself and the one before it.
type list[T comparable] struct {
	field wire.Number
	// order tells which comes first of an element of the earlier list and one of this, as far as the lists have an
	// order.
	order func(old, v T) int
	// alike tells whether what follows old is written as what follows v. Before the first element there is the zero
	// value.
	alike func(old, v T) bool
}

// write calls element for what is not copied. It does not hand on f, which then need not be allocated.
func (l list[T]) write(f *wire.Fields, elements, old []T, from *earlier, element func(before, v T)) {
	from.seek(l.field)
	var last, lastOld T
	for len(elements) > 0 {
		if n := common(elements, old); n > 0 && l.alike(lastOld, last) {
			raw := from.messages(n)
			if raw == nil { // it was not encoded from these
				old = nil
				continue
			}
			f.Raw(raw)
			last, lastOld = elements[n-1], old[n-1]
			elements, old = elements[n:], old[n:]
			continue
		}
		order := 1
		if len(old) > 0 {
			order = l.order(old[0], elements[0])
		}
		if order <= 0 {
			from.messages(1)
			lastOld, old = old[0], old[1:]
		}
		if order >= 0 {
			element(last, elements[0])
			last, elements = elements[0], elements[1:]
		}
	}
}

// common returns how many elements two lists begin with alike.
func common[T comparable](a, b []T) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
