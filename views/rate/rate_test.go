package rate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBurstThenRate(t *testing.T) {
	now := time.Unix(0, 0)
	l := New(Limit{PerSecond: 2, Burst: 3}, func() time.Time { return now })
	for i, step := range []struct {
		after time.Duration
		who   string
		ok    bool
		wait  time.Duration
	}{
		{0, "a", true, 0}, {0, "a", true, 0}, {0, "a", true, 0}, {0, "a", false, 500 * time.Millisecond}, {0, "b", true, 0},
		{400 * time.Millisecond, "a", false, 100 * time.Millisecond}, {100 * time.Millisecond, "a", true, 0}, {0, "a", false, 500 * time.Millisecond},
		{time.Hour, "a", true, 0}, {0, "a", true, 0}, {0, "a", true, 0}, {0, "a", false, 500 * time.Millisecond},
		{500 * time.Millisecond, "a", true, 0},
	} {
		now = now.Add(step.after)
		if wait, ok := l.Take(step.who); ok != step.ok || wait != step.wait {
			t.Errorf("step %d: %v %v", i, ok, wait)
		}
	}
	free := New(Limit{}, nil)
	for range 1000 {
		if _, ok := free.Take("a"); !ok {
			t.Fatal("no limit, but refused")
		}
	}
	if free.Subjects() != 0 {
		t.Error("it remembers for nothing")
	}
}

// Whatever is asked when, in no stretch of time does a subject get more than the burst and what the stretch earns; and
// who waits as long as told gets through.
func TestNobodyGetsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := Limit{PerSecond: rapid.IntRange(1, 50).Draw(t, "rate"), Burst: rapid.IntRange(1, 20).Draw(t, "burst")}
		now, began := time.Unix(0, 0), time.Unix(0, 0)
		l := New(limit, func() time.Time { return now })
		granted := 0
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "ms")) * time.Millisecond)
			wait, ok := l.Take("a")
			if ok {
				granted++
			} else if now = now.Add(wait); true {
				if _, ok := l.Take("a"); !ok {
					t.Fatalf("refused after the wait of %v", wait)
				}
				granted++
			}
			if most := float64(limit.Burst) + now.Sub(began).Seconds()*float64(limit.PerSecond); float64(granted) > most+1e-3 {
				t.Fatalf("%d granted, %v allowed", granted, most)
			}
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := New(Limit{PerSecond: 1, Burst: 1}, func() time.Time { return now })
	l.max = 100
	for i := range 10_000 {
		if _, ok := l.Take(fmt.Sprint("stranger", i)); !ok {
			t.Fatalf("stranger %d is refused", i)
		}
		if _, ok := l.Take("busy"); ok != (i == 0) {
			t.Fatalf("who asks again and again is forgotten at %d", i)
		}
	}
	if n := l.Subjects(); n > 200 {
		t.Errorf("%d are remembered", n)
	}
}

func TestLimitsThatMakeNoSense(t *testing.T) {
	for want, l := range map[string]Limit{"per_second": {PerSecond: -1}, "burst": {PerSecond: 1}, "at most": {PerSecond: 1, Burst: 1 << 30}} {
		if err := l.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}
