package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testPartitions = 3

// number is a codec of decimal numbers.
type number struct{}

func (number) Encode(n int) ([]byte, error)     { return strconv.AppendInt(nil, int64(n), 10), nil }
func (number) Decode(b []byte) (n int, _ error) { n, err := strconv.Atoi(string(b)); return n, err }

type fixture struct {
	t       testing.TB
	cluster *kfake.Cluster
	brokers []string
	client  *kgo.Client
	stores  store.Opener
	in      stream.Topic[int]
	out     stream.Topic[int]
	group   stream.Group[int]
	calls   atomic.Int64
	onCall  func(n int64)
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	seconds := func(n int) time.Time { return time.Unix(int64(n), 0) }
	f := &fixture{
		t:     t,
		in:    stream.Topic[int]{Name: "in", Codec: number{}, Time: stream.OwnTime, EventTime: seconds},
		out:   stream.Topic[int]{Name: "out", Codec: number{}},
		group: stream.Group[int]{Name: "adder", Row: number{}, DeadLetters: "dead"},
	}
	var err error
	f.cluster, err = kfake.NewCluster(kfake.NumBrokers(1),
		kfake.SeedTopics(testPartitions, "in", "out", "dead", "adder-table", "adder-loop", "adder-timers", "other-table"),
		kfake.GroupMinSessionTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.cluster.Close)
	f.brokers = f.cluster.ListenAddrs()
	f.client, err = kgo.NewClient(kgo.SeedBrokers(f.brokers...),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
			return func(r *kgo.Record, n int) int { return int(stream.Partition(r.Key, int32(n))) }
		})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.client.Close)
	return f
}

// graph adds numbers up under their key, emits each, and sends each by loop to the key "all".
func (f *fixture) graph() *goka.GroupGraph {
	add := func(c *stream.Context[int], n int) {
		row, _ := c.Row()
		c.SetRow(row + n)
	}
	return goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			add(c, n)
			stream.Emit(c, f.out, c.Key(), n)
			stream.Loopback(c, "all", n)
			if calls := f.calls.Add(1); f.onCall != nil {
				f.onCall(calls)
			}
		}),
		stream.Loop(f.group, number{}, add),
		stream.Persist(f.group), stream.Output(f.out), stream.DeadLetters(f.group),
	)
}

func (f *fixture) config() Config {
	c := Config{
		Client: ClientConfig{Brokers: f.brokers}, Partitions: testPartitions, CommitInterval: 20 * time.Millisecond,
		SessionTimeout: 3 * time.Second, Tick: 20 * time.Millisecond, Stores: f.stores,
	}
	if testing.Verbose() {
		c.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	return c
}

type running struct {
	*Engine
	cancel context.CancelFunc
	result chan error
}

func (f *fixture) run(c Config, g *goka.GroupGraph, more ...goka.ProcessorOption) *running {
	f.t.Helper()
	e, err := New(c)
	if err != nil {
		f.t.Fatal(err)
	}
	p, err := goka.NewProcessor(c.Client.Brokers, g, append(e.Options(), more...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Engine: e, cancel: cancel, result: make(chan error, 1)}
	go func() { r.result <- e.Run(ctx, p) }()
	return r
}

func (r *running) stop(t testing.TB) {
	t.Helper()
	start := time.Now()
	r.cancel()
	if err := <-r.result; err != nil {
		t.Errorf("stop: %v", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("stop took %s", took)
	}
}

func (f *fixture) write(topic, key string, value []byte) {
	f.client.Produce(context.Background(), &kgo.Record{Topic: topic, Key: []byte(key), Value: value}, func(_ *kgo.Record, err error) {
		if err != nil {
			f.t.Error(err)
		}
	})
}

func (f *fixture) flush() {
	f.t.Helper()
	if err := f.client.Flush(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) ends(topic string) map[int32]int64 {
	f.t.Helper()
	ctx := deadline(f.t)
	var listed kadm.ListedOffsets
	for err := errors.New("not asked yet"); err != nil; { // a leader that has just moved gives an error for its partition
		if ctx.Err() != nil {
			f.t.Fatal(err)
		}
		if listed, err = kadm.NewClient(f.client).ListEndOffsets(ctx, topic); err == nil {
			err = listed.Error()
		}
	}
	ends := map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) { ends[o.Partition] = o.Offset })
	return ends
}

func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), 60*time.Second, errors.New("test takes too long"))
	t.Cleanup(cancel)
	return ctx
}

func (r *running) handled(f *fixture, topics ...string) {
	f.t.Helper()
	for _, topic := range topics {
		if err := r.Handled(topic).Wait(deadline(f.t), f.ends(topic)); err != nil {
			select {
			case ended := <-r.result:
				err = errors.Join(err, ended)
			default:
			}
			f.t.Fatal(err)
		}
	}
}

// committed reads all that is committed.
func (f *fixture) committed(topic string) []*kgo.Record {
	f.t.Helper()
	var all []*kgo.Record
	for p, end := range f.ends(topic) {
		r := newReader(f.client, topic, p, 0)
		for r.next < end {
			records, err := r.read(deadline(f.t), 10*time.Millisecond)
			if err != nil {
				f.t.Fatal(err)
			}
			all = append(all, records...)
		}
	}
	return all
}

func (f *fixture) table() map[string]int {
	f.t.Helper()
	rows := map[string]int{}
	for _, r := range f.committed("adder-table") {
		if r.Value == nil {
			delete(rows, string(r.Key))
			continue
		}
		if position.IsReserved(string(r.Key)) {
			continue
		}
		rows[string(r.Key)], _ = strconv.Atoi(string(r.Value))
	}
	return rows
}

// checkSums compares table and outputs with what was written.
func (f *fixture) checkSums(written int) {
	f.t.Helper()
	want, all := map[string]int{}, 0
	for i := range written {
		want[fmt.Sprintf("k%d", i%97)] += i
		all += i
	}
	want["all"] = all
	got := f.table()
	for key, n := range want {
		if got[key] != n {
			f.t.Errorf("row %s is %d, not %d", key, got[key], n)
		}
	}
	seen := make([]int, written)
	for _, r := range f.committed("out") {
		n, err := strconv.Atoi(string(r.Value))
		if err != nil {
			f.t.Fatal(err)
		}
		seen[n]++
	}
	for n, times := range seen {
		if times != 1 {
			f.t.Errorf("record %d came out %d times", n, times)
		}
	}
}

func (f *fixture) writeNumbers(from, to int) {
	f.t.Helper()
	for i := from; i < to; i++ {
		f.write("in", fmt.Sprintf("k%d", i%97), strconv.AppendInt(nil, int64(i), 10))
	}
	f.flush()
}

// every returns a channel that gets a value at each n-th call of the callback.
func (f *fixture) every(n int64) <-chan struct{} {
	reached := make(chan struct{}, 10_000)
	f.onCall = func(calls int64) {
		if calls%n == 0 {
			reached <- struct{}{}
		}
	}
	return reached
}

func TestGracefulRestartsAreExact(t *testing.T) {
	const records, restarts = 5000, 6
	f := newFixture(t)
	reached := f.every(records / restarts)
	f.writeNumbers(0, records)
	for range restarts - 1 {
		r := f.run(f.config(), f.graph())
		<-reached // in the middle of a batch
		r.stop(t)
	}
	r := f.run(f.config(), f.graph())
	r.handled(f, "in", "adder-loop")
	r.stop(t)
	f.checkSums(records)
}

func TestRebalancesAreExact(t *testing.T) {
	const records = 3000
	f := newFixture(t)
	reached := f.every(1000)
	first := f.run(f.config(), f.graph())
	<-first.Ready()
	f.writeNumbers(0, 1000)
	<-reached
	f.writeNumbers(1000, 2000)
	c := f.config()
	c.Slot = "1"
	second := f.run(c, f.graph()) // joins while records are under way
	<-second.Ready()
	<-reached
	f.writeNumbers(2000, records)
	first.Drain()
	first.stop(t)
	second.handled(f, "in", "adder-loop")
	second.stop(t)
	f.checkSums(records)
}
