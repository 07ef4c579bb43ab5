package enginetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
)

// Partitions of every topic of a harness.
const Partitions = 3

// patience is how long one command may take before the test fails.
const patience = 2 * time.Minute

// Point is where a crash happens.
type Point struct {
	// Key is the request at which the wire is cut; 0 with Call.
	Key kmsg.Key
	// Applied: the broker does what it was asked for, and the answer is lost. Else the request is.
	Applied bool
	// Call is the callback during which the wire is cut, from 1.
	Call int
	// After is how many such requests of the harness go by before.
	After int
}

func (p Point) String() string {
	if p.Call > 0 {
		return fmt.Sprintf("callback-%d", p.Call)
	}
	how := "lost"
	if p.Applied {
		how = "unanswered"
	}
	return fmt.Sprintf("%s-%d-%s", p.Key.Name(), p.After+1, how)
}

// Harness runs one processor, in one life after another. Its methods fail the test on errors.
type Harness struct {
	Cluster *kfake.Cluster
	Client  *kgo.Client

	t      testing.TB
	graph  func(called func()) *goka.GroupGraph
	config engine.Config
	topics []string

	at int // callback at which to cut; 0: none

	engine *engine.Engine
	wire   *Wire
	stop   context.CancelFunc
	result chan error
}

// New starts a broker with the topics given; graph makes the processor, whose callbacks tell when they begin.
func New(t testing.TB, c engine.Config, topics []string, graph func(called func()) *goka.GroupGraph) *Harness {
	t.Helper()
	h := &Harness{t: t, graph: graph, config: c, topics: topics}
	var err error
	h.Cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(Partitions, topics...), kfake.GroupMinSessionTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Cluster.Close)
	h.Client, err = kgo.NewClient(kgo.SeedBrokers(h.Cluster.ListenAddrs()...),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
			return func(r *kgo.Record, n int) int { return int(stream.Partition(r.Key, int32(n))) }
		})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Client.Close)
	return h
}

// Disk keeps tables in a directory that outlives the processor's lives.
func (h *Harness) Disk() {
	h.t.Helper()
	d, err := store.NewDisk(store.DiskConfig{Dir: h.t.TempDir()})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = d.Close() })
	h.config.Stores = d
}

// Start begins a life of the processor.
func (h *Harness) Start() {
	h.t.Helper()
	c := h.config
	h.wire = NewWire()
	c.Client = engine.ClientConfig{Brokers: h.Cluster.ListenAddrs(), Dial: h.wire.Dial}
	c.Partitions, c.SessionTimeout, c.StopPatience = Partitions, 4*time.Second, time.Millisecond
	if testing.Verbose() {
		c.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	var err error
	if h.engine, err = engine.New(c); err != nil {
		h.t.Fatal(err)
	}
	p, err := goka.NewProcessor(c.Client.Brokers, h.graph(h.called()), h.engine.Options()...)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.stop, h.result = cancel, make(chan error, 1)
	go func() { h.result <- h.engine.Run(ctx, p) }()
}

// called counts callbacks and cuts the wire at the one that was asked for.
func (h *Harness) called() func() {
	wire, at := h.wire, h.at
	h.at = 0
	steps := make(chan struct{}, 1) // a lock: callbacks run in parallel
	n := 0
	return func() {
		steps <- struct{}{}
		if n++; n == at {
			wire.Cut()
		}
		<-steps
	}
}

// CrashAt starts the processor and kills it at a point, which must come.
func (h *Harness) CrashAt(p Point) {
	h.t.Helper()
	h.at = p.Call
	if p.Call > 0 {
		h.Start()
	} else {
		h.arm(p)
	}
	select {
	case <-h.wire.Done():
	case <-time.After(patience):
		h.t.Fatalf("%s never came", p)
	}
	h.abandon()
}

func (h *Harness) arm(p Point) {
	left := p.After
	armed := make(chan *Wire, 1)
	h.Cluster.ControlKey(int16(p.Key), func(kmsg.Request) (kmsg.Response, error, bool) {
		h.Cluster.KeepControl()
		if left--; left >= 0 {
			return nil, nil, false
		}
		select {
		case w := <-armed:
			h.Cluster.DropControl()
			if p.Applied {
				go w.Cut() // the request is on its way to being applied
				return nil, nil, false
			}
			w.Cut()
			return nil, ErrCut, true
		default:
			return nil, nil, false
		}
	})
	h.Start()
	armed <- h.wire
}

// abandon waits until nothing of the dead processor runs here any more.
func (h *Harness) abandon() {
	h.stop()
	if err := <-h.result; err != nil {
		h.t.Logf("the killed processor says: %v", err)
	}
}

// Stop ends the processor's life as it should.
func (h *Harness) Stop() {
	h.t.Helper()
	h.stop()
	if err := <-h.result; err != nil {
		h.t.Errorf("stop: %v", err)
	}
}

// Produce writes records "key=value" to a topic and waits until they are there.
func (h *Harness) Produce(topic string, records ...string) {
	h.t.Helper()
	for _, r := range records {
		key, value, _ := strings.Cut(r, "=")
		h.Client.Produce(context.Background(), &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte(value)}, func(_ *kgo.Record, err error) {
			if err != nil {
				h.t.Error(err)
			}
		})
	}
	if err := h.Client.Flush(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// Settle returns when the topics given are handled to their ends.
func (h *Harness) Settle(topics ...string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("the processor does not come to rest"))
	defer cancel()
	for _, topic := range topics {
		ends, err := kadm.NewClient(h.Client).ListEndOffsets(ctx, topic)
		if err != nil {
			h.t.Fatal(err)
		}
		at := map[int32]int64{}
		ends.Each(func(o kadm.ListedOffset) { at[o.Partition] = o.Offset })
		waiting := make(chan error, 1)
		go func() { waiting <- h.engine.Handled(topic).Wait(ctx, at) }()
		select {
		case err := <-waiting:
			if err != nil {
				h.t.Fatalf("%s: %v, handled %v of %v", topic, err, h.engine.Handled(topic).Next(), at)
			}
		case err := <-h.result:
			h.t.Fatalf("the processor stopped: %v", err)
		}
	}
}

// Committed returns what a reader of committed records sees of a topic, "key=value" in the order of each partition, and
// a deleted row as "key".
func (h *Harness) Committed(topic string) [][]string {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ends, err := kadm.NewClient(h.Client).ListCommittedOffsets(ctx, topic)
	if err != nil {
		h.t.Fatal(err)
	}
	out := make([][]string, Partitions)
	for p := range int32(Partitions) {
		end, _ := ends.Lookup(topic, p)
		reader, err := kgo.NewClient(kgo.SeedBrokers(h.Cluster.ListenAddrs()...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
			kgo.KeepControlRecords(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {p: kgo.NewOffset().AtStart()}}))
		if err != nil {
			h.t.Fatal(err)
		}
		for next := int64(0); next < end.Offset; {
			fetches := reader.PollFetches(ctx)
			if err := fetches.Err(); err != nil {
				h.t.Fatal(err)
			}
			fetches.EachRecord(func(r *kgo.Record) {
				next = r.Offset + 1
				if r.Attrs.IsControl() {
					return
				}
				line := string(r.Key)
				if r.Value != nil {
					line += "=" + string(r.Value)
				}
				out[p] = append(out[p], line)
			})
		}
		reader.Close()
	}
	return out
}

// Rows folds a table topic, in key order.
func (h *Harness) Rows(topic string) []string {
	h.t.Helper()
	rows := map[string]string{}
	for _, part := range h.Committed(topic) {
		for _, line := range part {
			key, _, has := strings.Cut(line, "=")
			if !has {
				delete(rows, key)
				continue
			}
			rows[key] = line
		}
	}
	out := make([]string, 0, len(rows))
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, rows[key])
	}
	return out
}

// Wait returns what the processor's life ended with.
func (h *Harness) Wait() error {
	h.t.Helper()
	select {
	case err := <-h.result:
		return err
	case <-time.After(patience):
		h.t.Fatal("the processor does not end")
		return nil
	}
}
