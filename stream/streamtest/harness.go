package streamtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/stock"
	"github.com/millrace/millrace/stream"
)

// patience is how long one command may take before the test fails.
const patience = 30 * time.Second

// maxRounds bounds timers that set themselves again for ever.
const maxRounds = 1000

// Harness runs the processor. Its methods fail the test on errors.
type Harness struct {
	t      testing.TB
	config Config
	broker *broker
	topics map[string]Topic

	inputs  []string // and looked-up tables
	loop    string
	outputs []string
	table   string
	dead    string
	shown   map[string]int // records printed, by topic

	mu   sync.Mutex
	wall time.Time

	transport *stock.Transport
	running   context.Context // ends when the processor does
	stop      func() error
}

// New starts the processor; the test's end stops it.
func New(t testing.TB, c Config) *Harness {
	t.Helper()
	c = c.withDefaults()
	h := &Harness{t: t, config: c, wall: c.Wall, topics: map[string]Topic{}, shown: map[string]int{}}
	first := c.Build()
	h.broker = startBroker(t, c.Partitions, h.read(first.Graph))
	t.Cleanup(h.broker.close)
	for _, topic := range c.Topics {
		h.topics[topic.Name] = topic
	}
	h.start(first)
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// read takes the topics from the graph.
func (h *Harness) read(g *goka.GroupGraph) []string {
	for _, e := range g.InputStreams() {
		h.inputs = append(h.inputs, e.Topic())
	}
	for _, e := range g.LookupTables() {
		h.inputs = append(h.inputs, e.Topic())
	}
	for _, e := range g.OutputStreams() {
		if _, ok := e.Codec().(stream.Bytes); ok && h.dead == "" {
			h.dead = e.Topic()
			continue
		}
		h.outputs = append(h.outputs, e.Topic())
	}
	topics := append(slices.Clone(h.inputs), h.outputs...)
	if e := g.LoopStream(); e != nil {
		h.loop = e.Topic()
		topics = append(topics, h.loop)
	}
	if e := g.GroupTable(); e != nil {
		h.table = e.Topic()
		topics = append(topics, h.table)
	}
	if h.dead != "" {
		topics = append(topics, h.dead)
	}
	for _, name := range topics {
		h.topics[name] = Raw(name)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

func (h *Harness) start(p Processor) {
	h.t.Helper()
	transport, err := stock.New(stock.Config{
		Brokers: h.broker.cluster.ListenAddrs(), Partitions: h.config.Partitions, IdleAfter: h.config.IdleAfter,
		FetchWait: 10 * time.Millisecond, Tick: stock.NoTick, Clock: h.now, Index: p.Index,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	processor, err := goka.NewProcessor(h.broker.cluster.ListenAddrs(), p.Graph, transport.Options()...)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	running, ended := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() {
		err := transport.Run(ctx, processor)
		ended(errors.Join(errors.New("the processor stopped"), err))
		result <- err
	}()
	h.transport, h.running = transport, running
	h.stop = sync.OnceValue(func() error { cancel(); return <-result })
	bounded, done := h.context()
	defer done()
	select {
	case <-transport.Ready():
	case <-bounded.Done():
		h.t.Fatalf("start: %v", context.Cause(bounded))
	}
	h.settle()
}

func (h *Harness) context() (context.Context, func()) {
	return context.WithTimeoutCause(h.running, patience, errors.New("the processor does not come to rest"))
}

func (h *Harness) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wall
}

// settle returns when everything is handled: inputs, loop records, due timers.
func (h *Harness) settle() {
	h.t.Helper()
	ctx, done := h.context()
	defer done()
	for range maxRounds {
		ends, err := h.broker.ends(ctx)
		if err != nil {
			h.t.Fatal(err)
		}
		for topic, at := range ends {
			o := h.transport.Handled(topic)
			if o == nil {
				continue
			}
			if err := o.Wait(ctx, at); err != nil {
				h.t.Fatalf("topic %s: %v", topic, err)
			}
		}
		if h.transport.Tick() > 0 {
			continue
		}
		after, err := h.broker.ends(ctx)
		if err != nil {
			h.t.Fatal(err)
		}
		if maps.EqualFunc(ends, after, func(a, b map[int32]int64) bool { return maps.Equal(a, b) }) {
			return
		}
	}
	h.t.Fatal("the processor does not come to rest: a timer that sets itself again?")
}

// Message is one record for Consume.
type Message struct {
	Topic     string
	Key       string
	Value     []byte    // nil: a tombstone
	Partition int32     // negative: the key decides
	Timestamp time.Time // zero: the wall clock
	Headers   map[string]string
}

// Consume gives the processor one record.
func (h *Harness) Consume(m Message) {
	h.t.Helper()
	h.produce(m)
	h.settle()
}

func (h *Harness) produce(m Message) {
	h.t.Helper()
	if _, ok := h.topics[m.Topic]; !ok {
		h.t.Fatalf("the graph has no topic %s", m.Topic)
	}
	if m.Partition < 0 {
		m.Partition = stream.Partition([]byte(m.Key), h.config.Partitions)
	}
	if m.Timestamp.IsZero() {
		m.Timestamp = h.now()
	}
	r := &kgo.Record{Topic: m.Topic, Partition: m.Partition, Key: []byte(m.Key), Value: m.Value, Timestamp: m.Timestamp}
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(m.Headers[name])})
	}
	ctx, done := h.context()
	defer done()
	if err := h.broker.write(ctx, r); err != nil {
		h.t.Fatal(err)
	}
}

// ConsumeText is Consume of a value as scripts write it, placed by its key.
func (h *Harness) ConsumeText(topic, key, text string) {
	h.t.Helper()
	h.Consume(Message{Topic: topic, Key: key, Value: h.parse(topic, text), Partition: -1})
}

func (h *Harness) parse(topic, text string) []byte {
	h.t.Helper()
	value, err := parseValue(h.topics[topic], text)
	if err != nil {
		h.t.Fatalf("topic %s, value %s: %v", topic, text, err)
	}
	return value
}

// Clock sends a clock record to every partition of an input; zero sources mean one.
func (h *Harness) Clock(topic string, c stream.Clock) {
	h.t.Helper()
	h.clock(topic, c)
	h.settle()
}

func (h *Harness) clock(topic string, c stream.Clock) {
	h.t.Helper()
	c.Sources = max(1, c.Sources)
	value, err := stream.GokaCodec[stream.NoRow](nil).Encode(c) // clock records need no codec of their own
	if err != nil {
		h.t.Fatal(err)
	}
	for p, key := range stream.KeysFor(h.config.Partitions) {
		h.produce(Message{Topic: topic, Key: key, Value: value, Partition: int32(p)})
	}
}

// Advance sends clock records to every input that carries event time.
func (h *Harness) Advance(to time.Time) {
	h.t.Helper()
	sent := false
	for _, name := range h.inputs {
		if h.topics[name].CarriesTime {
			h.clock(name, stream.Clock{At: to})
			sent = true
		}
	}
	if !sent {
		h.t.Fatal("no input carries event time")
	}
	h.settle()
}

// Wall moves the wall clock on.
func (h *Harness) Wall(d time.Duration) {
	h.t.Helper()
	h.mu.Lock()
	h.wall = h.wall.Add(d)
	h.mu.Unlock()
	h.settle()
}

// Sweep calls the sweep callback for every row.
func (h *Harness) Sweep() {
	h.t.Helper()
	h.transport.Sweep()
	h.settle()
}

// Restart stops the processor gracefully, forgets all memory and starts it again from Kafka.
func (h *Harness) Restart() {
	h.t.Helper()
	if err := h.stop(); err != nil {
		h.t.Fatal(err)
	}
	h.start(h.config.Build())
}

// Watermarks returns lines of partition and event time.
func (h *Harness) Watermarks() []string {
	var lines []string
	at := h.transport.Watermarks()
	for _, p := range slices.Sorted(maps.Keys(at)) {
		when := "none"
		if !at[p].IsZero() {
			when = at[p].UTC().Format(time.RFC3339Nano)
		}
		lines = append(lines, fmt.Sprintf("%d %s", p, when))
	}
	return lines
}
