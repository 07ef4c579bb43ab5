package mission

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/domain/instant"
)

func TestIndexServesReadersWhileItIsWritten(t *testing.T) {
	x := NewIndex()
	f := facts("t", 100, "2026-03-02T10:00:00Z")
	const missions = 50
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for last := 0; last < missions; {
				s := x.Snapshot()
				if n := len(s.Missions()); n < last || len(s.candidates(nil, &f)) != n {
					t.Errorf("%d missions after %d", n, last)
					return
				}
				last = len(s.Missions())
			}
		})
	}
	for i := range missions {
		v := NewHistory(everything(fmt.Sprint("m", i), MetricAmount, 1), 1)
		if problems := x.Put(v.Definition().ID, &v); problems != nil {
			t.Error(problems)
		}
	}
	all.Wait()
}

func TestFingerprintFollowsWhatCounts(t *testing.T) {
	v := NewHistory(everything("m", MetricAmount, 1), 1)
	paused := v.WithStatus(Paused, 5)
	of := func(versions ...History) uint64 {
		x := NewIndex()
		for i := range versions {
			if err := x.Put(versions[i].Definition().ID, &versions[i]); err != nil {
				t.Fatal(err)
			}
		}
		return x.Snapshot().Fingerprint()
	}
	other := NewHistory(everything("n", MetricAmount, 1), 1)
	if of() != 0 || of(v) == 0 || of(v) == of(paused) || of(v) == of(v, other) || of(v, other) != of(other, v) {
		t.Error(of(), of(v), of(paused), of(v, other), of(other, v))
	}
}

// A row that has met an earlier snapshot looks at what changed since, and at all of it where that is not known.
func TestSnapshotsKnowWhatChanged(t *testing.T) {
	x := NewIndex()
	put := func(id string, target int64) uint64 {
		h := NewHistory(everything(id, MetricAmount, 1), instant.Milli(target))
		if problems := x.Put(id, &h); problems != nil {
			t.Fatal(problems)
		}
		return x.Snapshot().Fingerprint()
	}
	first := put("a", 1)
	second := put("b", 1)
	third := put("a", 2)
	x.Remove("b")
	s := x.Snapshot()
	for from, want := range map[uint64]string{first: "a b", second: "a b", third: "b"} {
		if got, ok := s.changedSince(from); !ok || strings.Join(got, " ") != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	for i := range maxEarlier {
		put("c", int64(i+1))
	}
	if _, ok := x.Snapshot().changedSince(first); ok {
		t.Error("it is known for ever")
	}
	last := put("d", 1)
	for i := range maxChanged {
		put(fmt.Sprint("e", i), 1)
	}
	if _, ok := x.Snapshot().changedSince(last); ok {
		t.Error("many changes are kept")
	}
}
