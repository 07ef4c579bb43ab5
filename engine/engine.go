package engine

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"maps"
	"math"
	"sync"
	"sync/atomic"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"
)

var (
	// ErrFenced says that another process took the slot over. Whoever gets it must not start again with the same slot.
	ErrFenced = errors.New("engine: another process has this slot")
	// ErrDataLoss says that the log of an input no longer has what was to be read next: it was truncated, or kept for a
	// shorter time than this group stood still. Somebody must decide what that means; nothing is skipped silently.
	ErrDataLoss = errors.New("engine: input was lost")
	// ErrRowTooLarge says that a row or emit does not fit into a Kafka record.
	ErrRowTooLarge = errors.New("engine: row too large")
	// ErrBatch says that callbacks did not come to an end in time, or never called what DeferCommit returned.
	ErrBatch = errors.New("engine: callbacks take longer than a transaction may")
	// ErrSchema says that a table was written by a newer version of the engine, in a form that this one does not know.
	ErrSchema = errors.New("engine: table of a newer version")
	// ErrGraph says that a graph asks for what cannot be.
	ErrGraph = errors.New("engine: graph cannot be run")
	// ErrVisit says that a visit cannot be served, see Engine.Visit.
	ErrVisit = errors.New("engine: visit refused")
)

// rowSlack is the room, in bytes, that a record needs beside key and value.
const rowSlack = 1 << 10

// channelSize is how many records wait between the engine and one partition of goka, on either side: with less, the
// slowest partition holds up all others.
const channelSize = 16 << 10

// Engine runs one processor, once: give Options to goka.NewProcessor and the processor to Run.
type Engine struct {
	config   Config
	link     link
	locals   locals
	graph    graph
	follower follower

	life    context.Context // of everything that is not part of a session
	endLife context.CancelFunc

	mu         sync.Mutex
	opens      context.Context      // while a session is set up: tables are opened under it
	partitions map[int32]*partition // of the session; nil: there is none. The map is not changed.
	tables     map[int32]*table
	member     *member
	holding    bool // the link is held by a run of goka's

	scene atomic.Pointer[scene]

	drain     atomic.Bool
	serving   atomic.Bool
	readyOnce sync.Once
	ready     chan struct{}
	requests  requests
	visits    visits

	careful atomic.Bool             // rows are encoded and checked as they are written, see session.again
	refused atomic.Bool             // something was too large in this transaction
	bare    atomic.Bool             // goka has no default headers for emits: they need not go through it
	badEmit atomic.Pointer[badEmit] // the last that was refused outside of callContext.Write
	cause   atomic.Pointer[error]   // what a callback failed with first
	letters letters

	arrivals arrivals
}

// New returns an engine for one processor.
func New(c Config) (*Engine, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	e := &Engine{
		config: c, link: link{config: c.Client}, locals: locals{opener: c.Stores}, ready: make(chan struct{}),
		requests: newRequests(), tables: map[int32]*table{},
	}
	e.follower.engine = e
	e.show()
	e.life, e.endLife = context.WithCancel(context.Background())
	return e, nil
}

// Options returns what goka.NewProcessor needs to run a plain goka graph exactly once. What is wrong with the
// configuration is returned by goka.NewProcessor. Graphs that use package stream need New, Engine.Options and
// Engine.Run.
func Options(c Config) []goka.ProcessorOption {
	e, err := New(c)
	if err != nil {
		return []goka.ProcessorOption{goka.WithTopicManagerBuilder(func([]string) (goka.TopicManager, error) {
			return nil, err
		})}
	}
	return e.options()
}

// Options returns what goka.NewProcessor needs to run a processor on this engine. Callbacks get records without a
// value, too.
func (e *Engine) Options() []goka.ProcessorOption {
	return append(e.options(), goka.WithNilHandling(goka.NilProcess))
}

func (e *Engine) options() []goka.ProcessorOption {
	return []goka.ProcessorOption{
		goka.WithGroupGraphHook(func(g *goka.GroupGraph) {
			e.graph = readGraph(g, e.config)
			e.config.Metrics.begin(e.graph.group, e.config.Reasons)
		}),
		goka.WithClientID(e.config.Client.ClientID),
		goka.WithLogger(gokaLog{e.config.Logger}),
		goka.WithPartitionChannelSize(channelSize),
		goka.WithHasher(e.hasher),
		goka.WithContextWrapper(e.wrap),
		goka.WithStorageBuilder(e.buildStore),
		goka.WithTopicManagerBuilder(func([]string) (goka.TopicManager, error) { return &topicManager{e}, nil }),
		goka.WithConsumerSaramaBuilder(func([]string, string) (sarama.Consumer, error) { return &consumer{e}, nil }),
		goka.WithConsumerGroupBuilder(func([]string, string, string) (sarama.ConsumerGroup, error) {
			return newGroup(e), nil
		}),
		goka.WithProducerBuilder(func([]string, string, func() hash.Hash32) (goka.Producer, error) {
			return e.newProducer()
		}),
	}
}

// hasher serves goka's own placing of keys (Processor.Get), which takes the absolute value of the hash; that fails for
// MinInt32, so this hasher never returns it.
func (e *Engine) hasher() hash.Hash32 { return safeHash{fnv.New32a()} }

type safeHash struct{ hash.Hash32 }

func (h safeHash) Sum32() uint32 {
	sum := h.Hash32.Sum32()
	if int32(sum) == math.MinInt32 {
		return 0 // another partition than the key's, which then says that it does not have it
	}
	return sum
}

// Run runs the processor until the context ends or the processor fails. A stop by the context is graceful: the batch
// under way is finished and committed. The membership is kept, so that a restart is no rebalance, unless Drain was
// called.
func (e *Engine) Run(ctx context.Context, p *goka.Processor) error {
	if err := e.graph.check(); err != nil {
		return err
	}
	if err := e.checkTopics(ctx); err != nil {
		return err
	}
	err := p.Run(ctx)
	e.config.Metrics.end(e.graph.group)
	if err != nil && ctx.Err() != nil && !e.isReady() {
		return nil // goka calls it an error when a start is broken off
	}
	if cause := e.cause.Load(); err != nil && cause != nil {
		err = *cause
	}
	if err != nil {
		return fmt.Errorf("engine: group %s: %w", e.graph.group, err)
	}
	return nil
}

// Drain makes the stop that follows leave the group, so that its partitions go to others at once.
func (e *Engine) Drain() { e.drain.Store(true) }

// Ready is closed when the processor first has its tables and begins to handle records.
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// Serving tells whether the processor has its tables and handles records now: not while partitions are being assigned
// or tables restored, and not once it stops.
func (e *Engine) Serving() bool { return e.serving.Load() }

func (e *Engine) serve(yes bool) {
	e.serving.Store(yes)
	e.config.Metrics.setRecovered(e.graph.group, yes)
}

func (e *Engine) isReady() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// Handled tells how far an input, the loop or a looked-up table was handled and committed. Nil for other topics. It is
// there once goka.NewProcessor returned.
func (e *Engine) Handled(topic string) *Offsets { return e.graph.offsets[topic] }

func (e *Engine) wrap(c goka.Context) goka.Context {
	n, at := c.Partition(), e.scene.Load()
	call := &callContext{gokaContext: c, engine: e, partition: at.partitions[n], table: at.tables[n], member: at.member}
	if call.partition != nil {
		call.partition.running.Store(call)
	}
	return call
}

// scene is what callbacks meet: a copy of the engine's fields that is replaced when one changes, since a lock would be
// asked for by every callback of every partition.
type scene struct {
	partitions map[int32]*partition
	tables     map[int32]*table
	member     *member
}

// show replaces the scene. The caller holds the lock, or is alone.
func (e *Engine) show() { e.scene.Store(&scene{e.partitions, maps.Clone(e.tables), e.member}) }

func (e *Engine) buildStore(topic string, number int32) (storage.Storage, error) {
	l, err := e.locals.acquire(place{topic, number}, func(err error) {
		e.config.Logger.Error("table is rebuilt", "group", e.graph.group, "table", topic, "partition", number,
			"error", err)
	})
	if err != nil {
		return nil, err
	}
	if look, ok := e.graph.lookups[topic]; ok {
		r := &replica{engine: e, local: l, parts: look.parts}
		look.parts.put(r)
		return r, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if topic != e.graph.table || e.partitions[number] == nil {
		return &replica{engine: e, local: l}, nil // a join, or a standby
	}
	t := newTable(e, l, e.config.RowCache/max(1, len(e.partitions)))
	e.tables[number] = t
	e.show()
	return t, nil
}

func (e *Engine) forget(t *table) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tables[t.local.partition] == t {
		delete(e.tables, t.local.partition)
		e.show()
	}
}

// opening is the context under which tables are opened, which goka does not tell.
func (e *Engine) opening() context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.opens != nil {
		return e.opens
	}
	return e.life
}

func (e *Engine) table(partition int32) *table {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tables[partition]
}

func (e *Engine) ownTables() []*table {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]*table, 0, len(e.tables))
	for _, t := range e.tables {
		all = append(all, t)
	}
	return all
}

// assigned returns the partitions of the session.
func (e *Engine) assigned() map[int32]*partition {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.partitions
}

// begin and close frame a run of goka's: its producer is made first and closed last.
func (e *Engine) begin() error {
	if _, err := e.link.acquire(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.holding = true
	return nil
}

func (e *Engine) close() error {
	e.endLife()
	err := e.locals.close(&e.follower)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.holding {
		e.holding = false
		e.link.release()
	}
	return err
}
