package mission

import (
	"fmt"
	"sync"
	"testing"
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
