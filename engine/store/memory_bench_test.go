package store

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/btree"
)

var benchRows = flag.Int("rows", 20_000, "rows in the tables of BenchmarkMemory")

// peer is a store as maps of strings to values make it: two objects a row.
type peer struct {
	memory
	mu   sync.RWMutex
	rows btree.Map[string, []byte]
}

func (p *peer) Get(key string) ([]byte, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	v, _ := p.rows.Get(key)
	return v, nil
}

func (p *peer) Ascend(from, to string, fn func(string, []byte) bool) error {
	p.mu.Lock()
	rows := p.rows.Copy()
	p.mu.Unlock()
	rows.Ascend(from, func(key string, value []byte) bool { return (to == "" || key < to) && fn(key, value) })
	return nil
}

func (p *peer) Apply(rows []Row, _ Stamp) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range rows {
		if r.Value == nil {
			p.rows.Delete(r.Key)
		} else {
			p.rows.Set(r.Key, append(make([]byte, 0, len(r.Value)), r.Value...))
		}
	}
	return nil
}

// BenchmarkMemory does the same to the memory store and to its peer, in turns.
//
//	go test -run '^$' -bench Memory -benchtime 300000x ./engine/store -rows 1000000
func BenchmarkMemory(b *testing.B) {
	for _, size := range []int{100, 3000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			n := *benchRows * 100 / size
			make := func() []*benchSide {
				return []*benchSide{newSide("pages", size, n, &memory{rows: newTree()}), newSide("peer", size, n, new(peer))}
			}
			b.Run("mark", func(b *testing.B) { marks(b, make) })
			sides := make()
			for _, c := range []struct {
				name string
				run  func(s *benchSide, from, n int)
			}{
				{"fill", (*benchSide).fill}, {"get", (*benchSide).get}, {"overwrite", (*benchSide).overwrite}, {"replace", (*benchSide).replace},
				{"ascend", (*benchSide).ascend}, {"page", (*benchSide).page},
			} {
				b.Run(c.name, func(b *testing.B) { inTurns(b, sides, c.run) })
			}
		})
	}
}

type benchSide struct {
	name string
	size int
	st   Store
	keys []string
}

func newSide(name string, size, n int, st Store) *benchSide {
	s := &benchSide{name: name, size: size, st: st, keys: make([]string, n)}
	for i, j := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		s.keys[i] = fmt.Sprintf("usr_%09d", j)
	}
	return s
}

// inTurns gives each side ten parts of the work in turns, and tells the nanoseconds of each for an operation, and their
// ratio.
func inTurns(b *testing.B, sides []*benchSide, run func(s *benchSide, from, n int)) {
	const turns = 10
	took := make([]time.Duration, len(sides))
	part := max(b.N/turns, 1)
	for turn := range turns {
		for k := range sides {
			i := (k + turn) % len(sides)
			runtime.GC()
			began := time.Now()
			run(sides[i], turn*part, part)
			took[i] += time.Since(began)
		}
	}
	for i, s := range sides {
		b.ReportMetric(float64(took[i].Nanoseconds())/float64(part*turns), s.name+"-ns")
	}
	b.ReportMetric(float64(took[0])/float64(took[1]), "ratio")
	b.ReportMetric(0, "ns/op")
}

func (s *benchSide) apply(from, n int, key func(i int) string) {
	value := make([]byte, s.size)
	for at := from; at < from+n; at += 100 {
		rows := make([]Row, 0, 100)
		for i := at; i < min(at+100, from+n); i++ {
			rows = append(rows, Row{key(i), value})
		}
		if err := s.st.Apply(rows, Stamp{}); err != nil {
			panic(err)
		}
	}
}

// fill writes what is not there yet, all of it in ten turns.
func (s *benchSide) fill(from, n int) {
	tenth := len(s.keys) / 10
	s.apply(from/max(n, 1)*tenth, tenth, func(i int) string { return s.keys[i] })
}

func (s *benchSide) other(i int) string { return s.keys[i*7919%(len(s.keys)/10*10)] }

func (s *benchSide) overwrite(from, n int) { s.apply(from, n, s.other) }

// replace deletes a row and writes it anew.
func (s *benchSide) replace(from, n int) {
	for i := from; i < from+n; i += 100 {
		var gone []Row
		for j := i; j < min(i+100, from+n); j++ {
			gone = append(gone, Row{Key: s.other(j)})
		}
		if err := s.st.Apply(gone, Stamp{}); err != nil {
			panic(err)
		}
		s.apply(i, min(100, from+n-i), s.other)
	}
}

func (s *benchSide) get(from, n int) {
	for i := from; i < from+n; i++ {
		if v, err := s.st.Get(s.other(i)); err != nil || len(v) != s.size || v[0] != 0 {
			panic(fmt.Sprint(s.name, err, len(v)))
		}
	}
}

// ascend goes over so many rows at once.
func (s *benchSide) ascend(_, n int) {
	for n > 0 {
		if err := s.st.Ascend("", "", func(_ string, v []byte) bool { n--; return n > 0 && v[0] == 0 }); err != nil {
			panic(err)
		}
	}
}

// page reads fifty rows from somewhere.
func (s *benchSide) page(from, n int) {
	for i := from; i < from+n; i += 50 {
		left := 50
		if err := s.st.Ascend(s.other(i), "", func(_ string, v []byte) bool { left--; return left > 0 && v[0] == 0 }); err != nil {
			panic(err)
		}
	}
}

// marks tells what a cycle of the collector costs with a filled table alone in the process, and what the table takes.
func marks(b *testing.B, make func() []*benchSide) {
	for i := range make() {
		empty, idle := measure()
		s := make()[i]
		s.apply(0, len(s.keys), func(i int) string { return s.keys[i] })
		n := len(s.keys)
		s.keys = nil
		full, busy := measure()
		b.ReportMetric(float64(busy-idle)/1e6, s.name+"-mark-ms")
		b.ReportMetric(float64(full-empty)/float64(n), s.name+"-B/row")
		runtime.KeepAlive(s)
	}
	b.ReportMetric(0, "ns/op")
}

// measure returns the bytes in use, and the processor time that one cycle of the collector takes.
func measure() (held uint64, cycle time.Duration) {
	const cycles = 5
	spent := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	runtime.GC()
	runtime.GC()
	metrics.Read(spent)
	before := spent[0].Value.Float64()
	for range cycles {
		runtime.GC()
	}
	metrics.Read(spent)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, time.Duration((spent[0].Value.Float64() - before) / cycles * 1e9)
}
