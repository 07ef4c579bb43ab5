package enginetest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/store"
)

// Partitions of every topic of a harness.
const Partitions = 3

// patience is how long one command may take before the test fails.
const patience = 2 * time.Minute

// BrokerVariable names a real Kafka to use instead of a broker of each test's own, as host:port[,host:port...].
const BrokerVariable = "MILLRACE_KAFKA"

// Harness runs one processor, in one life after another. Its methods fail the test on errors. Topics and groups have
// names of their own on the broker, which begin with Prefix; the methods take and return those that the script knows.
type Harness struct {
	Brokers []string
	Prefix  string
	Client  *kgo.Client

	t      testing.TB
	graph  Graph
	config engine.Config

	calls map[int]func() // by callback of the life that begins

	engine *engine.Engine
	wire   *Wire
	stop   context.CancelFunc
	result chan error
}

// Graph makes a processor whose topics and group begin with a prefix, and whose callbacks tell when they begin.
type Graph func(prefix string, called func()) *goka.GroupGraph

// New makes the topics given, on the broker that MILLRACE_KAFKA names, else on one of the test's own.
func New(t testing.TB, c engine.Config, topics []string, graph Graph) *Harness {
	t.Helper()
	if list := os.Getenv(BrokerVariable); list != "" {
		return newHarness(t, c, strings.Split(list, ","), topics, graph)
	}
	h, _ := NewFake(t, c, topics, graph)
	return h
}

// NewFake makes the topics given on a broker of the test's own, which answers as the test wants.
func NewFake(t testing.TB, c engine.Config, topics []string, graph Graph,
	opts ...kfake.Opt) (*Harness, *kfake.Cluster) {
	t.Helper()
	opts = append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second)}, opts...)
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return newHarness(t, c, cluster.ListenAddrs(), topics, graph), cluster
}

func newHarness(t testing.TB, c engine.Config, brokers, topics []string, graph Graph) *Harness {
	t.Helper()
	h := &Harness{t: t, graph: graph, config: c, Brokers: brokers, Prefix: "t" +
		strconv.FormatInt(time.Now().UnixNano(), 36) + "-"}
	var err error
	// new topics are found soon
	h.Client, err = kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.MetadataMinAge(20*time.Millisecond),
		kgo.RecordPartitioner(engine.Partitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Client.Close)
	h.createTopics(topics)
	return h
}

// createTopics returns when the broker serves them. They go when the test is over.
func (h *Harness) createTopics(topics []string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	adm := kadm.NewClient(h.Client)
	var names []string
	for _, topic := range topics {
		names = append(names, h.Prefix+topic)
	}
	made, err := adm.CreateTopics(ctx, Partitions, 1, nil, names...)
	if err == nil {
		err = made.Error()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if _, err := adm.DeleteTopics(context.Background(), names...); err != nil {
			h.t.Log(err)
		}
	})
	for _, name := range names {
		h.listed(ctx, name, adm.ListEndOffsets)
	}
}

// Twin returns another process of the same group, with a slot of its own or the same.
func (h *Harness) Twin(slot string) *Harness {
	twin := *h
	twin.config.Slot = slot
	return &twin
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
	h.wire = NewWire()
	h.start()
}

// StartBreaking begins a life in which one connection breaks, at a point. The channel is closed when that happens.
func (h *Harness) StartBreaking(p Point) <-chan struct{} {
	h.t.Helper()
	h.wire = NewWire()
	done := h.wire.BreakAt(p)
	h.start()
	return done
}

func (h *Harness) start() {
	h.t.Helper()
	c := h.config
	c.Client.Brokers, c.Client.Dial = h.Brokers, h.wire.Dial
	c.Partitions, c.StopPatience = Partitions, time.Millisecond
	if c.SessionTimeout == 0 {
		c.SessionTimeout = 4 * time.Second
	}
	if testing.Verbose() {
		c.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	var err error
	if h.engine, err = engine.New(c); err != nil {
		h.t.Fatal(err)
	}
	p, err := goka.NewProcessor(c.Client.Brokers, h.graph(h.Prefix, h.called()), h.engine.Options()...)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.stop, h.result = cancel, make(chan error, 1)
	go func() { h.result <- h.engine.Run(ctx, p) }()
}

// OnCall does something during the n-th callback (from 1) of the life that begins next.
func (h *Harness) OnCall(n int, do func()) {
	if h.calls == nil {
		h.calls = map[int]func(){}
	}
	h.calls[n] = do
}

// called counts callbacks and does what was asked for.
func (h *Harness) called() func() {
	calls := h.calls
	h.calls = nil
	var n atomic.Int64
	return func() {
		if do := calls[int(n.Add(1))]; do != nil {
			do()
		}
	}
}

// CrashAt starts the processor and kills it at a point, which must come.
func (h *Harness) CrashAt(p Point) {
	h.t.Helper()
	h.wire = NewWire()
	if p.Call > 0 {
		h.OnCall(p.Call, h.wire.Cut)
	} else {
		h.wire.CutAt(p)
	}
	h.start()
	select {
	case <-h.wire.Done():
	case <-time.After(patience):
		h.t.Fatalf("%s never came", p)
	}
	h.abandon()
}

// abandon waits until nothing of the dead processor runs here any more.
func (h *Harness) abandon() {
	h.stop()
	if err := <-h.result; err != nil {
		h.t.Logf("the killed processor says: %v", err)
	}
}

// Ready waits until the processor has its tables.
func (h *Harness) Ready() {
	h.t.Helper()
	select {
	case <-h.engine.Ready():
	case err := <-h.result:
		h.t.Fatalf("the processor stopped: %v", err)
	case <-time.After(patience):
		h.t.Fatal("the processor gets no tables")
	}
}

// Drain makes the stop that follows leave the group.
func (h *Harness) Drain() { h.engine.Drain() }

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
		h.Client.Produce(context.Background(),
			&kgo.Record{Topic: h.Prefix + topic, Key: []byte(key), Value: []byte(value)},
			func(_ *kgo.Record, err error) {
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
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience,
		errors.New("the processor does not come to rest"))
	defer cancel()
	for _, name := range topics {
		topic := h.Prefix + name
		ends := h.listed(ctx, topic, kadm.NewClient(h.Client).ListEndOffsets)
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

// listed asks until it gets an answer for every partition: faults are meant for the processor, not for us.
func (h *Harness) listed(ctx context.Context, topic string,
	list func(context.Context, ...string) (kadm.ListedOffsets, error)) kadm.ListedOffsets {
	h.t.Helper()
	for {
		offsets, err := list(ctx, topic)
		if err == nil {
			err = offsets.Error()
		}
		if err == nil {
			return offsets
		}
		if ctx.Err() != nil {
			h.t.Fatal(err)
		}
	}
}

// Rest returns when no timer is due any more; settle before.
func (h *Harness) Rest() {
	h.t.Helper()
	rested := make(chan struct{})
	go func() {
		defer close(rested)
		h.engine.Tick()
	}()
	select {
	case <-rested:
	case err := <-h.result:
		h.t.Fatalf("the processor stopped: %v", err)
	case <-time.After(patience):
		h.t.Fatal("timers find no end")
	}
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
