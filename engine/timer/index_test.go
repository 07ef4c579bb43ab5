package timer

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/tidwall/btree"
	"pgregory.net/rapid"
)

// memory is a store of keys.
type memory struct {
	keys *btree.BTreeG[string]
	fail error
	read int // keys handed out
}

func newMemory() *memory {
	return &memory{keys: btree.NewBTreeGOptions(func(a, b string) bool { return a < b }, btree.Options{NoLocks: true})}
}

func (m *memory) Ascend(from string, fn func(string) bool) error {
	m.keys.Ascend(from, func(k string) bool {
		m.read++
		return fn(k)
	})
	return m.fail
}

func (m *memory) apply(changes []Change) {
	for _, c := range changes {
		key := string(AppendKey(nil, c.Timer))
		if c.Pending {
			m.keys.Set(key)
		} else {
			m.keys.Delete(key)
		}
	}
}

// sorted is the dumb index.
type sorted []Timer

func (s sorted) with(t Timer) sorted {
	if slices.Contains(s, t) {
		return s
	}
	s = append(slices.Clone(s), t)
	slices.SortFunc(s, func(a, b Timer) int {
		if a.Less(b) {
			return -1
		}
		return 1
	})
	return s
}

func drawNear(t *rapid.T) Timer {
	return Timer{rapid.Int64Range(-3, 30).Draw(t, "due"), rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key"), rapid.SampledFrom([]string{"", "n"}).Draw(t, "name")}
}

func TestIndexIsASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{Near: rapid.IntRange(1, 6).Draw(t, "near")}
		store := newMemory()
		x, pending, committed := New(c, store), sorted(nil), sorted(nil)
		set := 0 // by the open transaction
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			switch op := rapid.SampledFrom([]string{"set", "set", "set", "set", "take", "take", "first", "ahead", "commit", "abort", "restart"}).Draw(t, "op"); op {
			case "set":
				timer := drawNear(t)
				x.Set(timer)
				pending, set = pending.with(timer), set+1
			case "take":
				at := rapid.Int64Range(-4, 31).Draw(t, "at")
				got, ok, err := x.Pop(at)
				want := len(pending) > 0 && pending[0].Due <= at
				if err != nil || ok != want || ok && got != pending[0] {
					t.Fatalf("took %+v, %v, %v at %d of %v", got, ok, err, at, pending)
				}
				if ok {
					pending = pending[1:]
				}
			case "first":
				due, err := x.Due()
				if err != nil || len(pending) == 0 && due != Never || len(pending) > 0 && due != pending[0].Due {
					t.Fatalf("first is due %d, %v, of %v", due, err, pending)
				}
			case "ahead":
				at := rapid.Int64Range(-4, 31).Draw(t, "at")
				n := rapid.IntRange(1, 4).Draw(t, "n")
				keys, err := x.Ahead(at, n)
				if err != nil || len(keys) > n || len(keys) == 0 && len(pending) > 0 && pending[0].Due <= at {
					t.Fatalf("%v, %v are ahead at %d of %v", keys, err, at, pending)
				}
				for i, key := range keys {
					if pending[i].Key != key || pending[i].Due > at {
						t.Fatalf("%v are ahead at %d of %v", keys, at, pending)
					}
				}
			case "commit":
				store.apply(x.Changes())
				x.Commit()
				committed, set = pending, 0
			case "abort":
				x.Abort()
				pending, set = committed, 0
			case "restart": // a crash before the commit
				x = New(c, store)
				pending, set = committed, 0
			}
			if n, _ := x.Near(); n > 2*c.Near+set {
				t.Fatalf("%d in memory, near is %d, and %d were set", n, c.Near, set)
			}
		}
		drain(t, x, pending)
		store.apply(x.Changes())
		if store.keys.Len() != 0 {
			t.Fatalf("%d left in the store", store.keys.Len())
		}
	})
}

func drain(t interface{ Fatalf(string, ...any) }, x *Index, want []Timer) {
	for _, w := range want {
		got, ok, err := x.Pop(Never)
		if err != nil || !ok || got != w {
			t.Fatalf("took %+v, %v, %v, want %+v", got, ok, err, w)
		}
	}
	if got, ok, err := x.Pop(Never); ok || err != nil {
		t.Fatalf("took %+v, %v, want none", got, err)
	}
}

func TestIndexTransaction(t *testing.T) {
	store := newMemory()
	x := New(DefaultConfig(), store)
	x.Set(Timer{5, "k", "b"})
	x.Set(Timer{5, "k", "a"})
	x.Set(Timer{5, "k", "a"})
	x.Set(Timer{-5, "past", ""})
	if got, ok, err := x.Pop(4); !ok || err != nil || got.Key != "past" {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	want := []Change{{Timer{-5, "past", ""}, false}, {Timer{5, "k", "a"}, true}, {Timer{5, "k", "b"}, true}}
	if got := x.Changes(); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	store.apply(want)
	x.Commit()
	x.Set(Timer{5, "k", "a"})
	if got := x.Changes(); len(got) > 0 {
		t.Errorf("set again: %+v", got)
	}
	if _, ok, err := x.Pop(5); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	x.Abort()
	drain(t, x, []Timer{{5, "k", "a"}, {5, "k", "b"}})
}

func TestIndexFails(t *testing.T) {
	store := newMemory()
	store.keys.Set(string(AppendKey(nil, Timer{1, "k", ""})))
	store.fail = errors.New("disk")
	x := New(DefaultConfig(), store)
	if _, _, err := x.Pop(Never); !errors.Is(err, store.fail) {
		t.Errorf("%v", err)
	}
	if _, err := x.Due(); !errors.Is(err, store.fail) {
		t.Errorf("%v", err)
	}
	if _, err := x.Ahead(Never, 1); !errors.Is(err, store.fail) {
		t.Errorf("%v", err)
	}
	store.fail = nil
	drain(t, x, []Timer{{1, "k", ""}})
	store.keys.Set("foreign")
	x.Abort()
	if _, err := x.Due(); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v", err)
	}
	if (Config{}).Validate() == nil || DefaultConfig().Validate() != nil {
		t.Error("config")
	}
}

// Timers behind the horizon are not read, however many there are, and however many are due at once.
func TestIndexReadsNearTimersOnly(t *testing.T) {
	for _, spread := range []int64{0, 1000} {
		store := filled(20000, spread)
		x := New(Config{Near: 100}, store)
		for i := range 250 {
			if _, ok, err := x.Pop(Never); !ok || err != nil {
				t.Fatal(ok, err)
			}
			x.Set(Timer{1 << 40, fmt.Sprint(i), ""})
		}
		if store.read > 350 {
			t.Errorf("spread %d: read %d keys for 250 timers", spread, store.read)
		}
		store.apply(x.Changes())
		x.Commit()
		if n, complete := x.Near(); n > 100 || complete {
			t.Errorf("spread %d: %d in memory", spread, n)
		}
	}
}

func filled(n int, spread int64) *memory {
	store := newMemory()
	for i := range n {
		store.keys.Set(string(AppendKey(nil, Timer{int64(i) * spread, fmt.Sprintf("transaction-%07d", i), "pending"})))
	}
	return store
}

const million = 1_000_000

// From assignment to the first timer, with a million in the store; and what the index holds in memory then.
func BenchmarkRestartWithAMillion(b *testing.B) {
	store := filled(million, 10)
	before := heap()
	var x *Index
	b.ResetTimer()
	for range b.N {
		x = New(DefaultConfig(), store)
		if due, err := x.Due(); err != nil || due != 0 {
			b.Fatal(due, err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(heap()-before)/(1<<20), "MB-index")
	runtime.KeepAlive(x)
	runtime.KeepAlive(store)
}

// A topic of a million timers read into an empty store of memory.
func BenchmarkRebuildAMillion(b *testing.B) {
	var topic []string
	for i := range million {
		topic = append(topic, string(AppendKey(nil, Timer{int64(i*7919%million) * 10, fmt.Sprintf("transaction-%07d", i), "pending"})))
	}
	before := heap()
	var store *memory
	b.ResetTimer()
	for range b.N {
		store = newMemory()
		for _, key := range topic {
			if _, err := ParseKey(key); err != nil {
				b.Fatal(err)
			}
			store.keys.Set(key)
		}
		if due, err := New(DefaultConfig(), store).Due(); err != nil || due != 0 {
			b.Fatal(due, err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(heap()-before)/(1<<20), "MB-store")
	runtime.KeepAlive(store)
	runtime.KeepAlive(topic)
}

// One timer taken and one set, transactions of 1,000, a million pending.
func BenchmarkTakeAndSet(b *testing.B) {
	store := filled(million, 10)
	x := New(DefaultConfig(), store)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		t, ok, err := x.Pop(Never - 1)
		if err != nil || !ok {
			b.Fatal(ok, err)
		}
		t.Due += million * 10
		x.Set(t)
		if i%1000 == 999 {
			store.apply(x.Changes())
			x.Commit()
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
