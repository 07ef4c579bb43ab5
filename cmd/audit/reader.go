package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/engine"
)

// reader reads topics in rounds, each up to where they ended when it began.
type reader struct {
	admin    *cluster.Admin
	client   *kgo.Client
	topics   []string
	next     map[string]map[int32]int64
	begun    map[string]map[int32]int64 // where the first round began
	progress func(read, all int64)
}

// openReader begins at the start of the topics, or at their end.
func openReader(ctx context.Context, c engine.ClientConfig, topics []string, atEnd bool, progress func(read, all int64)) (*reader, error) {
	r := &reader{topics: topics, next: map[string]map[int32]int64{}, begun: map[string]map[int32]int64{}, progress: progress}
	var err error
	if r.admin, err = cluster.Connect(c); err != nil {
		return nil, err
	}
	if err := r.open(ctx, c, atEnd); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *reader) open(ctx context.Context, c engine.ClientConfig, atEnd bool) error {
	from, err := r.admin.ListStartOffsets(ctx, r.topics...)
	if atEnd && err == nil {
		from, err = r.admin.ListCommittedOffsets(ctx, r.topics...)
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

// whole tells whether a topic is read from its first record on.
func (r *reader) whole(topic string) bool {
	for _, at := range r.begun[topic] {
		if at > 0 {
			return false
		}
	}
	return true
}

// round hands every record up to the present ends to take, in the order of each partition. No transaction is cut in two.
func (r *reader) round(ctx context.Context, take func(*kgo.Record) error) error {
	ends, err := cluster.EndOffsets(ctx, r.admin, r.topics)
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
		r.progress(min(read, all), all)
	}
	return nil
}

func (r *reader) reached(ends cluster.Ends) bool {
	for topic, parts := range ends {
		for p, end := range parts {
			if r.next[topic][p] < end {
				return false
			}
		}
	}
	return true
}

func (r *reader) close() {
	if r.client != nil {
		r.client.Close()
	}
	r.admin.Close()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
