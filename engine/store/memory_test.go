package store

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// check says what is wrong with a store's bookkeeping.
func (m *memory) check() error {
	c, s := m.rows.space.chunks, &m.rows.space
	found := make([]int, len(c)) // bytes of rows in each chunk
	last, rows := "", 0
	var walk func(b *branch, from, to string, root bool) error
	walk = func(b *branch, from, to string, root bool) error {
		if b.width() == 0 && !root || b.width() > branchWidth || len(b.parts) != max(b.width()-1, 0) || len(b.leaves) > 0 && b.kids != nil {
			return fmt.Errorf("a branch of %d leaves, %d branches, %d parts", len(b.leaves), len(b.kids), len(b.parts))
		}
		for i := range b.width() {
			low, high := from, to
			if i > 0 {
				low = b.parts[i-1]
			}
			if i < len(b.parts) {
				high = b.parts[i]
			}
			if b.kids != nil {
				if err := walk(b.kids[i], low, high, false); err != nil {
					return err
				}
				continue
			}
			l := b.leaves[i]
			if l.count == 0 {
				return fmt.Errorf("a leaf without rows")
			}
			for _, slot := range l.used() {
				k, _, size := c.row(slot.place)
				key := string(k)
				if rows > 0 && key <= last || key < low || high != "" && key >= high || !strings.HasPrefix(key, l.prefix) || slot.head != headOf(key[len(l.prefix):]) {
					return fmt.Errorf("key %q after %q in [%q, %q) with prefix %q and head %x", key, last, low, high, l.prefix, slot.head)
				}
				if s.isGone(slot.place) {
					return fmt.Errorf("key %q is where nothing is", key)
				}
				found[slot.chunk] += size
				last = key
				rows++
			}
		}
		return nil
	}
	if err := walk(m.rows.root, "", "", true); err != nil {
		return err
	}
	held, live := 0, 0
	for i, b := range c {
		held, live = held+len(b), live+found[i]
		if found[i] != s.books[i].live || s.books[i].used > len(b) || b == nil != slices.Contains(s.free, uint32(i)) {
			return fmt.Errorf("chunk %d of %d has %d bytes of rows, its book says %+v", i, len(b), found[i], s.books[i])
		}
	}
	if held != s.held || live != s.live {
		return fmt.Errorf("%d bytes, %d of rows; the books say %d, %d", held, live, s.held, s.live)
	}
	return nil
}

// size returns what a store takes.
func (m *memory) size() int {
	s := &m.rows.space
	total := s.held + cap(s.chunks)*int(unsafe.Sizeof([]byte{})) + cap(s.books)*int(unsafe.Sizeof(book{})) + 4*cap(s.free)
	for _, b := range s.books {
		total += 8 * cap(b.gone)
	}
	var add func(b *branch)
	add = func(b *branch) {
		total += int(unsafe.Sizeof(*b)) + cap(b.parts)*int(unsafe.Sizeof("")) + 8*(cap(b.leaves)+cap(b.kids))
		for _, part := range b.parts {
			total += len(part)
		}
		for _, l := range b.leaves {
			total += int(unsafe.Sizeof(*l)) + len(l.prefix)
		}
		for _, kid := range b.kids {
			add(kid)
		}
	}
	add(m.rows.root)
	return total
}

func newMemory(t testing.TB) *memory {
	t.Helper()
	s, err := Memory{}.Open("t", 0)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*memory)
}

// habit is how a run writes.
type habit struct {
	keys    int
	key     func(r *rand.Rand, i int) string
	size    func(r *rand.Rand) int
	deletes float64
}

func drawHabit(t *rapid.T) habit {
	ahead := 0
	keys := []func(*rand.Rand, int) string{
		func(_ *rand.Rand, i int) string { return fmt.Sprintf("usr_%07d", i*7919) },
		func(_ *rand.Rand, i int) string { return strings.Repeat("k", i%70) + string(rune(i/70)) },
		func(_ *rand.Rand, i int) string { return string([]byte{0, byte(i >> 8), byte(i), 0}[i%3:]) },
		func(_ *rand.Rand, i int) string { return fmt.Sprint(i) },
		func(_ *rand.Rand, i int) string { ahead++; return fmt.Sprintf("due-%09d-%d", ahead/2, i%2) },
	}
	sizes := []func(*rand.Rand) int{
		func(*rand.Rand) int { return 0 },
		func(r *rand.Rand) int { return r.IntN(40) },
		func(r *rand.Rand) int { return r.IntN(3000) },
		func(r *rand.Rand) int { return 1 << r.IntN(17) },
		func(r *rand.Rand) int { return 900 + r.IntN(200) },
	}
	return habit{
		keys: rapid.SampledFrom([]int{3, 100, 2000}).Draw(t, "keys"), key: rapid.SampledFrom(keys).Draw(t, "key"),
		size: rapid.SampledFrom(sizes).Draw(t, "size"), deletes: rapid.SampledFrom([]float64{0.02, 0.3, 0.6}).Draw(t, "deletes"),
	}
}

// walked is a walk that was begun at some time, what it has to find, and what it found.
type walked struct {
	next      func() (string, []byte, bool)
	stop      func()
	want, got []string
}

func rowText(key string, value []byte) string {
	return fmt.Sprintf("%q %d %x", key, len(value), crc32.ChecksumIEEE(value))
}

func (m *memory) walk(model map[string][]byte) *walked {
	w := &walked{want: []string{}, got: []string{}}
	for _, key := range slices.Sorted(maps.Keys(model)) {
		w.want = append(w.want, rowText(key, model[key]))
	}
	w.next, w.stop = iter.Pull2(func(yield func(string, []byte) bool) { _ = m.Ascend("", "", yield) })
	if key, value, ok := w.next(); ok { // begins the walk
		w.got = append(w.got, rowText(key, value))
	}
	return w
}

func (w *walked) finish() error {
	defer w.stop()
	for key, value, ok := w.next(); ok; key, value, ok = w.next() {
		w.got = append(w.got, rowText(key, value))
	}
	if !slices.Equal(w.want, w.got) {
		return fmt.Errorf("a walk found %d rows, not the %d of its beginning", len(w.got), len(w.want))
	}
	return nil
}

// A memory store is a map in key order, however it was written: what it hands out stays as it was, a walk sees the rows
// of its beginning, and it takes no more than it says.
func TestMemoryIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, model := &memory{rows: newTree()}, map[string][]byte{}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		h := drawHabit(t)
		var walks []*walked
		var kept, copies [][]byte
		for range 10 {
			for range 8 {
				h.write(r, m, model)
			}
			if err := m.check(); err != nil {
				t.Fatal(err)
			}
			bytes := 0
			for key, want := range model {
				got, _ := m.Get(key)
				if got == nil || string(got) != string(want) || cap(got) != len(got) {
					t.Fatalf("%q is %d bytes, cap %d, not the %d written", key, len(got), cap(got), len(want))
				}
				kept, copies = append(kept, got), append(copies, want)
				bytes += len(key) + len(want)
			}
			if most := bytes*8/5 + 48*len(model) + 32<<10; m.size() > most {
				t.Fatalf("%d rows of %d bytes take %d, more than %d", len(model), bytes, m.size(), most)
			}
			switch walks = append(walks, m.walk(model)); r.IntN(12) {
			case 0:
				_ = m.Wipe()
				clear(model)
			case 1, 2:
				if err := walks[0].finish(); err != nil {
					t.Fatal(err)
				}
				walks = walks[1:]
			}
			from, to := h.key(r, r.IntN(h.keys)), h.key(r, r.IntN(h.keys))
			if got, want := m.between(from, to), keysOf(model, from, to); !slices.Equal(got, want) {
				t.Fatalf("[%q, %q): %q, not %q", from, to, got, want)
			}
		}
		for _, w := range walks {
			if err := w.finish(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range kept {
			if string(kept[i]) != string(copies[i]) {
				t.Fatal("a value that was handed out has changed")
			}
		}
	})
}

func (h habit) write(r *rand.Rand, m *memory, model map[string][]byte) {
	var rows []Row
	for range r.IntN(200) {
		row := Row{Key: h.key(r, r.IntN(h.keys))}
		if r.Float64() >= h.deletes {
			row.Value = bytes.Repeat([]byte{byte(r.Uint32())}, h.size(r))
			model[row.Key] = row.Value
		} else {
			delete(model, row.Key)
		}
		rows = append(rows, row)
	}
	_ = m.Apply(rows, Stamp{})
}

func (m *memory) between(from, to string) []string {
	keys := []string{}
	_ = m.Ascend(from, to, func(key string, _ []byte) bool { keys = append(keys, key); return true })
	return keys
}

func keysOf(model map[string][]byte, from, to string) []string {
	keys := []string{}
	for _, key := range slices.Sorted(maps.Keys(model)) {
		if key >= from && (to == "" || key < to) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Rows that are written again and again do not let one Apply do the work of many.
func TestMemoryTidiesUpInSteps(t *testing.T) {
	const keys, size = 2000, 500
	m, r := newMemory(t), rand.New(rand.NewPCG(1, 1))
	write := func() { _ = m.Apply([]Row{{fmt.Sprint(r.IntN(keys)), make([]byte, size)}}, Stamp{}) }
	for range 10 * keys {
		write()
	}
	places, all := map[string]place{}, 0
	for range 1000 {
		write()
		moved := 0
		for k := range keys {
			key := fmt.Sprint(k)
			if l, i, found := m.rows.root.find(m.rows.space.chunks, key); found && places[key] != l.slots[i].place {
				places[key] = l.slots[i].place
				moved++
			}
		}
		if all += moved; all > moved && moved > effort+2 {
			t.Fatalf("with one row %d moved", moved)
		}
	}
	if all < keys+1500 {
		t.Errorf("%d rows moved in all: nothing is tidied up", all-keys)
	}
}

// What is left of a table that was large is a small one.
func TestMemoryShrinks(t *testing.T) {
	m := newMemory(t)
	const rows, left = 30_000, 100
	for i := range rows {
		_ = m.Apply([]Row{{fmt.Sprint(i), []byte("value")}}, Stamp{})
	}
	full := m.size()
	for i := range rows {
		if i%(rows/left) != 0 {
			_ = m.Apply([]Row{{Key: fmt.Sprint(i)}}, Stamp{})
		}
	}
	if err := m.check(); err != nil || m.size() > 48*left+32<<10 || full > rows*48 {
		t.Errorf("%v; it takes %d bytes, and took %d", err, m.size(), full)
	}
	for i := range rows {
		_ = m.Apply([]Row{{Key: fmt.Sprint(i)}}, Stamp{})
	}
	if err := m.check(); err != nil || m.size() > 16<<10 {
		t.Errorf("%v; empty, it takes %d bytes", err, m.size())
	}
}

// Readers beside a writer see whole Applies only, and values that stay.
func TestMemoryReadersBesideAWriter(t *testing.T) {
	m := newMemory(t)
	const keys, rounds = 300, 400
	var done atomic.Bool
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var old []byte
			for !done.Load() {
				seen := map[byte]bool{}
				n := 0
				_ = m.Ascend("", "", func(key string, value []byte) bool {
					seen[value[0]] = true
					n++
					return true
				})
				if len(seen) > 1 || n != keys && n != 0 {
					t.Errorf("a walk saw %d rows of %d Applies", n, len(seen))
				}
				value, _ := m.Get("k7")
				for _, v := range [][]byte{old, value} {
					if len(v) > 0 && bytes.Count(v, v[:1]) != len(v) {
						t.Error("a value is of several writes")
					}
				}
				old = value
			}
		})
	}
	for i := range rounds {
		var rows []Row
		for k := range keys {
			rows = append(rows, Row{fmt.Sprintf("k%d", k), bytes.Repeat([]byte{byte(i)}, 1+(i*7+k*13)%900)})
		}
		_ = m.Apply(rows, Stamp{})
	}
	done.Store(true)
	readers.Wait()
	if err := m.check(); err != nil {
		t.Error(err)
	}
}
