package watermark

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const second = int64(1000)

func TestSourceBecomesIdle(t *testing.T) {
	cases := []struct {
		name string
		do   func(*source)
		want string // time, idle, elapsed
	}{
		{"nothing is known", func(*source) {}, "none"},
		{"never had a record", func(s *source) { s.Empty(true, 0) }, "none idle"},
		{"never had one that is readable yet", func(s *source) { s.Empty(false, 0) }, "none"},
		{"a record", func(s *source) { s.Seen(70, 0) }, "70"},
		{"time does not go back", func(s *source) { s.Seen(70, 0); s.Seen(60, 1) }, "70"},
		{"a record without time", func(s *source) { s.Empty(true, 0); s.Wake(1) }, "none"},
		{"not yet idle", func(s *source) { s.Seen(70, 0); empties(s, true, second, 5*second) }, "70"},
		{"idle", func(s *source) { s.Seen(70, 0); empties(s, true, second, 6*second) }, "70 idle 6000"},
		{"the longest break", func(s *source) { s.Seen(70, 0); empties(s, true, 2500, 7500) }, "70 idle 7000"},
		{"not at the end", func(s *source) { s.Seen(70, 0); empties(s, false, second, 60*second) }, "70"},
		{"no longer at the end", func(s *source) { s.Seen(70, 0); empties(s, true, second, 6*second); s.Empty(false, 7*second) }, "70"},
		{"the end moved on the way", func(s *source) {
			s.Seen(70, 0)
			empties(s, true, second, 5*second)
			s.Empty(false, 5500)
			s.Empty(true, 6*second)
			s.Empty(true, 8*second)
		}, "70"},
		{"ticks alone do not make idle", func(s *source) {
			s.Seen(70, 0)
			s.Empty(true, second)
			for at := second; at < 60*second; at += second {
				s.Tick(at)
			}
		}, "70"},
		{"nor do they add wall time", func(s *source) { s.Seen(70, 0); empties(s, true, second, 6*second); s.Tick(8 * second) }, "70 idle 6000"},
		{"stopped while counting", func(s *source) { s.Seen(70, 0); s.Empty(true, second); s.Empty(true, 61*second) }, "70"},
		{"stopped while idle", func(s *source) { s.Seen(70, 0); empties(s, true, second, 6*second); s.Empty(true, 3600*second) }, "70"},
		{"stopped while idle, then a tick", func(s *source) { s.Seen(70, 0); empties(s, true, second, 6*second); s.Tick(3600 * second) }, "70"},
		{"wall time goes back", func(s *source) {
			s.Seen(70, 100*second)
			empties(s, true, 101*second, 110*second)
			s.Empty(true, 50*second)
		}, "70"},
		{"and on from there", func(s *source) {
			s.Seen(70, 100*second)
			empties(s, true, 101*second, 110*second)
			empties(s, true, 50*second, 55*second)
		}, "70 idle"},
		{"wall time goes back a little", func(s *source) {
			s.Seen(70, 0)
			empties(s, true, second, 7*second)
			s.Empty(true, 6900)
		}, "70 idle 6000"},
		{"a record ends it", func(s *source) { s.Seen(70, 0); empties(s, true, second, 6*second); s.Seen(71, 7*second) }, "71"},
		{"a later record begins anew", func(s *source) {
			s.Seen(70, 0)
			empties(s, true, second, 6*second)
			s.Seen(60, 7*second)
			empties(s, true, 8*second, 14*second)
		}, "70 idle 7000"},
		{"the furthest future", func(s *source) { s.Seen(70, 0); s.Seen(300*second, 0) }, "300000"},
		{"beyond the future", func(s *source) { s.Seen(70, 0); s.Seen(300*second+1, 0) }, "70"},
		{"no time at all", func(s *source) { s.Seen(None, 0) }, "none"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSource(DefaultConfig())
			c.do(s)
			if got := show(s.Report()); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// empties feeds empty fetches, one each second or as far apart as the first is from zero.
func empties(s *source, atEnd bool, from, to int64) {
	step := second
	if from%second != 0 {
		step = from
	}
	for at := from; at <= to; at += step {
		s.Empty(atEnd, at)
	}
}

func show(r Record) string {
	b := &strings.Builder{}
	if r.Time == None {
		b.WriteString("none")
	} else {
		fmt.Fprint(b, r.Time)
	}
	if r.Idle {
		b.WriteString(" idle")
	}
	if r.Elapsed > 0 {
		fmt.Fprint(b, " ", r.Elapsed)
	}
	return b.String()
}

func TestSourceOutOfOrder(t *testing.T) {
	c := DefaultConfig()
	c.OutOfOrderness, c.MaxFuture = 30*time.Second, -1
	s := newSource(c)
	if !s.Seen(1<<40, 0) || s.Report().Time != 1<<40-30*second {
		t.Error(s.Report())
	}
}

// seenEvent is one thing that a source was told.
type seenEvent struct {
	kind string
	wall int64
}

// idleByHistory is the rule read backwards from the whole history: the run of empty fetches at the end, none further
// than the patience from the next, that reaches up to now.
func idleByHistory(events []seenEvent) bool {
	c := DefaultConfig()
	had, first, next := false, None, None
	for _, e := range events {
		had = had || e.kind == "record"
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		if next == None && e.kind == "tick" && i == len(events)-1 {
			next = e.wall
			continue
		}
		if e.kind == "tick" {
			if next != None && next-e.wall > c.Patience.Milliseconds() && first == None {
				return false
			}
			continue
		}
		if e.kind != "end" || next != None && next-e.wall > c.Patience.Milliseconds() {
			break
		}
		first, next = e.wall, e.wall
	}
	last := len(events) - 1
	for last >= 0 && events[last].kind == "tick" {
		last--
	}
	if last < 0 || events[last].kind != "end" || first == None {
		return false
	}
	return !had || events[last].wall-first >= c.IdleAfter.Milliseconds()
}

func TestSourceFollowsItsHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, wall := newSource(DefaultConfig()), int64(0)
		var events []seenEvent
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			wall += rapid.SampledFrom([]int64{0, 500, 1000, 1000, 1000, 2500, 2501, 9000}).Draw(t, "after")
			kind := rapid.SampledFrom([]string{"end", "end", "end", "end", "end", "end", "end", "end", "open", "record", "tick"}).Draw(t, "kind")
			events = append(events, seenEvent{kind, wall})
			switch kind {
			case "end":
				s.Empty(true, wall)
			case "open":
				s.Empty(false, wall)
			case "record":
				s.Seen(wall, wall)
			case "tick":
				s.Tick(wall)
			}
			if got, want := s.Report().Idle, idleByHistory(events); got != want {
				t.Fatalf("idle %v, want %v, after %v", got, want, events)
			}
		}
	})
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{OutOfOrderness: -1, Patience: time.Hour}.Validate()
	if err == nil || len(strings.Split(err.Error(), "\n")) != 4 {
		t.Errorf("want four errors, got %v", err)
	}
}
