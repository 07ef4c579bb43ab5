package stock

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"

	"github.com/millrace/millrace/stream"
)

// Transport carries one processor, once: give Options to goka.NewProcessor and the processor to Run.
type Transport struct {
	config Config
	keys   []string // one for each partition, for clock records
	ends   ends
	graph  graph

	mu         sync.RWMutex
	partitions map[int32]*partition
	closers    []io.Closer

	readyOnce sync.Once
	ready     chan struct{}

	visits   visits
	clocks   clocks
	producer goka.Producer
}

// visitPatience is how long a stop waits for the visit under way, which may be a sweep of a large table.
const visitPatience = 500 * time.Millisecond

// New returns a transport for one processor.
func New(c Config) (*Transport, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	return &Transport{
		config: c, keys: stream.KeysFor(c.Partitions), partitions: map[int32]*partition{}, ready: make(chan struct{}), clocks: newClocks(),
	}, nil
}

// Options returns what goka.NewProcessor needs to run a processor on this transport.
func (t *Transport) Options() []goka.ProcessorOption {
	c := t.config
	return []goka.ProcessorOption{
		goka.WithGroupGraphHook(func(g *goka.GroupGraph) { t.graph = readGraph(g, c, &t.ends) }),
		goka.WithClientID(c.ClientID),
		goka.WithLogger(gokaLog{c.Logger}),
		goka.WithNilHandling(goka.NilProcess),
		goka.WithPartitionChannelSize(256),
		goka.WithHasher(c.hasher),
		goka.WithContextWrapper(t.wrap),
		goka.WithStorageBuilder(t.buildStore),
		goka.WithTopicManagerBuilder(func([]string) (goka.TopicManager, error) {
			m, err := newTopicManager(c, &t.ends)
			if err != nil {
				return nil, err
			}
			t.keep(m)
			return m, nil
		}),
		goka.WithConsumerSaramaBuilder(func([]string, string) (sarama.Consumer, error) { return t.newConsumer() }),
		goka.WithConsumerGroupBuilder(func(_ []string, group, _ string) (sarama.ConsumerGroup, error) {
			return newConsumerGroup(t, group)
		}),
		goka.WithProducerBuilder(func([]string, string, func() hash.Hash32) (goka.Producer, error) {
			p, err := goka.NewProducer(c.Brokers, c.saramaConfig())
			t.producer = p
			return p, err
		}),
	}
}

// Run runs the processor, and serves its timers and sweeps, until the context ends or the processor fails. A stop by the
// context is graceful: nil is returned once everything emitted is acknowledged and the offsets are committed.
func (t *Transport) Run(ctx context.Context, p *goka.Processor) error {
	defer t.closeAll()
	if err := checkTopics(t.config, t.graph.topics...); err != nil {
		return err
	}
	t.visits.processor = p
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var helpers sync.WaitGroup
	defer helpers.Wait()
	helpers.Go(func() { t.drive(running) })
	helpers.Go(func() { t.serveClocks(running) })
	helpers.Go(func() { // goka stops once no visit is under way: one broken off is a data race within goka
		select {
		case <-ctx.Done():
			t.visits.drain(visitPatience)
			stop()
		case <-running.Done():
		}
	})
	err := p.Run(running)
	stop()
	if err != nil && ctx.Err() != nil && !t.isReady() {
		return nil // goka calls it an error when a start is broken off
	}
	if err != nil {
		return fmt.Errorf("stock: group %s: %w", t.graph.group, err)
	}
	return nil
}

// Ready is closed when the processor first has its tables and begins to handle records.
func (t *Transport) Ready() <-chan struct{} { return t.ready }

func (t *Transport) isReady() bool {
	select {
	case <-t.ready:
		return true
	default:
		return false
	}
}

// Handled tells how far an input, the loop or a looked-up table was handled, with everything that came of it
// acknowledged. Nil for other topics. It is there once goka.NewProcessor returned.
func (t *Transport) Handled(topic string) *Offsets { return t.graph.offsets[topic] }

// Watermarks returns the event time of each partition assigned here.
func (t *Transport) Watermarks() map[int32]time.Time {
	at := map[int32]time.Time{}
	for _, p := range t.assigned() {
		at[p.number] = p.now()
	}
	return at
}

func (t *Transport) wrap(c goka.Context) goka.Context {
	t.mu.RLock()
	p := t.partitions[c.Partition()]
	t.mu.RUnlock()
	if own := p.claims[string(c.Topic())]; own != nil {
		own.begin()
	}
	return &callContext{gokaContext: c, transport: t, partition: p}
}

func (t *Transport) buildStore(topic string, number int32) (storage.Storage, error) {
	if l, ok := t.graph.lookups[topic]; ok {
		return l.reader.build(number), nil
	}
	s := newStore(number, nil)
	if topic == t.graph.table {
		t.mu.RLock()
		p := t.partitions[number]
		t.mu.RUnlock()
		s.visit = func() []string { return t.visits.keys(p) }
	}
	return s, nil
}

// newConsumer gives the consumer a client that we close: goka leaves those of looked-up tables open.
func (t *Transport) newConsumer() (sarama.Consumer, error) {
	client, err := sarama.NewClient(t.config.Brokers, t.config.saramaConfig())
	if err != nil {
		return nil, err
	}
	t.keep(client)
	return sarama.NewConsumerFromClient(client)
}

func (t *Transport) keep(c io.Closer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closers = append(t.closers, c)
}

func (t *Transport) closeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.closers {
		if err := c.Close(); err != nil && !errors.Is(err, sarama.ErrClosedClient) {
			t.config.Logger.Debug("close", "error", err)
		}
	}
	t.closers = nil
}
