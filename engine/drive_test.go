package engine

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/millrace/millrace/stream"
)

// clockwork is a wall clock that tests move.
type clockwork struct{ seconds atomic.Int64 }

func (c *clockwork) now() time.Time { return time.Unix(c.seconds.Load(), 0) }

// elapse lets time pass, in steps that leave no gap: the engine looks at the inputs in each. It returns how many timers
// were called.
func (r *running) elapse(c *clockwork, d time.Duration) (called int64) {
	for ; d > 0; d -= 2 * time.Second {
		c.seconds.Add(int64(min(d, 2*time.Second) / time.Second))
		called += r.Tick()
	}
	return called
}

// timed is a graph whose rows hold the second of a timer.
func (f *fixture) timed(fired, swept chan<- string) *goka.GroupGraph {
	set := func(c *stream.Context[int], due int) { c.SetTimer(time.Unix(int64(due), 0), "due") }
	return goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			c.SetRow(n + 10)
			set(c, n+10)
		}),
		stream.Persist(f.group), stream.DeadLetters(f.group), stream.Output(f.out),
		stream.Timers(f.group, func(c *stream.Context[int], timer stream.Timer) {
			stream.Emit(c, f.out, c.Key(), int(timer.Due.Unix()))
			c.SetRow(-1)
			fired <- c.Key()
		}),
		stream.Sweep(f.group, func(c *stream.Context[int]) { swept <- c.Key() }),
	)
}

func TestEngineServesTimersAndSweeps(t *testing.T) {
	f := newFixture(t)
	clock, fired, swept := new(clockwork), make(chan string, 10), make(chan string, 10)
	clock.seconds.Store(1000)
	c := f.config()
	c.Clock, c.Tick = clock.now, 5*time.Millisecond
	r := f.run(c, f.timed(fired, swept))
	f.write("in", "a", []byte("100"))
	f.flush()
	r.handled(f, "in")
	r.stop(t)

	r = f.run(c, f.timed(fired, swept)) // the timer is kept
	<-r.Ready()
	select {
	case key := <-fired:
		t.Errorf("%s fired before its time", key)
	default:
	}
	r.elapse(clock, 16*time.Second)
	if key := receive(t, fired); key != "a" {
		t.Errorf("%s fired", key)
	}
	clock.seconds.Add(700)
	if key := receive(t, swept); key != "a" {
		t.Errorf("%s swept", key)
	}
	r.stop(t)
	if rows := f.table(); rows["a"] != -1 {
		t.Errorf("rows %v", rows)
	}
	if len(fired) > 0 || len(swept) > 0 || len(f.committed("out")) != 1 {
		t.Errorf("%d more timers, %d more sweeps, %d outputs", len(fired), len(swept), len(f.committed("out")))
	}
}

// With NoTick nothing happens by itself.
func TestTickAndSweepOnDemand(t *testing.T) {
	const rows = 2500 // more than a transaction sweeps
	f := newFixture(t)
	clock, fired, swept := new(clockwork), make(chan string, rows), make(chan string, rows)
	clock.seconds.Store(1000)
	c := f.config()
	c.Clock, c.Tick = clock.now, NoTick
	r := f.run(c, f.timed(fired, swept))
	for i := range rows {
		f.write("in", "k"+strconv.Itoa(i), []byte("100"))
	}
	f.flush()
	r.handled(f, "in")
	if n := len(fired) + len(swept); n > 0 {
		t.Errorf("%d calls by themselves", n)
	}
	if n := r.elapse(clock, 16*time.Second); n != rows {
		t.Errorf("%d timers", n)
	}
	if n := r.Tick(); n != 0 {
		t.Errorf("%d timers again", n)
	}
	if n := r.Sweep(); n != rows {
		t.Errorf("%d rows swept", n)
	}
	seen := map[string]bool{}
	for range rows {
		seen[<-swept] = true
	}
	if len(seen) != rows {
		t.Errorf("%d different rows swept", len(seen))
	}
	r.stop(t)
	if n := len(f.committed("out")); n != rows {
		t.Errorf("%d outputs", n)
	}
}

func value(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var out dto.Metric
	if err := m.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.GetGauge().GetValue() + out.GetCounter().GetValue()
}

func TestMetrics(t *testing.T) {
	f := newFixture(t)
	registry := prometheus.NewRegistry()
	c := f.config()
	c.Metrics, c.IdleAfter = NewMetrics(registry), -1
	clock := new(clockwork)
	clock.seconds.Store(1000)
	c.Clock = clock.now
	f.write("adder-table", "b", []byte("7"))
	f.write("in", "a", []byte("100"))
	f.write("in", "a", []byte("poison"))
	f.flush()
	r := f.run(c, f.graph())
	r.handled(f, "in", "adder-loop")
	r.Tick()
	own := func(key string) string { return strconv.Itoa(int(stream.Partition([]byte(key), testPartitions))) }
	for what, check := range map[string]struct {
		metric prometheus.Metric
		want   float64
	}{
		"dead letters": {c.Metrics.deadLetters.WithLabelValues("adder", "malformed"), 1},
		"recovered":    {c.Metrics.recovered.WithLabelValues("adder"), 1},
		"consumer lag": {c.Metrics.consumerLag.WithLabelValues("adder", "in", own("a")), 0},
		"restored":     {c.Metrics.restored.WithLabelValues("adder", "adder-table", own("b")), 1},
		"restore left": {c.Metrics.restoring.WithLabelValues("adder", "adder-table", own("b")), 0},
		"aborted":      {c.Metrics.transactions.WithLabelValues("adder", outcomeAborted), 0},
	} {
		if got := value(t, check.metric); got != check.want {
			t.Errorf("%s is %g, not %g", what, got, check.want)
		}
	}
	if got := value(t, c.Metrics.transactions.WithLabelValues("adder", outcomeCommitted)); got < 1 {
		t.Errorf("%g transactions", got)
	}
	r.stop(t)
	if got := value(t, c.Metrics.recovered.WithLabelValues("adder")); got != 0 {
		t.Errorf("recovered is %g after the stop", got)
	}
}
