package engine

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

func at(seconds int) time.Time { return time.Unix(int64(seconds), 0) }

// says writes the word of one of several sources to every partition of "in".
func (f *fixture) says(source, sources int32, seconds int) {
	w := watermark.Record{Origin: "others", Source: source, Sources: sources, Time: at(seconds).UnixMilli()}
	for _, key := range stream.KeysFor(testPartitions) {
		f.write("in", key, w.Append(nil))
	}
}

func (f *fixture) number(key string, n int) { f.write("in", key, strconv.AppendInt(nil, int64(n), 10)) }

// words returns what was said in a topic, by partition of the topic and source, and all other records.
func (f *fixture) words(topic string) (said map[[2]int32][]watermark.Record, others []string) {
	f.t.Helper()
	said = map[[2]int32][]watermark.Record{}
	for _, r := range f.committed(topic) {
		if w, err := watermark.Decode(r.Value); err == nil {
			id := [2]int32{r.Partition, w.Source}
			said[id] = append(said[id], w)
		} else {
			others = append(others, string(r.Key)+"="+string(r.Value))
		}
	}
	return said, others
}

// times returns the watermarks in seconds; -1: none.
func (r *running) times() map[int32]int {
	out := map[int32]int{}
	for n, t := range r.Watermarks() {
		out[n] = -1
		if !t.IsZero() {
			out[n] = int(t.Unix())
		}
	}
	return out
}

// journal keeps what callbacks of one partition saw, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

func TestMinimumOverSourcesOfAllSpeedsDropsNothing(t *testing.T) {
	const sources, rounds, end = 12, 60, 100_000
	f := newFixture(t)
	f.in.Time, f.in.EventTime = stream.Watermarked, nil
	var late, closed, open journal
	g := goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			if at(n).Before(c.Watermark()) {
				late.add("%d at %s", n, c.Watermark())
			}
			c.SetTimer(at(n/10*10+10), "close")
			open.add("%s %d", c.Key(), n/10*10+10)
		}),
		stream.Timers(f.group, func(c *stream.Context[int], x stream.Timer) {
			closed.add("%s %d", c.Key(), x.Due.Unix())
		}),
		stream.Persist(f.group), stream.DeadLetters(f.group))
	for round := range rounds {
		for s := range int32(sources) {
			now := round * int(s+1) // source 0 is far behind source 11
			f.number(fmt.Sprintf("k%d", (round+int(s))%17), now)
			f.says(s, sources, now)
		}
	}
	f.flush()
	r := f.run(f.config(), g)
	r.handled(f, "in")
	for n, now := range r.times() {
		if now != rounds-1 {
			t.Errorf("partition %d is at %d, the slowest source at %d", n, now, rounds-1)
		}
	}
	for s := range int32(sources) {
		f.says(s, sources, end)
	}
	f.flush()
	r.handled(f, "in")
	r.stop(t)
	if l := late.all(); len(l) > 0 {
		t.Errorf("late: %v", l)
	}
	want, got := open.all(), closed.all()
	slices.Sort(want)
	slices.Sort(got)
	if want = slices.Compact(want); !slices.Equal(want, got) {
		t.Errorf("%d windows closed, %d were open", len(got), len(want))
	}
}

// pair is a group with two inputs that strangers write.
func (f *fixture) pair() *goka.GroupGraph {
	other := f.in
	other.Name = "other"
	nothing := func(*stream.Context[int], int) {}
	return goka.DefineGroup(f.group.Goka(), stream.Input(f.group, f.in, nothing), stream.Input(f.group, other, nothing),
		stream.Persist(f.group), stream.DeadLetters(f.group))
}

func TestIdleInputLeavesAfterEmptyFetches(t *testing.T) {
	f := newFixture(t)
	if err := f.cluster.CreateTopic("other", testPartitions, nil); err != nil {
		t.Fatal(err)
	}
	clock := new(clockwork)
	clock.seconds.Store(10_000)
	c := f.config()
	c.Clock, c.Tick = clock.now, NoTick
	r := f.run(c, f.pair())
	own := stream.Partition([]byte("a"), testPartitions)
	now := 1000
	forward := func(seconds int) { // both inputs are looked at, one moves on
		t.Helper()
		for ; seconds > 0; seconds -= 2 {
			clock.seconds.Add(2)
			now += 2
			f.number("a", now)
			f.flush()
			r.handled(f, "in", "other")
			r.Tick()
		}
	}
	check := func(want int) {
		t.Helper()
		if got := r.times()[own]; got != want {
			t.Errorf("event time is %d, not %d", got, want)
		}
	}
	f.write("other", "a", []byte("500"))
	forward(4)
	check(500)
	clock.seconds.Add(3600) // nobody looked meanwhile
	forward(4)
	check(500)
	forward(4)
	check(now)

	f.write("other", "a", []byte("2000")) // and it is waited for again
	forward(4)
	now = 3000
	forward(2)
	check(2000)
	open, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.TransactionalID("other"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := open.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	waits := &kgo.Record{Topic: "other", Partition: own, Key: []byte("a"), Value: []byte("2001")}
	if err := open.ProduceSync(t.Context(), waits).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for range 10 { // a record waits for its commit, which is not idleness
		clock.seconds.Add(2)
		r.Tick()
	}
	check(2000)
	if err := open.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	r.handled(f, "other")
	check(2001)
	r.stop(t)
}

// relay is a group without a table: what came goes out.
func (f *fixture) relay() *goka.GroupGraph {
	group := stream.Group[stream.NoRow]{Name: "relay", DeadLetters: "dead"}
	out := f.out
	out.Time = stream.Watermarked
	return goka.DefineGroup(group.Goka(),
		stream.Input(group, f.in, func(c *stream.Context[stream.NoRow], n int) { stream.Emit(c, out, c.Key(), n) }),
		stream.Output(out), stream.DeadLetters(group))
}

func TestGroupWithoutTableKeepsItsTime(t *testing.T) {
	f := newFixture(t)
	for n, key := range []string{"a", "b", "c", "d", "e", "f"} {
		f.number(key, 100+n)
	}
	f.flush()
	c := f.config()
	c.IdleAfter = -1
	var last map[int32]int
	for range 3 {
		r := f.run(c, f.relay())
		<-r.Ready()
		if last != nil {
			if got := r.times(); fmt.Sprint(got) != fmt.Sprint(last) {
				t.Errorf("event time is %v after a restart, was %v", got, last)
			}
		}
		f.number("a", 50) // older than what was seen
		f.flush()
		r.handled(f, "in")
		last = r.times()
		r.stop(t)
	}
	said, others := f.words("out")
	if len(said) != testPartitions*testPartitions || len(others) != 9 {
		t.Fatalf("%d partitions heard of sources, %d records", len(said), len(others))
	}
	for id, words := range said {
		for i, w := range words {
			if i > 0 && w.Time < words[i-1].Time {
				t.Errorf("%v: %+v after %+v", id, w, words[i-1])
			}
		}
		want := last[id[1]]
		if got := words[len(words)-1]; want >= 0 && got.Time != at(want).UnixMilli() {
			t.Errorf("%v says %+v at last, is at %d", id, got, want)
		}
	}
}

// A timer that is set by another and comes before those that are due is called before them; records behind the
// watermark come after all of it.
func TestTimersAreCalledInOrderAtTheirPlace(t *testing.T) {
	f := newFixture(t)
	f.in.Time, f.in.EventTime = stream.Watermarked, nil
	var j journal
	g := goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			j.add("record %d at %d", n, max(0, c.Watermark().Unix()))
			if n < 1000 {
				c.SetTimer(at(n), "b")
				c.SetTimer(at(n), "a")
			}
		}),
		stream.Timers(f.group, func(c *stream.Context[int], x stream.Timer) {
			j.add("timer %d %s at %d", x.Due.Unix(), x.Name, c.Watermark().Unix())
			if x.Due.Unix() == 20 && x.Name == "a" {
				c.SetTimer(at(10), "back")
				c.SetTimer(at(25), "between")
				c.SetTimer(at(45), "later")
			}
		}),
		stream.Persist(f.group), stream.DeadLetters(f.group))
	for _, n := range []int{30, 20, 50, 40} {
		f.number("a", n)
	}
	f.says(0, 1, 40)
	f.number("a", 1000)
	f.says(0, 1, 60)
	f.number("a", 1001)
	f.flush()
	r := f.run(f.config(), g)
	r.handled(f, "in")
	r.stop(t)
	want := []string{
		"record 30 at 0", "record 20 at 0", "record 50 at 0", "record 40 at 0",
		"timer 20 a at 40", "timer 10 back at 40", "timer 20 b at 40", "timer 25 between at 40", "timer 30 a at 40", "timer 30 b at 40",
		"timer 40 a at 40", "timer 40 b at 40", "record 1000 at 40",
		"timer 45 later at 60", "timer 50 a at 60", "timer 50 b at 60", "record 1001 at 60",
	}
	if got := j.all(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Whoever writes to a topic of strangers cannot move time by what looks like the word of a group, nor by a time nobody
// believes.
func TestStrangersDoNotMoveTime(t *testing.T) {
	f := newFixture(t)
	c := f.config()
	c.IdleAfter = -1
	r := f.run(c, f.graph())
	for _, key := range stream.KeysFor(testPartitions) {
		f.number(key, 100)
	}
	f.says(0, 1, 5000)
	f.number("a", int(time.Now().Add(time.Hour).Unix()))
	f.flush()
	r.handled(f, "in")
	for n, now := range r.times() {
		if now != 100 {
			t.Errorf("partition %d is at %d", n, now)
		}
	}
	r.stop(t)
	if n := len(f.committed("dead")); n != testPartitions {
		t.Errorf("%d dead letters", n)
	}
}

// A watermark that stands still is told of, with whom it waits for, once in a while.
func TestStandstillIsTold(t *testing.T) {
	for mayStand, level := range map[bool]string{false: "level=WARN", true: "level=INFO"} {
		testStandstill(t, mayStand, level)
	}
}

func testStandstill(t *testing.T, mayStand bool, level string) {
	var log bytes.Buffer
	e, err := New(Config{
		Client: ClientConfig{Brokers: []string{"none:1"}}, Clock: func() time.Time { return at(1000) },
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Metrics: NewMetrics(nil), MayStand: mayStand,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.graph = graph{group: "g", timed: []watermark.Input{{Topic: "in"}}}
	p := e.newPartition(2, 4)
	s := &session{member: &member{engine: e}, engine: e, parts: map[int32]*partition{2: p}}
	for source := range int32(2) {
		p.time.Observe("in", watermark.Record{Origin: "others", Source: source, Sources: 2, Time: at(100 + int(source)).UnixMilli()})
	}
	p.adoptWatermark(at(1000))
	for _, seconds := range []int{1010, 1031, 1032, 1200} {
		s.warn(p, at(seconds))
	}
	if lines := strings.Count(log.String(), level+` msg="event time stands still"`); lines != 1 {
		t.Errorf("%d lines at %s", lines, level)
	}
	if !strings.Contains(log.String(), "group=g partition=2") || !strings.Contains(log.String(), "waits_for_topic=in waits_for_group=others waits_for_partition=0") {
		t.Errorf("the log says %s", log.String())
	}
	s.measure()
	if got := value(t, e.config.Metrics.watermark.WithLabelValues("g", "2")); got != 100 {
		t.Errorf("watermark is %g", got)
	}
	if got := value(t, e.config.Metrics.watermarkLag.WithLabelValues("g")); got != 900 {
		t.Errorf("lag is %g", got)
	}
}
