package main

import (
	"testing"
	"time"
)

func TestAtIsTheNearestRank(t *testing.T) {
	r := &result{}
	if r.at(0.99) != 0 {
		t.Error("a delay of nothing")
	}
	for i := range 200 {
		r.delays = append(r.delays, time.Duration(i+1)*time.Millisecond)
	}
	for q, want := range map[float64]int64{0.5: 100, 0.95: 190, 0.99: 198, 1: 200, 0: 1} {
		if got := r.at(q); got.Milliseconds() != want {
			t.Errorf("at %v: %v, want %v ms", q, got, want)
		}
	}
}

func TestBetweenLeavesOutTheEnds(t *testing.T) {
	at := time.Unix(1000, 0)
	w := &watch{}
	for i := range 5 {
		closed := at.Add(time.Duration(i) * time.Second)
		w.readings = append(w.readings, reading{closed, closed.Add(time.Millisecond)}, reading{closed, closed.Add(3 * time.Millisecond)})
	}
	delays, ends := w.between(at, at.Add(4*time.Second))
	if len(delays) != 6 || ends != 3 || delays[0] != time.Millisecond || delays[1] != 3*time.Millisecond {
		t.Errorf("%d ends, delays %v", ends, delays)
	}
}

// TestMeasures: a window that closes while payments are made is read soon after, through the whole rig.
func TestMeasures(t *testing.T) {
	r, err := measure(t.Context(), options{
		rate: 300, lasts: 1500 * time.Millisecond, window: 200 * time.Millisecond, grace: 100 * time.Millisecond,
		partitions: 2, groups: "intake,ledger,health",
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.sent == 0 || r.ends < 2 || len(r.delays) < r.ends || r.at(0) <= 0 {
		t.Errorf("%+v", r)
	}
}
