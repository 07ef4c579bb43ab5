package stock

import (
	"strconv"
	"strings"
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

// timed is a graph whose rows hold the second of a timer.
func (f *fixture) timed(fired chan<- string, swept chan<- string) *goka.GroupGraph {
	set := func(c *stream.Context[int], due int) { c.SetTimer(time.Unix(int64(due), 0), "due") }
	return goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			c.SetRow(n + 10)
			set(c, n+10)
		}),
		stream.Persist(f.group), stream.DeadLetters(f.group), stream.Output(f.out),
		stream.Timers(f.group, func(c *stream.Context[int]) {
			row, _ := c.Row()
			set(c, row)
			c.Advance(time.Unix(int64(row-10), 0))
		}, func(c *stream.Context[int], timer stream.Timer) {
			stream.Emit(c, f.out, c.Key(), int(timer.Due.Unix()))
			c.SetRow(-1)
			fired <- c.Key()
		}),
		stream.Sweep(f.group, func(c *stream.Context[int]) { swept <- c.Key() }),
	)
}

func TestDriverServesTimersAndSweeps(t *testing.T) {
	f := newFixture(t)
	clock, fired, swept := new(clockwork), make(chan string, 10), make(chan string, 10)
	clock.seconds.Store(1000)
	c := f.config()
	c.Clock, c.Tick = clock.now, time.Millisecond
	r := f.run(c, f.timed(fired, swept))
	f.write("in", "a", []byte("100"))
	f.flush()
	r.handled(f, "in")
	r.stop(t)

	r = f.run(c, f.timed(fired, swept)) // the timer is set again from the row
	<-r.Ready()
	select {
	case key := <-fired:
		t.Errorf("%s fired before its time", key)
	default:
	}
	clock.seconds.Add(11)
	if key := <-fired; key != "a" {
		t.Errorf("%s fired", key)
	}
	clock.seconds.Add(700)
	if key := <-swept; key != "a" {
		t.Errorf("%s swept", key)
	}
	r.stop(t)
	if rows := f.table(); rows["a"] != -1 {
		t.Errorf("rows %v", rows)
	}
	if len(fired) > 0 || len(swept) > 0 {
		t.Errorf("%d more timers, %d more sweeps", len(fired), len(swept))
	}
}

func TestStatelessGroupHasClocksButNoVisits(t *testing.T) {
	f := newFixture(t)
	group := stream.Group[stream.NoRow]{Name: "stateless", DeadLetters: "dead"}
	in := f.in
	in.EventTime = nil
	c := f.config()
	c.Tick = time.Millisecond
	r := f.run(c, goka.DefineGroup(group.Goka(), stream.Output(f.out), stream.DeadLetters(group),
		stream.Input(group, in, func(c *stream.Context[stream.NoRow], n int) { c.Clock(time.Unix(int64(n), 0)) })))
	f.write("in", "a", []byte("100"))
	f.flush()
	r.handled(f, "in")
	own := stream.Partition([]byte("a"), testPartitions)
	if now := r.Watermarks()[own]; now.Unix() != 100 {
		t.Errorf("event time is %s", now)
	}
	r.stop(t)
	for p, end := range f.ends("out") {
		if end != 1 {
			t.Errorf("partition %d got %d clocks", p, end)
		}
	}
}

func TestMissingTopicIsRefused(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.out
	elsewhere.Name = "nowhere"
	g := goka.DefineGroup(f.group.Goka(), stream.Persist(f.group), stream.Output(elsewhere), stream.DeadLetters(f.group),
		stream.Input(f.group, f.in, func(*stream.Context[int], int) {}))
	err := <-f.run(f.config(), g).result
	if err == nil || !strings.Contains(err.Error(), "nowhere does not exist") {
		t.Errorf("got %v", err)
	}
	c := f.config()
	c.Partitions = 12
	transport, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = goka.NewProcessor(c.Brokers, f.graph(), transport.Options()...)
	transport.closeAll()
	if err == nil || !strings.Contains(err.Error(), "has 3 partitions, not 12") {
		t.Errorf("got %v", err)
	}
}

func TestUnreadableRowStopsTheProcessor(t *testing.T) {
	f := newFixture(t)
	f.write("adder-table", "a", []byte("not a number"))
	f.flush()
	select {
	case err := <-f.run(f.config(), f.timed(nil, nil)).result:
		if err == nil || !strings.Contains(err.Error(), "not a number") {
			t.Errorf("got %v", err)
		}
	case <-deadline(t).Done():
		t.Error("still running")
	}
}

func TestLookupAndIndexSeeTheWholeTable(t *testing.T) {
	f := newFixture(t)
	others := stream.Group[int]{Name: "other", Row: number{}}
	for i := range 30 {
		f.write("other-table", strconv.Itoa(i), []byte(strconv.Itoa(i*i)))
	}
	f.write("other-table", minimalKeys()[0], []byte("7"))
	f.write("in", "7", []byte("1"))
	f.write("in", minimalKeys()[0], []byte("1"))
	f.write("in", "none", []byte("1"))
	f.flush()
	index, c := map[string]string{}, f.config()
	c.Index = map[string]func(string, []byte){"other-table": func(key string, value []byte) { index[key] = string(value) }}
	seen := make(chan int, 3)
	r := f.run(c, goka.DefineGroup(f.group.Goka(), stream.Persist(f.group), stream.Lookup(others), stream.DeadLetters(f.group),
		goka.Input("in", stream.GokaCodec(number{}), func(c goka.Context, _ any) {
			n, ok := c.Lookup("other-table", c.Key()).(int)
			if !ok {
				n = -1
			}
			c.SetValue(n)
			seen <- n
		})))
	r.handled(f, "in", "other-table")
	if sum := <-seen + <-seen + <-seen; sum != 49+7-1 {
		t.Errorf("sum of look-ups is %d", sum)
	}
	r.stop(t)
	if len(index) != 31 || index["5"] != "25" {
		t.Errorf("index %v", index)
	}
	for p, s := range r.graph.lookups["other-table"].reader.stores.all() {
		if s.size() == 0 {
			t.Errorf("partition %d was forgotten at the stop", p)
		}
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
	c.Metrics, c.Tick = NewMetrics(registry), NoTick
	clock := new(clockwork)
	clock.seconds.Store(1000)
	c.Clock = clock.now
	f.write("in", "a", []byte("100"))
	f.write("in", "a", []byte("poison"))
	f.flush()
	r := f.run(c, f.graph())
	r.handled(f, "in", "adder-loop")
	r.Tick()
	own := int(stream.Partition([]byte("a"), testPartitions))
	for what, check := range map[string]struct {
		metric prometheus.Metric
		want   float64
	}{
		"dead letters":  {c.Metrics.deadLetters.WithLabelValues("adder", "malformed"), 1},
		"recovered":     {c.Metrics.recovered.WithLabelValues("adder"), 1},
		"watermark lag": {c.Metrics.watermarkLag.WithLabelValues("adder"), 900},
		"consumer lag":  {c.Metrics.consumerLag.WithLabelValues("adder", "in", strconv.Itoa(own)), 0},
	} {
		if got := value(t, check.metric); got != check.want {
			t.Errorf("%s is %g, not %g", what, got, check.want)
		}
	}
	second := f.group
	second.Name, second.Row = "second", nil // shares the metrics
	s := f.run(c, goka.DefineGroup(second.Goka(), stream.DeadLetters(second),
		stream.Input(second, f.in, func(*stream.Context[int], int) {})))
	s.handled(f, "in")
	s.stop(t)
	r.stop(t)
	if got := value(t, c.Metrics.recovered.WithLabelValues("adder")); got != 0 {
		t.Errorf("recovered is %g after the stop", got)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "millrace_consumer_lag_records" {
			t.Errorf("%d lags after the stop", len(family.GetMetric()))
		}
	}
}
