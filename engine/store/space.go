package store

import "encoding/binary"

const (
	chunkBytes = 256 << 10 // of rows: what a value that somebody keeps can hold on to
	smallChunk = 4 << 10   // of a store that has little
	part       = 16        // of all that a store has is a chunk at most, unless it is small
	grain      = 16        // bytes that a row takes at least
	slack      = 0.4       // of the bytes of rows may be held in vain
	// bytes looked at, for each that is written, while more is: in a chunk that is the worst a quarter or more is waste
	effort = 4
)

// chunks are the bytes of rows, by number; nil: the number is free. What was written is never changed, so values can be
// handed out: a chunk that is given up lives on for as long as somebody has one.
type chunks [][]byte

// place says where a row is.
type place struct{ chunk, at uint32 }

// A row is the lengths of key and value, then both.
func rowSize(key string, value []byte) int {
	return max(grain, uvarintSize(len(key))+uvarintSize(len(value))+len(key)+len(value))
}

func uvarintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// row returns the row of a place, and how many bytes it takes.
func (c chunks) row(p place) (key, value []byte, size int) {
	b := c[p.chunk][p.at:]
	k, v, at := int(b[0]), int(b[1]), 2
	if k >= 0x80 || v >= 0x80 {
		long, n := binary.Uvarint(b)
		wide, m := binary.Uvarint(b[n:])
		k, v, at = int(long), int(wide), n+m
	}
	end := at + k + v
	return b[at : at+k], b[at+k : end : end], max(grain, end)
}

func (c chunks) key(p place) []byte {
	key, _, _ := c.row(p)
	return key
}

// space is where the rows of a store lie: in chunks, one behind the other, as they were written.
type space struct {
	chunks chunks
	shared bool // with a walk: copied before a number changes
	books  []book
	free   []uint32
	open   int // the chunk that is written to; none: -1
	held   int // bytes of all chunks
	live   int // of them those of rows
	victim int // the chunk whose rows move; none: -1
	cursor int // what lies before it has moved
}

// book is what the writer knows of a chunk.
type book struct {
	used, live int
	gone       []uint64 // a bit for each grain: a row began here that is no more
}

func newSpace() space { return space{open: none, victim: none} }

const none = -1

// write adds a row. A large one gets a chunk of its own.
func (s *space) write(key string, value []byte) place {
	size := rowSize(key, value)
	n := s.open
	if n == none || s.books[n].used+size > len(s.chunks[n]) {
		full := min(max(s.live/part, smallChunk), chunkBytes)
		if size > full/4 {
			n = s.add(size)
		} else {
			n = s.add(full)
			s.open = n
		}
	}
	b := &s.books[n]
	p := place{uint32(n), uint32(b.used)}
	row := s.chunks[n][b.used:b.used:len(s.chunks[n])]
	row = binary.AppendUvarint(row, uint64(len(key)))
	row = binary.AppendUvarint(row, uint64(len(value)))
	_ = append(append(row, key...), value...)
	b.used += size
	b.live += size
	s.live += size
	return p
}

func (s *space) add(size int) int {
	s.held += size
	opened := book{gone: make([]uint64, size/(64*grain)+1)}
	if last := len(s.free) - 1; last >= 0 {
		n := s.free[last]
		s.free = s.free[:last]
		s.own()
		s.chunks[n], s.books[n] = make([]byte, size), opened
		return int(n)
	}
	s.chunks = append(s.chunks, make([]byte, size)) // a walk does not look behind the end that it knows
	s.books = append(s.books, opened)
	return len(s.chunks) - 1
}

func (s *space) own() {
	if s.shared {
		s.chunks, s.shared = append(chunks(nil), s.chunks...), false
	}
}

// forget takes note that a row is no more. A chunk without rows is given up.
func (s *space) forget(p place) {
	_, _, size := s.chunks.row(p)
	b := &s.books[p.chunk]
	b.gone[p.at/grain/64] |= 1 << (p.at / grain % 64)
	b.live -= size
	s.live -= size
	if b.live == 0 && int(p.chunk) != s.open {
		s.release(int(p.chunk))
	}
}

func (s *space) isGone(p place) bool {
	return s.books[p.chunk].gone[p.at/grain/64]&(1<<(p.at/grain%64)) != 0
}

func (s *space) release(n int) {
	if n == s.victim {
		s.victim = none
	}
	s.own()
	s.held -= len(s.chunks[n])
	s.chunks[n], s.books[n] = nil, book{}
	s.free = append(s.free, uint32(n))
}

// next returns a place to look at because too much is held in vain: a row lies there, or lay, of so many bytes. None:
// there is nothing to do.
func (s *space) next() (p place, size int, more bool) {
	for s.victim == none {
		if s.waste() <= int(slack*float64(s.live))+2*smallChunk {
			return place{}, 0, false
		}
		n := s.worst()
		if n == s.open {
			s.open = none
		}
		if s.books[n].live == 0 {
			s.release(n)
			continue
		}
		s.victim, s.cursor = n, 0
	}
	p = place{uint32(s.victim), uint32(s.cursor)}
	_, _, size = s.chunks.row(p)
	s.cursor += size // never behind the last row: once that has moved, the chunk is given up
	return p, size, true
}

// waste returns how many bytes are held in vain.
func (s *space) waste() int {
	if s.open == none {
		return s.held - s.live
	}
	return s.held - s.live - s.rest()
}

// rest is what may be left of the open chunk.
func (s *space) rest() int {
	return min(len(s.chunks[s.open])-s.books[s.open].used, max(s.live/part, smallChunk))
}

// worst returns the chunk of which the largest part is waste.
func (s *space) worst() int {
	worst, most := none, -1.0
	for n, b := range s.chunks {
		if b == nil {
			continue
		}
		waste := len(b) - s.books[n].live
		if n == s.open {
			waste -= s.rest()
		}
		if share := float64(waste) / float64(len(b)); share > most {
			worst, most = n, share
		}
	}
	return worst
}
