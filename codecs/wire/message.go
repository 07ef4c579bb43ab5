package wire

import "google.golang.org/protobuf/encoding/protowire"

// The functions below range over nested messages. The body of the loop is the description of the message, as the body
// of a loop over Fields.Next is that of a record, and must not break out of the loop:
//
//	for p := range wire.Each(f, 3, &h.Pauses) {
//		pauseFields(f, p)
//	}
//
// They are loops, and not calls that take a description, so that the compiler can inline them: neither the record nor
// Fields then has to be allocated for an unknown function.

// Message ranges over a message that is always written, even if it has no fields.
func (f *Fields) Message(n Number) func(yield func() bool) { return f.Optional(n, true) }

// Optional ranges over a message that is written where it is present.
func (f *Fields) Optional(n Number, present bool) func(yield func() bool) {
	return func(yield func() bool) {
		if f.number == n || f.writing && present {
			for m := f.open(n); m.next(f); {
				yield()
			}
		}
	}
}

// Value ranges over a message that is written unless it is zero.
func Value[T comparable](f *Fields, n Number, p *T) func(yield func() bool) {
	return func(yield func() bool) {
		var zero T
		if f.number == n {
			*p = zero
		}
		if f.number == n || f.writing && *p != zero {
			for m := f.open(n); m.next(f); {
				yield()
			}
		}
	}
}

// Pointer ranges over a message that is written unless *p is nil, and made where it is read.
func Pointer[T any](f *Fields, n Number, p **T) func(yield func(*T) bool) {
	return func(yield func(*T) bool) {
		if f.number == n {
			*p = new(T)
		}
		if f.number == n || f.writing && *p != nil {
			for m := f.open(n); m.next(f); {
				yield(*p)
			}
		}
	}
}

// Each ranges over the elements of a list, each of which is a message of its own. What is read is appended.
func Each[T any](f *Fields, n Number, list *[]T) func(yield func(*T) bool) {
	return func(yield func(*T) bool) {
		for i := 0; f.number == n || f.writing && i < len(*list); i++ {
			if !f.writing {
				var zero T
				*list = append(*list, zero)
				i = len(*list) - 1
			}
			for m := f.open(n); m.next(f); {
				yield(&(*list)[i])
			}
		}
	}
}

// EachPointer is Each for a list of pointers.
func EachPointer[T any](f *Fields, n Number, list *[]*T) func(yield func(*T) bool) {
	return func(yield func(*T) bool) {
		for i := 0; f.number == n || f.writing && i < len(*list); i++ {
			if !f.writing {
				*list = append(*list, new(T))
				i = len(*list) - 1
			}
			for m := f.open(n); m.next(f); {
				yield((*list)[i])
			}
		}
	}
}

// Elements ranges over the elements of a list, of which the body of the loop describes field n: for elements of which
// more is to be said than their fields. What is read is appended, and is zero until the body has taken the field.
func Elements[T any](f *Fields, n Number, list *[]T) func(yield func(*T) bool) {
	return func(yield func(*T) bool) {
		if f.writing {
			for i := range *list {
				yield(&(*list)[i])
			}
		}
		for f.number == n {
			var zero T
			*list = append(*list, zero)
			yield(&(*list)[len(*list)-1])
		}
	}
}

// message is a nested message that is being written or read.
type message struct {
	begun bool
	from  int // writing: behind its length; reading: where the message around it goes on
	end   int // of the message around it
}

func (f *Fields) open(n Number) message {
	if f.writing {
		f.tag(n, protowire.BytesType)
		f.b = append(f.b, 0) // the length, mostly a byte
		return message{from: len(f.b)}
	}
	m := message{from: f.at, end: f.end}
	f.at, f.end = f.from, f.to
	f.step()
	return m
}

// next reports whether the description of the message has to run, or to run again, and ends the message otherwise.
func (m *message) next(f *Fields) bool {
	if !m.begun {
		m.begun, f.moved = true, false
		return true // also for a message without fields: its description may have more to do than to read them
	}
	if f.writing {
		f.close(m.from)
		return false
	}
	if f.pending() {
		return true
	}
	if f.at, f.end = m.from, m.end; f.err == nil {
		f.step()
	}
	return false
}

// close writes the length of the message that begins at start, before it.
func (f *Fields) close(start int) {
	size := len(f.b) - start
	if size < 0x80 {
		f.b[start-1] = byte(size)
		return
	}
	more := protowire.SizeVarint(uint64(size)) - 1
	f.b = append(f.b, make([]byte, more)...)
	copy(f.b[start+more:], f.b[start:start+size])
	protowire.AppendVarint(f.b[:start-1], uint64(size))
}
