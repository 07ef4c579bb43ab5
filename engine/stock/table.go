package stock

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"

	"github.com/millrace/millrace/stream"
)

// Table reads all partitions of one group's table, for views. It does not go through goka's View to read: that one decodes
// every value, knows no order, and panics for keys whose hash is MinInt32. All methods are safe for concurrent use.
type Table struct {
	config  Config
	topic   string
	ends    ends
	reader  *reader
	running atomic.Bool
}

// NewTable returns a reader of a table topic. onChange, which may be nil, is told of every row written, nil meaning
// deleted, during recovery too; calls are never concurrent. The value must not be changed.
func NewTable(c Config, topic string, onChange func(key string, value []byte)) (*Table, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	t := &Table{config: c.withDefaults(), topic: topic}
	t.reader = newReader(c.Partitions, onChange, func(p int32) int64 { return t.ends.get(topic, p) })
	return t, nil
}

// Run reads until the context ends, reconnecting by itself. It may be called once.
func (t *Table) Run(ctx context.Context) error {
	var open []io.Closer
	defer func() {
		for _, c := range open {
			_ = c.Close() // readers have nothing to lose
		}
	}()
	if err := checkTopics(t.config, t.topic); err != nil {
		return err
	}
	view, err := goka.NewView(t.config.Brokers, goka.Table(t.topic), stream.Bytes{}, t.options(&open)...)
	if err != nil {
		return fmt.Errorf("stock: table %s: %w", t.topic, err)
	}
	t.running.Store(true)
	defer t.running.Store(false)
	err = view.Run(ctx)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("stock: table %s: %w", t.topic, err)
	}
	return nil
}

func (t *Table) options(open *[]io.Closer) []goka.ViewOption {
	c := t.config
	return []goka.ViewOption{
		goka.WithViewAutoReconnect(),
		goka.WithViewClientID(c.ClientID),
		goka.WithViewLogger(gokaLog{c.Logger}),
		goka.WithViewHasher(c.hasher),
		goka.WithViewBackoffBuilder(func() (goka.Backoff, error) {
			return goka.NewSimpleBackoff(250*time.Millisecond, 5*time.Second), nil
		}),
		goka.WithViewTopicManagerBuilder(func([]string) (goka.TopicManager, error) {
			m, err := newTopicManager(c, &t.ends)
			if err != nil {
				return nil, err
			}
			*open = append(*open, m)
			return m, nil
		}),
		goka.WithViewConsumerSaramaBuilder(func([]string, string) (sarama.Consumer, error) {
			client, err := sarama.NewClient(c.Brokers, c.saramaConfig())
			if err != nil {
				return nil, err
			}
			*open = append(*open, client)
			return sarama.NewConsumerFromClient(client)
		}),
		goka.WithViewStorageBuilder(func(_ string, number int32) (storage.Storage, error) {
			return t.reader.build(number), nil
		}),
	}
}

// Recovered tells whether all partitions were read to the end that they had at the start, and are being followed.
func (t *Table) Recovered() bool { return t.running.Load() && t.reader.isReady() }

// WaitRecovered returns when Recovered first becomes true, or with the context's error.
func (t *Table) WaitRecovered(ctx context.Context) error { return t.reader.wait(ctx) }

// Offsets tells how far the table topic was read.
func (t *Table) Offsets() *Offsets { return t.reader.offsets }

// Get returns the encoded row of a key. It must not be changed.
func (t *Table) Get(key string) ([]byte, bool) { return t.reader.stores.get(key) }

// Len returns the number of rows.
func (t *Table) Len() int { return t.reader.stores.size() }

// Ascend calls fn for every row from the first key >= from on, in key order over all partitions, until fn returns false.
// Each partition is seen as it was when Ascend was called.
func (t *Table) Ascend(from string, fn func(key string, value []byte) bool) {
	t.reader.stores.ascend(from, fn)
}

// Topic returns the name of the table's topic.
func (t *Table) Topic() string { return t.topic }
