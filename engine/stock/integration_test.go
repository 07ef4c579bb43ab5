package stock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/millrace/millrace/stream"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, // but for two of sarama's, see streamtest.VerifyNoLeaks
		goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"),
		goleak.IgnoreTopFunction("github.com/IBM/sarama.(*Broker).responseReceiver"))
}

const testPartitions = 3

// number is a codec of decimal numbers.
type number struct{}

func (number) Encode(n int) ([]byte, error)     { return strconv.AppendInt(nil, int64(n), 10), nil }
func (number) Decode(b []byte) (n int, _ error) { n, err := strconv.Atoi(string(b)); return n, err }

type fixture struct {
	t       *testing.T
	brokers []string
	client  *kgo.Client
	in      stream.Topic[int]
	out     stream.Topic[int]
	group   stream.Group[int]
	calls   atomic.Int64
	onCall  func(n int64)
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	seconds := func(n int) time.Time { return time.Unix(int64(n), 0) }
	f := &fixture{
		t:     t,
		in:    stream.Topic[int]{Name: "in", Codec: number{}, Time: stream.Watermarked, EventTime: seconds},
		out:   stream.Topic[int]{Name: "out", Codec: number{}, Time: stream.Watermarked, EventTime: seconds},
		group: stream.Group[int]{Name: "adder", Row: number{}, DeadLetters: "dead"},
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1),
		kfake.SeedTopics(testPartitions, "in", "out", "dead", "adder-table", "adder-loop", "other-table"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	f.brokers = cluster.ListenAddrs()
	f.client, err = kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.ConsumeTopics("out"),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
			return func(r *kgo.Record, n int) int { return int(stream.Partition(r.Key, int32(n))) }
		})), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
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
	return Config{Brokers: f.brokers, Partitions: testPartitions, FetchWait: 20 * time.Millisecond}
}

type running struct {
	*Transport
	cancel context.CancelFunc
	result chan error
}

func (f *fixture) run(c Config, g *goka.GroupGraph) *running {
	f.t.Helper()
	t, err := New(c)
	if err != nil {
		f.t.Fatal(err)
	}
	p, err := goka.NewProcessor(c.Brokers, g, t.Options()...)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Transport: t, cancel: cancel, result: make(chan error, 1)}
	go func() { r.result <- t.Run(ctx, p) }()
	return r
}

func (r *running) stop(t *testing.T) {
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
	listed, err := kadm.NewClient(f.client).ListEndOffsets(context.Background(), topic)
	if err != nil {
		f.t.Fatal(err)
	}
	ends := map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) { ends[o.Partition] = o.Offset })
	return ends
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), 60*time.Second, errors.New("test takes too long"))
	t.Cleanup(cancel)
	return ctx
}

func (r *running) handled(f *fixture, topics ...string) {
	f.t.Helper()
	for _, topic := range topics {
		if err := r.Handled(topic).Wait(deadline(f.t), f.ends(topic)); err != nil {
			f.t.Fatal(err)
		}
	}
}

// table reads the changelog the way a view does.
func (f *fixture) table() map[string]int {
	f.t.Helper()
	table, err := NewTable(f.config(), "adder-table", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(deadline(f.t))
	done := make(chan error, 1)
	go func() { done <- table.Run(ctx) }()
	if err := table.WaitRecovered(ctx); err != nil {
		f.t.Fatal(err)
	}
	rows := map[string]int{}
	table.Ascend("", func(key string, value []byte) bool {
		rows[key], _ = strconv.Atoi(string(value))
		return true
	})
	cancel()
	if err := <-done; err != nil {
		f.t.Error(err)
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
	seen, total := make([]int, written), int64(0)
	for _, n := range f.ends("out") {
		total += n
	}
	if total != int64(written) {
		f.t.Errorf("%d outputs of %d records", total, written)
	}
	for read := int64(0); read < total; {
		fetches := f.client.PollFetches(deadline(f.t))
		if err := fetches.Err(); err != nil {
			f.t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			n, _ := strconv.Atoi(string(r.Value))
			seen[n]++
			read++
		})
	}
	for n, times := range seen {
		if times != 1 {
			f.t.Errorf("record %d came out %d times", n, times)
		}
	}
}

func TestGracefulRestartsAreExact(t *testing.T) {
	const records, restarts = 5000, 6
	f := newFixture(t)
	reached := make(chan struct{}, records)
	f.onCall = func(n int64) {
		if n%(records/restarts) == 0 {
			reached <- struct{}{}
		}
	}
	for i := range records {
		f.write("in", fmt.Sprintf("k%d", i%97), strconv.AppendInt(nil, int64(i), 10))
	}
	f.flush()
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
	reached := make(chan struct{}, records)
	f.onCall = func(n int64) {
		if n%1000 == 0 {
			reached <- struct{}{}
		}
	}
	first := f.run(f.config(), f.graph())
	<-first.Ready()
	write := func(from int) {
		for i := from; i < from+1000; i++ {
			f.write("in", fmt.Sprintf("k%d", i%97), strconv.AppendInt(nil, int64(i), 10))
		}
		f.flush()
	}
	write(0)
	<-reached
	write(1000)
	second := f.run(f.config(), f.graph()) // joins while records are under way
	<-second.Ready()
	<-reached
	write(2000)
	first.stop(t)
	second.handled(f, "in", "adder-loop")
	second.stop(t)
	f.checkSums(records)
}
