package timer

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/engine/store"
)

// adapter shows a store that holds nothing but timers as an Index wants it.
type adapter struct{ store.Store }

func (a adapter) Ascend(from string, fn func(string) bool) error {
	return a.Store.Ascend(from, "", func(key string, _ []byte) bool { return fn(key) })
}

func rowsOf(changes []Change) []store.Row {
	var rows []store.Row
	for _, c := range changes {
		r := store.Row{Key: string(AppendKey(nil, c.Timer))}
		if c.Pending {
			r.Value = Value()
		}
		rows = append(rows, r)
	}
	return rows
}

// The whole restart of one partition with a million timers on disk: open the store, then find the first timer.
func BenchmarkRestartOnDisk(b *testing.B) {
	disk, err := store.NewDisk(store.DiskConfig{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := disk.Close(); err != nil {
			b.Error(err)
		}
	})
	s, err := disk.Open("timers", 0)
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < million; {
		var rows []store.Row
		for range 10_000 {
			key := AppendKey(nil, Timer{int64(i) * 10, fmt.Sprintf("transaction-%07d", i), "pending"})
			rows, i = append(rows, store.Row{Key: string(key), Value: Value()}), i+1
		}
		if err := s.Apply(rows, store.Stamp{Next: int64(i)}); err != nil {
			b.Fatal(err)
		}
	}
	fire(b, s, 200_000) // deleted keys lie before the first
	b.ResetTimer()
	for range b.N {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		if s, err = disk.Open("timers", 0); err != nil {
			b.Fatal(err)
		}
		if due, err := New(DefaultConfig(), adapter{s}).Due(); err != nil || due != 2_000_000 {
			b.Fatal(due, err)
		}
	}
	b.StopTimer()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// fire takes n timers in transactions of 1,000.
func fire(b *testing.B, s store.Store, n int) {
	x := New(DefaultConfig(), adapter{s})
	for i := range n {
		if _, ok, err := x.Pop(Never); !ok || err != nil {
			b.Fatal(ok, err)
		}
		if i%1000 == 999 {
			if err := s.Apply(rowsOf(x.Changes()), store.Stamp{Next: int64(million + i)}); err != nil {
				b.Fatal(err)
			}
			x.Commit()
		}
	}
}
