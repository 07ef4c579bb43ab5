package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/stream"
)

// walled is a group that goes by the wall clock: a number sets a timer that many seconds from now, or ago; 0 does not.
// What callbacks saw is told, and the row is the last now.
func (f *fixture) walled(saw chan<- string) *goka.GroupGraph {
	f.group.Clock = stream.WallClock
	return goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			if n != 0 {
				c.SetTimer(c.Watermark().Add(time.Duration(n)*time.Second), "due")
			}
			c.SetRow(int(c.Watermark().Unix()))
			saw <- fmt.Sprintf("%d at %d", n, c.Watermark().Unix())
		}),
		stream.Persist(f.group), stream.Output(f.out), stream.DeadLetters(f.group),
		stream.Timers(f.group, func(c *stream.Context[int], x stream.Timer) {
			c.SetRow(int(c.Watermark().Unix()))
			stream.Emit(c, f.out, c.Key(), int(x.Due.Unix()))
			saw <- fmt.Sprintf("timer of %d at %d", x.Due.Unix(), c.Watermark().Unix())
		}),
	)
}

func committed(t *testing.T, c Config) float64 {
	t.Helper()
	return value(t, c.Metrics.transactions.WithLabelValues("adder", outcomeCommitted))
}

// A timer of an idle group fires when the clock has passed it; until then nothing is committed.
func TestWallTimersFireWithoutInput(t *testing.T) {
	f := newFixture(t)
	f.in.Time, f.in.EventTime = stream.NoTime, nil
	clock, saw := new(clockwork), make(chan string, 10)
	clock.seconds.Store(1000)
	c := f.config()
	asked := make(chan struct{})
	c.Clock = func() time.Time {
		select {
		case asked <- struct{}{}:
		default: // nobody counts
		}
		return clock.now()
	}
	c.Tick, c.Metrics = time.Millisecond, NewMetrics(prometheus.NewRegistry())
	r := f.run(c, f.walled(saw))
	f.number("a", 1)
	f.flush()
	r.handled(f, "in")
	f.number("a", -1) // a timer for the past waits for the clock, too
	f.flush()
	r.handled(f, "in")
	for _, want := range []string{"1 at 1000", "-1 at 1000"} {
		if got := receive(t, saw); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	before := committed(t, c)
	for range 100 { // some turns of a session with nothing to do
		<-asked
	}
	if after := committed(t, c); after != before {
		t.Errorf("%g transactions with nothing due", after-before)
	}
	clock.seconds.Store(1001)
	for _, want := range []string{"timer of 999 at 1001", "timer of 1001 at 1001"} {
		if got := receive(t, saw); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	r.stop(t)
	if rows := f.table(); rows["a"] != 1001 || len(saw) > 0 {
		t.Errorf("rows %v, %d more calls", rows, len(saw))
	}
}

// What callbacks see never goes back: not by a clock that does, nor by a restart. What is due after it fires once.
func TestWallTimeSurvivesRestarts(t *testing.T) {
	f := newFixture(t)
	f.in.Time, f.in.EventTime = stream.Watermarked, nil // which moves nothing
	clock, saw := new(clockwork), make(chan string, 10)
	clock.seconds.Store(1000)
	c := f.config()
	c.Clock, c.Tick = clock.now, NoTick
	r := f.run(c, f.walled(saw))
	step := func(want ...string) {
		t.Helper()
		f.flush()
		r.handled(f, "in")
		r.Tick()
		var got []string
		for len(saw) > 0 {
			got = append(got, <-saw)
		}
		if !slices.Equal(got, want) {
			t.Errorf("saw %q, want %q", got, want)
		}
	}
	f.says(0, 2, 9000)
	f.number("a", 5)
	step("5 at 1000")
	clock.seconds.Store(500)
	f.number("a", 0)
	step("0 at 1000")
	r.stop(t)
	r = f.run(c, f.walled(saw))
	<-r.Ready()
	f.number("a", 0)
	step("0 at 1000")
	clock.seconds.Store(1004)
	step()
	r.stop(t)
	clock.seconds.Store(1060)
	r = f.run(c, f.walled(saw))
	<-r.Ready()
	step("timer of 1005 at 1060")
	r.stop(t)
	if out := f.committed("out"); len(out) != 1 {
		t.Errorf("%d outputs", len(out))
	}
}

func TestWallTimedGraphsThatAreRefused(t *testing.T) {
	f := newFixture(t)
	carries := f.out
	carries.Time = stream.Watermarked
	stateless := stream.Group[stream.NoRow]{Name: "stateless", DeadLetters: "dead", Clock: stream.WallClock}
	f.group.Clock = stream.WallClock
	for want, g := range map[string]*goka.GroupGraph{
		"cannot send event time to out": goka.DefineGroup(f.group.Goka(), stream.Input(f.group, f.in, func(*stream.Context[int], int) {}),
			stream.Persist(f.group), stream.Output(carries), stream.DeadLetters(f.group)),
		"has no table": goka.DefineGroup(stateless.Goka(), stream.Input(stateless, f.in, func(*stream.Context[stream.NoRow], int) {}),
			stream.DeadLetters(stateless)),
	} {
		e, err := New(f.config())
		if err != nil {
			t.Fatal(err)
		}
		p, err := goka.NewProcessor(f.brokers, g, e.Options()...)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Run(context.Background(), p); !errors.Is(err, ErrGraph) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
