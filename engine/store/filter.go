package store

import (
	"hash/maphash"
	"sync"
)

// filter knows which keys a store may have. Most look-ups of a table of payments are for payments that it does not know
// yet; where the store lies on disk, each would go through all of its files. It is made anew at each opening, while the
// store is in use: until all rows were added, any key may be there. Deleted keys stay in it.
//
// It is a row of Bloom filters, each twice as large as the one before; the bits of a key are within one block of 64
// bytes.
type filter struct {
	seed maphash.Seed

	mu     sync.RWMutex
	layers []layer
	whole  bool // all rows of the store were added
	over   bool // there are too many
}

type layer struct {
	blocks [][blockWords]uint64
	room   int // for so many more keys
}

const (
	blockWords   = 8
	keysPerBlock = 40 // 13 bits for each: less than one key in a hundred is found though it is not there
	bitsPerKey   = 6
	firstLayer   = 512 // blocks
	mostLayers   = 8   // 5 million keys in 8 MB; a store of more, deleted ones included, goes without
)

func newFilter() *filter { return &filter{seed: maphash.MakeSeed()} }

// add notes keys that the store has, or will have.
func (f *filter) add(keys func(yield func(key string))) {
	f.mu.Lock()
	defer f.mu.Unlock()
	keys(func(key string) { f.put(maphash.String(f.seed, key)) })
}

func (f *filter) put(h uint64) {
	if f.over || f.has(h) {
		return
	}
	n := len(f.layers)
	if n == 0 || f.layers[n-1].room == 0 {
		if n == mostLayers {
			f.over, f.layers = true, nil
			return
		}
		blocks := firstLayer << n
		f.layers = append(f.layers, layer{make([][blockWords]uint64, blocks), blocks * keysPerBlock})
		n++
	}
	l := &f.layers[n-1]
	l.room--
	block := l.block(h)
	for _, bit := range bitsOf(h) {
		block[bit/64] |= 1 << (bit % 64)
	}
}

func (f *filter) has(h uint64) bool {
	bits := bitsOf(h)
	for i := range f.layers {
		if within(f.layers[i].block(h), &bits) {
			return true
		}
	}
	return false
}

func (l *layer) block(h uint64) *[blockWords]uint64 {
	return &l.blocks[(h>>32*uint64(len(l.blocks)))>>32]
}

// bitsOf picks a key's bits of a block.
func bitsOf(h uint64) (bits [bitsPerKey]uint64) {
	h *= 0x9e3779b97f4a7c15 // the upper half of it has chosen the block
	for i := range bits {
		bits[i] = h >> (64 - 9*(i+1)) % (64 * blockWords)
	}
	return bits
}

func within(block *[blockWords]uint64, bits *[bitsPerKey]uint64) bool {
	for _, bit := range bits {
		if block[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// complete is called when all rows that the store had at its opening were added.
func (f *filter) complete() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.whole = true
}

// lacks tells that the store has no row of a key, for certain.
func (f *filter) lacks(key string) bool {
	h := maphash.String(f.seed, key)
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.whole && !f.over && !f.has(h)
}
