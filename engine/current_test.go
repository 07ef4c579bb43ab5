package engine

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/stream"
)

// observed counts how often a clock is asked.
type observed struct {
	*clockwork
	asked chan struct{}
}

func (o observed) now() time.Time {
	select {
	case o.asked <- struct{}{}:
	default: // nobody counts
	}
	return o.clockwork.now()
}

// turns waits for some turns of a session.
func (o observed) turns() {
	for range 100 {
		<-o.asked
	}
}

// Input of a group that needs a table current waits while the group that writes the table says nothing.
func TestInputWaitsForACurrentLookup(t *testing.T) {
	f := newFixture(t)
	f.in.Time, f.in.EventTime = stream.NoTime, nil
	clock, saw := new(clockwork), make(chan string, 10)
	clock.seconds.Store(1000)
	other := stream.Group[int]{Name: "other", Row: number{}, DeadLetters: "dead", Clock: stream.WallClock, Heartbeat: time.Second}
	writer := func() *running {
		c := f.config()
		c.Clock = clock.now
		return f.run(c, goka.DefineGroup(other.Goka(),
			stream.Input(other, f.out, func(c *stream.Context[int], n int) { c.SetRow(n) }),
			stream.Persist(other), stream.DeadLetters(other),
		))
	}
	f.write("out", "k", []byte("7"))
	f.flush()
	w := writer()
	w.handled(f, "out")
	w.stop(t)

	asking := observed{clock, make(chan struct{})}
	c := f.config()
	c.Clock, c.Metrics = asking.now, NewMetrics(prometheus.NewRegistry())
	var row atomic.Value
	c.Index = map[string]func(string, []byte){"other-table": func(_ string, value []byte) { row.Store(string(value)) }}
	clock.seconds.Add(6)
	r := f.run(c, goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(_ *stream.Context[int], n int) { saw <- fmt.Sprint(n, " ", row.Load()) }),
		stream.CurrentLookup(other, 5*time.Second), stream.Persist(f.group), stream.DeadLetters(f.group),
	))
	<-r.Ready()
	step := func(n int, held bool) {
		t.Helper()
		f.number("a", n)
		f.flush()
		if held {
			asking.turns()
			select {
			case got := <-saw:
				t.Errorf("%s: not held", got)
			default:
			}
			w = writer()
		}
		if got, want := receive(t, saw), fmt.Sprint(n, " 7"); got != want {
			t.Errorf("saw %s, want %s", got, want)
		}
	}
	step(1, true) // rows of 6 seconds ago
	for n := range 3 {
		clock.seconds.Add(4) // more than the limit in all: the table says that it is current, with nothing to do
		step(2+n, false)
	}
	w.stop(t)
	step(5, false)
	clock.seconds.Add(6)
	asking.turns() // the poll under way is not held back
	step(6, true)
	w.stop(t)
	r.stop(t)
}

// A table says as of when it is once in its interval, and not in between.
func TestHeartbeatsAreTransactionsOfTheirInterval(t *testing.T) {
	f := newFixture(t)
	clock := observed{new(clockwork), make(chan struct{})}
	clock.seconds.Store(1000)
	f.group.Clock, f.group.Heartbeat = stream.WallClock, 2*time.Second
	c := f.config()
	c.Clock, c.Metrics, c.Tick = clock.now, NewMetrics(prometheus.NewRegistry()), time.Millisecond
	r := f.run(c, goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(*stream.Context[int], int) {}), stream.Persist(f.group), stream.DeadLetters(f.group),
	))
	<-r.Ready()
	clock.turns()
	for range 3 {
		before := value(t, c.Metrics.transactions.WithLabelValues("adder", outcomeCommitted))
		clock.seconds.Add(1)
		clock.turns()
		if after := value(t, c.Metrics.transactions.WithLabelValues("adder", outcomeCommitted)); after != before {
			t.Errorf("%g transactions before the interval is over", after-before)
		}
		clock.seconds.Add(1)
		clock.turns()
		if after := value(t, c.Metrics.transactions.WithLabelValues("adder", outcomeCommitted)); after != before+1 {
			t.Errorf("%g transactions in the interval", after-before)
		}
	}
	r.stop(t)
}

func TestHeartbeatsThatAreRefused(t *testing.T) {
	f := newFixture(t)
	for clock, beat := range map[stream.Clock]time.Duration{stream.EventClock: time.Second, stream.WallClock: time.Millisecond} {
		f.group.Clock, f.group.Heartbeat = clock, beat
		g := readGraph(goka.DefineGroup(f.group.Goka(), stream.Input(f.group, f.in, func(*stream.Context[int], int) {}), stream.Persist(f.group)), f.config())
		if g.check() == nil {
			t.Errorf("%v every %s", clock, beat)
		}
	}
}

// A table is as old as the oldest of its partitions, and of no known time as long as one of them says nothing.
func TestTablesAreAsOldAsTheirOldestPartition(t *testing.T) {
	s := newReplicas(nil)
	if at := s.asOf(); !at.IsZero() {
		t.Error(at)
	}
	for n, step := range []struct{ beat, want int64 }{{3000, 3000}, {2000, 2000}, {4000, 2000}, {0, 0}} {
		r := &replica{local: &local{place: place{"t", int32(n)}}}
		r.beat.Store(step.beat)
		s.put(r)
		if at := s.asOf(); step.want == 0 && !at.IsZero() || step.want > 0 && !at.Equal(time.UnixMilli(step.want)) {
			t.Errorf("%d partitions: %v, want %d", n+1, at, step.want)
		}
	}
}
