package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine"
)

// ErrChanged says that a topic is not the one any more that a Reader was opened on: it was deleted, perhaps made anew,
// has other partitions, or has lost records that were still to be read. What the Reader has handed out is no part of
// what is there now: open another.
var ErrChanged = errors.New("the topic is not the one that was being read")

// Reader reads the committed records of topics in rounds, each up to where they ended when it began.
type Reader struct {
	// Progress hears how many offsets of a round are read, of how many. Defaults to nobody.
	Progress func(read, all int64)

	admin  *Admin
	client *kgo.Client
	topics []string
	next   map[string]map[int32]int64
	begun  map[string]map[int32]int64 // where the first round began
	ids    map[string]kadm.TopicID
	passed map[place]int64 // what stands before is read, or is no record
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
	r := &Reader{topics: topics, next: map[string]map[int32]int64{}, begun: map[string]map[int32]int64{},
		passed: map[place]int64{}, Progress: func(int64, int64) {}}
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
	var err error
	if r.ids, err = r.identify(ctx); err != nil {
		return fmt.Errorf("topics: %w", c.Explain(err))
	}
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
	r.client, err = kgo.NewClient(append(opts, kgo.ConsumePartitions(partitions),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
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

// identify returns the ids of the topics as they are now.
func (r *Reader) identify(ctx context.Context) (map[string]kadm.TopicID, error) {
	found, err := r.admin.ListTopics(ctx, r.topics...)
	if err != nil {
		return nil, err
	}
	ids := map[string]kadm.TopicID{}
	for _, name := range r.topics {
		if err := found[name].Err; err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		ids[name] = found[name].ID
		if began := r.begun[name]; began != nil && len(began) != len(found[name].Partitions) {
			return nil, fmt.Errorf("%w: %s has %d partitions, and had %d", ErrChanged, name,
				len(found[name].Partitions), len(began))
		}
	}
	return ids, nil
}

// unchanged returns ErrChanged if the topics are not those that the reader was opened on.
func (r *Reader) unchanged(ctx context.Context) error {
	ids, err := r.identify(ctx)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if err != nil {
		return err
	}
	for name, id := range ids {
		if id != r.ids[name] {
			return fmt.Errorf("%w: %s was deleted and made anew", ErrChanged, name)
		}
	}
	starts, err := listed(r.admin.ListStartOffsets(ctx, r.topics...))
	if err != nil {
		return err
	}
	for _, o := range starts.Offsets().Sorted() {
		next := max(r.next[o.Topic][o.Partition], r.passed[place{o.Topic, o.Partition}])
		if next < o.At {
			return fmt.Errorf("%w: %s/%d begins at %d, and was read to %d", ErrChanged, o.Topic, o.Partition,
				o.At, next)
		}
	}
	return nil
}

// Round hands every record up to the present ends to take, in the order of each partition. No transaction is cut in
// two. After ErrChanged the reader is of no use; after another error the next round goes on.
func (r *Reader) Round(ctx context.Context, take func(*kgo.Record) error) error {
	if err := r.unchanged(ctx); err != nil {
		return err
	}
	last, err := listed(r.admin.ListEndOffsets(ctx, r.topics...))
	if err != nil {
		return err
	}
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
		fetches, err := r.poll(ctx)
		if err != nil {
			return err
		}
		for _, e := range fetches.Errors() {
			return fmt.Errorf("reading %s/%d: %w", e.Topic, e.Partition, r.lost(ctx, e.Err))
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
	for _, o := range last.Offsets().Sorted() {
		r.passed[place{o.Topic, o.Partition}] = o.At
	}
	return nil
}

// patience is how long a fetch may bring nothing before the reader looks whether the topics are still there.
const patience = 5 * time.Second

func (r *Reader) poll(ctx context.Context) (kgo.Fetches, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	fetches := r.client.PollFetches(bounded)
	err := fetches.Err0()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, r.unchanged(ctx)
	}
	return fetches, err
}

// ID returns the id of a topic.
func (r *Reader) ID(topic string) kadm.TopicID { return r.ids[topic] }

// Begun returns where reading of a topic began, by partition. It must not be changed.
func (r *Reader) Begun(topic string) map[int32]int64 { return r.begun[topic] }

// Before returns, by partition of a topic, the offset after the last record that stood before reading began. Begun
// counts the commit marker behind that record, too, which a group that has handled everything has not passed. It waits
// as EndOffsets does.
func (r *Reader) Before(ctx context.Context, topic string) (map[int32]int64, error) {
	ends, err := EndOffsets(ctx, r.admin, []string{topic})
	if err != nil {
		return nil, err
	}
	before := map[int32]int64{}
	for partition, begun := range r.begun[topic] {
		before[partition] = min(begun, ends[topic][partition]) // a partition without records has no end
	}
	return before, nil
}

// lost tells why a fetch failed: the client goes on asking for a topic under the id that it had.
func (r *Reader) lost(ctx context.Context, failed error) error {
	var gone *kgo.ErrDataLoss
	if errors.As(failed, &gone) {
		return fmt.Errorf("%w: %w", ErrChanged, failed)
	}
	if err := r.unchanged(ctx); errors.Is(err, ErrChanged) {
		return err
	}
	return failed
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
