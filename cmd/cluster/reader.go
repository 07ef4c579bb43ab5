package cluster

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine"
)

// Reader reads the committed records of topics in rounds, each up to where they ended when it began.
type Reader struct {
	// Progress hears how many offsets of a round are read, of how many. Defaults to nobody.
	Progress func(read, all int64)

	admin  *Admin
	client *kgo.Client
	topics []string
	next   map[string]map[int32]int64
	begun  map[string]map[int32]int64 // where the first round began
}

// From says where a Reader begins.
type From struct {
	// AtEnd: what comes from now on. Else all that there is.
	AtEnd bool
	// Since leaves out what was appended before; zero: nothing.
	Since time.Time
}

// OpenReader returns a reader of topics, which must exist. Close it when done.
func OpenReader(ctx context.Context, c engine.ClientConfig, topics []string, from From) (*Reader, error) {
	r := &Reader{topics: topics, next: map[string]map[int32]int64{}, begun: map[string]map[int32]int64{}, Progress: func(int64, int64) {}}
	var err error
	if r.admin, err = Connect(c); err != nil {
		return nil, err
	}
	if err := r.open(ctx, c, from); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) open(ctx context.Context, c engine.ClientConfig, where From) error {
	from, err := r.admin.ListStartOffsets(ctx, r.topics...)
	switch {
	case err != nil:
	case where.AtEnd:
		from, err = r.admin.ListCommittedOffsets(ctx, r.topics...)
	case !where.Since.IsZero():
		from, err = r.admin.ListOffsetsAfterMilli(ctx, where.Since.UnixMilli(), r.topics...)
	}
	if err == nil {
		err = from.Error()
	}
	if err != nil {
		return fmt.Errorf("where the topics begin: %w", c.Explain(err))
	}
	partitions := map[string]map[int32]kgo.Offset{}
	for _, o := range from.Offsets().Sorted() {
		if partitions[o.Topic] == nil {
			partitions[o.Topic], r.next[o.Topic] = map[int32]kgo.Offset{}, map[int32]int64{}
		}
		partitions[o.Topic][o.Partition] = kgo.NewOffset().At(o.At)
		r.next[o.Topic][o.Partition] = o.At
	}
	for topic, at := range r.next {
		r.begun[topic] = maps.Clone(at)
	}
	opts, err := c.Options()
	if err != nil {
		return err
	}
	r.client, err = kgo.NewClient(append(opts, kgo.ConsumePartitions(partitions), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxPartitionBytes(4<<20), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	return err
}

// Whole tells whether a topic is read from its first record on.
func (r *Reader) Whole(topic string) bool {
	for _, at := range r.begun[topic] {
		if at > 0 {
			return false
		}
	}
	return true
}

// Round hands every record up to the present ends to take, in the order of each partition. No transaction is cut in two.
func (r *Reader) Round(ctx context.Context, take func(*kgo.Record) error) error {
	ends, err := EndOffsets(ctx, r.admin, r.topics)
	if err != nil {
		return err
	}
	var all, read int64
	for topic, parts := range ends {
		for p, end := range parts {
			all += max(0, end-r.next[topic][p])
		}
	}
	for !r.reached(ends) {
		fetches := r.client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return err
		}
		for _, e := range fetches.Errors() {
			return fmt.Errorf("reading %s/%d: %w", e.Topic, e.Partition, e.Err)
		}
		for rec := range fetches.RecordsAll() {
			read += rec.Offset + 1 - r.next[rec.Topic][rec.Partition]
			r.next[rec.Topic][rec.Partition] = rec.Offset + 1
			if err := take(rec); err != nil {
				return err
			}
		}
		r.Progress(min(read, all), all)
	}
	return nil
}

func (r *Reader) reached(ends Ends) bool {
	for topic, parts := range ends {
		for p, end := range parts {
			if r.next[topic][p] < end {
				return false
			}
		}
	}
	return true
}

// Close closes the connections.
func (r *Reader) Close() {
	if r.client != nil {
		r.client.Close()
	}
	r.admin.Close()
}
