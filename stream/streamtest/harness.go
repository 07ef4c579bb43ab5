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

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/stream"
)

// patience is how long one command may take before the test fails.
const patience = 2 * time.Minute

// maxRounds bounds timers that set themselves again for ever.
const maxRounds = 1000

// wallStep is how far the wall clock goes at once: to the engine, a longer gap would be a process that stood still.
const wallStep = time.Second

// Harness runs the processor. Its methods fail the test on errors.
type Harness struct {
	t      testing.TB
	config Config
	kills  kills
	broker *broker
	topics map[string]Topic

	byWall  bool     // the group goes by the wall clock
	inputs  []string // and looked-up tables
	loop    string
	outputs []string
	table   string
	dead    string
	shown   map[string]int       // records printed, by topic
	told    map[string]time.Time // watermarks sent, by topic

	mu   sync.Mutex
	wall time.Time

	engine  *engine.Engine
	wire    *enginetest.Wire
	running context.Context // ends when the processor does
	stop    func() error
}

// New starts the processor; the test's end stops it.
func New(t testing.TB, c Config) *Harness {
	t.Helper()
	return newHarness(t, c, nil)
}

func newHarness(t testing.TB, c Config, k kills) *Harness {
	t.Helper()
	c = c.withDefaults()
	h := &Harness{
		t: t, config: c, kills: k, wall: c.Wall, topics: map[string]Topic{}, shown: map[string]int{},
		told: map[string]time.Time{},
	}
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
	h.byWall = slices.ContainsFunc(g.AllEdges(), func(e goka.Edge) bool {
		return stream.ClockOf(e) == stream.WallClock
	})
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
		topics = append(topics, h.table, stream.TimerTopic(string(g.Group())))
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
	h.wire = enginetest.NewWire()
	e, err := engine.New(engine.Config{
		Client:     engine.ClientConfig{Brokers: h.broker.cluster.ListenAddrs(), Dial: h.wire.Dial},
		Partitions: h.config.Partitions,
		IdleAfter:  h.config.IdleAfter, CommitInterval: commitInterval, StopPatience: time.Millisecond,
		Tick: engine.NoTick, Clock: h.now,
		MaxFuture: -1, Index: p.Index, Metrics: h.config.Metrics,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	processor, err := goka.NewProcessor(h.broker.cluster.ListenAddrs(), p.Graph, e.Options()...)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	running, ended := context.WithCancelCause(context.Background())
	result := make(chan error, 1)
	go func() {
		err := e.Run(ctx, processor)
		ended(errors.Join(errors.New("the processor stopped"), err))
		result <- err
	}()
	h.engine, h.running = e, running
	h.stop = sync.OnceValue(func() error { cancel(); return <-result })
	bounded, done := h.context()
	defer done()
	select {
	case <-e.Ready():
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
	if err := h.rest(ctx); err != nil {
		h.t.Fatal(err)
	}
}

func (h *Harness) rest(ctx context.Context) error {
	for rounds := 0; rounds < maxRounds; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		ends, err := h.broker.ends(ctx)
		if err != nil {
			return err
		}
		handled := h.handled(ends) // before the tick and the second look: what these records led to is seen by them
		fired := h.engine.Tick()   // which takes in records, too, and looks behind the last of them
		if fired > 0 {
			rounds++
			continue
		}
		after, err := h.broker.ends(ctx)
		if err != nil {
			return err
		}
		if handled && maps.EqualFunc(ends, after, func(a, b map[int32]int64) bool { return maps.Equal(a, b) }) {
			return nil
		}
	}
	return errors.New("the processor does not come to rest: a timer that sets itself again?")
}

// handled tells whether everything that the processor reads is handled up to the ends given.
func (h *Harness) handled(ends map[string]map[int32]int64) bool {
	for topic, at := range ends {
		o := h.engine.Handled(topic)
		if o == nil {
			continue
		}
		next := o.Next()
		for p, end := range at {
			if next[p] < end {
				return false
			}
		}
	}
	return true
}

// Wall moves the wall clock on: a second at a time, or at once where the group goes by it.
func (h *Harness) Wall(d time.Duration) {
	h.t.Helper()
	for d > 0 {
		step := min(d, wallStep)
		if h.byWall {
			step = d
		}
		d -= step
		h.mu.Lock()
		h.wall = h.wall.Add(step)
		h.mu.Unlock()
		h.settle()
	}
}

// Sweep calls the sweep callback for every row.
func (h *Harness) Sweep() {
	h.t.Helper()
	h.engine.Sweep()
	h.settle()
}

// Visit calls a visitor for every row.
func (h *Harness) Visit(name string) {
	h.t.Helper()
	ctx, done := h.context()
	defer done()
	if _, err := h.engine.Visit(ctx, name, nil); err != nil {
		h.t.Fatal(err)
	}
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
	at := h.engine.Watermarks()
	for _, p := range slices.Sorted(maps.Keys(at)) {
		when := "none"
		if !at[p].IsZero() {
			when = at[p].UTC().Format(time.RFC3339Nano)
		}
		lines = append(lines, fmt.Sprintf("%d %s", p, when))
	}
	return lines
}
