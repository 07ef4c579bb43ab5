package stock

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/stream"
)

func at(second int) time.Time { return time.Unix(int64(second), 0).UTC() }

func TestEventTimeNeverMovesBack(t *testing.T) {
	p := newPartition(0)
	for _, step := range []struct{ seen, want int }{{5, 5}, {3, 5}, {9, 9}} {
		p.advance(at(step.seen), at(0))
		if got := p.now(); !got.Equal(at(step.want)) {
			t.Errorf("after %d: %s", step.seen, got)
		}
	}
}

func TestClocksMoveToTheMinimumOverAllSources(t *testing.T) {
	type step struct {
		topic  string
		clock  stream.Clock
		passed int // -1: nothing
	}
	for name, steps := range map[string][]step{
		"all sources must speak": {
			{"a", stream.Clock{At: at(10), Source: 0, Sources: 2}, -1},
			{"a", stream.Clock{At: at(7), Source: 1, Sources: 2}, 7},
			{"a", stream.Clock{At: at(9), Source: 1, Sources: 2}, 9},
			{"a", stream.Clock{At: at(8), Source: 0, Sources: 2}, -1}, // older than what it said
			{"a", stream.Clock{At: at(12), Source: 1, Sources: 2}, 10},
		},
		"a callback's own clock": {
			{"a", stream.Clock{At: at(10), Source: 3}, 10},
			{"a", stream.Clock{At: at(10), Source: 3}, -1},
		},
		"two topics": {
			{"a", stream.Clock{At: at(10), Sources: 1}, 10},
			{"b", stream.Clock{At: at(4), Sources: 1}, -1}, // event time does not go back
			{"a", stream.Clock{At: at(20), Sources: 1}, -1},
			{"b", stream.Clock{At: at(15), Sources: 1}, 15},
		},
		"another number of sources starts anew": {
			{"a", stream.Clock{At: at(10), Sources: 1}, 10},
			{"a", stream.Clock{At: at(20), Source: 0, Sources: 2}, -1},
			{"a", stream.Clock{At: at(20), Source: 1, Sources: 2}, 20},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPartition(0)
			for i, s := range steps {
				low, ok := p.clock(s.topic, s.clock, at(0))
				if ok != (s.passed >= 0) || ok && !low.Equal(at(s.passed)) {
					t.Errorf("step %d: passed on %v %s", i, ok, low)
				}
				if ok && p.now().Before(low) {
					t.Errorf("step %d: event time %s", i, p.now())
				}
			}
		})
	}
}

func TestIdlePartitionFollowsTheWallClock(t *testing.T) {
	const after = 5 * time.Second
	p := newPartition(0)
	p.idle(at(1000), after)
	if !p.now().IsZero() {
		t.Fatal("event time without a record")
	}
	p.advance(at(100), at(2000))
	p.idle(at(2004), after)
	if !p.now().Equal(at(100)) {
		t.Errorf("too early: %s", p.now())
	}
	p.idle(at(2007), after)
	if !p.now().Equal(at(107)) {
		t.Errorf("idle: %s", p.now())
	}
	p.advance(at(101), at(2008)) // late; not idle any more
	p.idle(at(2012), after)
	if !p.now().Equal(at(107)) {
		t.Errorf("not idle: %s", p.now())
	}
	p.idle(at(3000), -1)
	if !p.now().Equal(at(107)) {
		t.Errorf("switched off: %s", p.now())
	}
}

func TestSlowReaderIsNotIdle(t *testing.T) {
	p := newPartition(0)
	c := &claim{topic: "in", offsets: new(Offsets)}
	p.claims["in"] = c
	p.advance(at(100), at(0))
	end := int64(3)
	check := func(when string, want int) {
		t.Helper()
		p.idle(at(60), time.Second)
		if !p.now().Equal(at(want)) {
			t.Errorf("%s: %s", when, p.now())
		}
	}
	check("before consumption", 100)
	c.start(2, func() int64 { return end })
	check("one record to read", 100)
	c.begin()
	check("one record under way", 100)
	c.done(3)
	check("at the end", 160)
}

func TestClaimWaitsForEverythingUnderWay(t *testing.T) {
	c := &claim{partition: 1, offsets: new(Offsets)}
	c.start(5, func() int64 { return 8 })
	c.begin()
	c.begin()
	c.done(7) // marks come out of order
	if got := c.offsets.Next()[1]; got != 5 {
		t.Errorf("next is %d while 5 is under way", got)
	}
	c.done(6)
	if got := c.offsets.Next()[1]; got != 7 {
		t.Errorf("next is %d", got)
	}
	if got := c.behind(); got != 1 {
		t.Errorf("behind by %d", got)
	}
}

func TestTimersComeInOrderOfDueTimeKeyAndName(t *testing.T) {
	p := newPartition(0)
	p.setTimer(at(3), "a", "x")
	p.setTimer(at(1), "b", "y")
	p.setTimer(at(1), "b", "x")
	p.setTimer(at(1), "a", "z")
	p.setTimer(at(1), "a", "z") // the same one
	p.setTimer(at(9), "a", "later")
	if p.anyDue() {
		t.Error("due without event time")
	}
	p.advance(at(3), at(0))
	keys := p.dueKeys()
	if diff := cmp.Diff([]string{"a", "b", "b", "a"}, keys); diff != "" {
		t.Fatal(diff)
	}
	var got []stream.Timer
	for _, key := range keys {
		timer, ok := p.take(key)
		if !ok {
			t.Fatal("no timer for", key)
		}
		got = append(got, timer)
	}
	want := []stream.Timer{{Due: at(1), Name: "z"}, {Due: at(1), Name: "x"}, {Due: at(1), Name: "y"}, {Due: at(3), Name: "x"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := p.take("a"); ok || p.anyDue() {
		t.Error("a timer that is not due was handed out")
	}
}
