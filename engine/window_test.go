package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

// rounds runs callbacks of one partition, one after the other, each of which takes so long. It returns what a window
// took at most until all of it was done, and how often it was topped up. Time is virtual.
func rounds(w *window, callbacks int, takes func(n int) time.Duration) (worst time.Duration, n int) {
	now, dispatched, marked := time.Unix(1000, 0), int64(0), int64(0)
	for marked < int64(callbacks) {
		open := dispatched - marked
		w.topUp(marked, open, now)
		n++
		for ; w.room > 0; w.room-- {
			dispatched++
		}
		began := now
		for half := w.size() / 2; dispatched-marked > half; marked++ {
			now = now.Add(takes(int(marked)))
		}
		w.done.Store(now.UnixNano())
		left := now
		for at := marked; at < dispatched; at++ {
			left = left.Add(takes(int(at)))
		}
		worst = max(worst, left.Sub(began))
	}
	return worst, n
}

func TestWindowsGrowWhileCallbacksAreQuick(t *testing.T) {
	w := &window{slow: 500 * time.Millisecond}
	if w.size() != 1 {
		t.Errorf("begins with %d", w.size())
	}
	worst, n := rounds(w, 1_000_000, func(int) time.Duration { return 3 * time.Microsecond })
	if w.size() != widest || n > 2000 {
		t.Errorf("a million quick ones end at %d, in %d rounds", w.size(), n)
	}
	if worst > 100*time.Millisecond {
		t.Errorf("a window of quick ones takes %s", worst)
	}
	worst, _ = rounds(&window{slow: 500 * time.Millisecond}, 1000, func(int) time.Duration { return 20 * time.Millisecond })
	if worst > 600*time.Millisecond {
		t.Errorf("a window of 20 ms each takes %s", worst)
	}
}

// Callbacks that take 2 s out of the blue, however rare, come at most twice in one window: what a transaction may take
// by default has room for three.
func TestWindowsHoldFewSlowCallbacks(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 2))
		each := []int{3, 30, 300, 3000}[seed%4]
		takes := make([]time.Duration, 30_000)
		for i := range takes {
			if takes[i] = time.Microsecond; random.IntN(each) == 0 {
				takes[i] = 2 * time.Second
			}
		}
		w := &window{slow: 500 * time.Millisecond}
		worst, _ := rounds(w, len(takes)-widest, func(n int) time.Duration { return takes[n] })
		if worst > 4500*time.Millisecond {
			t.Errorf("with one in %d, a window takes %s", each, worst)
		}
	}
}

func TestVisitsGrowWhileTheyAreQuick(t *testing.T) {
	const enough = 400 * time.Millisecond
	n := 1
	for range 20 {
		n = nextSlice(n, time.Duration(n)*time.Microsecond, enough)
	}
	if n != visitSlice {
		t.Errorf("quick rows make %d", n)
	}
	if n = nextSlice(n, 10*time.Second, enough); n != 10 {
		t.Errorf("rows of 10 ms make %d", n)
	}
	if n = nextSlice(1, time.Minute, enough); n != 1 {
		t.Errorf("never less than one: %d", n)
	}
}
