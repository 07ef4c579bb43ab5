package store

import "strings"

// leafRows makes a leaf a little less than 3 KiB, a size that the allocator has.
const leafRows = 252

// leaf says where neighbouring rows are, in key order. For the collector it is one object with nothing to follow but
// the prefix.
type leaf struct {
	age    uint64 // of the tree when this was made: one that is older may be under a walk
	prefix string // which all keys have
	count  int
	slots  [leafRows]slot // last: the collector looks at nothing behind the last pointer
}

// slot says where a row is, and enough of its key to pass over it without a look there.
type slot struct {
	head uint32 // four bytes of the key behind the prefix, zeros if it has fewer
	place
}

func headOf(rest string) uint32 {
	var head uint32
	for i := range min(4, len(rest)) {
		head |= uint32(rest[i]) << (24 - 8*i)
	}
	return head
}

// find returns where the key is, or would be.
func (l *leaf) find(c chunks, key string) (i int, found bool) {
	if !strings.HasPrefix(key, l.prefix) {
		if key < l.prefix {
			return 0, false
		}
		return l.count, false
	}
	skip := len(l.prefix)
	rest := key[skip:]
	head := headOf(rest)
	low, high := 0, l.count
	for low < high {
		i = int(uint(low+high) >> 1)
		s := &l.slots[i]
		less := s.head < head
		if s.head == head {
			k := c.key(s.place)[skip:]
			if string(k) == rest {
				return i, true
			}
			less = string(k) < rest
		}
		if less {
			low = i + 1
		} else {
			high = i
		}
	}
	return low, false
}

// insert puts a row at i. The leaf must not be under a walk, nor full.
func (l *leaf) insert(c chunks, i int, key string, p place) {
	if l.count == 0 {
		l.prefix = strings.Clone(key)
	}
	if !strings.HasPrefix(key, l.prefix) {
		l.begin(c, common(key, l.prefix))
	}
	copy(l.slots[i+1:l.count+1], l.slots[i:l.count])
	l.slots[i] = slot{headOf(key[len(l.prefix):]), p}
	l.count++
}

func (l *leaf) remove(i int) {
	copy(l.slots[i:], l.slots[i+1:l.count])
	l.count--
}

// begin makes so many bytes of the first key the prefix of all.
func (l *leaf) begin(c chunks, size int) {
	l.prefix = string(c.key(l.slots[0].place)[:size])
	for i := range l.count {
		k := c.key(l.slots[i].place)[size:]
		l.slots[i].head = headOf(string(k[:min(len(k), 4)]))
	}
}

// common returns how many bytes two keys begin with alike.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// leafOf returns a leaf of some slots, all of which come one behind the other.
func leafOf(c chunks, age uint64, parts ...[]slot) *leaf {
	l := &leaf{age: age}
	for _, part := range parts {
		l.count += copy(l.slots[l.count:], part)
	}
	if l.count > 0 {
		l.begin(c, common(string(c.key(l.slots[0].place)), string(c.key(l.slots[l.count-1].place))))
	}
	return l
}

func (l *leaf) used() []slot { return l.slots[:l.count] }

// joinable tells whether two neighbours are one leaf better, which then has room for some more.
func joinable(left, right *leaf) bool { return left.count+right.count <= leafRows*3/4 }

// split returns two leaves instead of a full one in which a new row would come at i. Behind the last one begins a leaf
// of its own: keys that come in order fill their leaves.
func (l *leaf) split(c chunks, i int) (left, right *leaf) {
	if i == l.count {
		return l, &leaf{age: l.age}
	}
	return leafOf(c, l.age, l.slots[:l.count/2]), leafOf(c, l.age, l.slots[l.count/2:l.count])
}
