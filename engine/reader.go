package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// errOutOfRange says that the log no longer has, or never had, the position.
var errOutOfRange = errors.New("engine: position out of the log's range")

// fetchBytes bounds one answer of a broker.
const fetchBytes = 8 << 20

// reader reads one partition read_committed, by raw fetches: a consumer's position stands still at control records,
// aborted records and gaps, and a recovery must know that it is past them.
type reader struct {
	client    *kgo.Client
	topic     string
	partition int32
	next      int64 // the position: everything below was returned, or is nothing to return

	bytes  int32 // bounds one answer
	leader int32 // -1: not known
	id     kadm.TopicID
	decode kgo.Decompressor
}

func newReader(client *kgo.Client, topic string, partition int32, next int64) *reader {
	return &reader{client: client, topic: topic, partition: partition, next: next, bytes: fetchBytes, leader: -1,
		decode: kgo.DefaultDecompressor()}
}

// read returns the next records, none if the broker had nothing within wait, or had only what is skipped.
func (r *reader) read(ctx context.Context, wait time.Duration) ([]*kgo.Record, error) {
	for attempt := 0; ; attempt++ {
		records, err := r.fetch(ctx, wait)
		if err == nil || ctx.Err() != nil {
			return records, errors.Join(err, ctx.Err())
		}
		if errors.Is(err, kerr.OffsetOutOfRange) {
			return nil, fmt.Errorf("%w: %s/%d at %d", errOutOfRange, r.topic, r.partition, r.next)
		}
		if !passing(err) || attempt == 100 {
			return nil, fmt.Errorf("engine: read %s/%d at %d: %w", r.topic, r.partition, r.next, err)
		}
		r.leader = -1
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause(attempt)):
		}
	}
}

// passing tells whether an error may go away by itself. What is no answer of a broker has to do with the connection.
func passing(err error) bool {
	var answer *kerr.Error
	if errors.Is(err, kgo.ErrClientClosed) {
		return false
	}
	return !errors.As(err, &answer) || answer.Retriable || answer == kerr.UnknownServerError
}

func (r *reader) locate(ctx context.Context) error {
	if r.leader >= 0 {
		return nil
	}
	m, err := kadm.NewClient(r.client).Metadata(ctx, r.topic)
	if err != nil {
		return err
	}
	t := m.Topics[r.topic]
	if t.Err != nil {
		return t.Err
	}
	p, ok := t.Partitions[r.partition]
	if !ok {
		return kerr.UnknownTopicOrPartition
	}
	if p.Err != nil {
		return p.Err
	}
	r.leader, r.id = p.Leader, t.ID
	return nil
}

func (r *reader) fetch(ctx context.Context, wait time.Duration) ([]*kgo.Record, error) {
	if err := r.locate(ctx); err != nil {
		return nil, err
	}
	answer, err := r.client.Broker(int(r.leader)).RetriableRequest(ctx, r.request(wait))
	if err != nil {
		return nil, err
	}
	got, ok := answer.(*kmsg.FetchResponse)
	if !ok {
		return nil, fmt.Errorf("a fetch was answered by %T", answer)
	}
	if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
		return nil, err
	}
	if len(got.Topics) == 0 || len(got.Topics[0].Partitions) == 0 {
		return nil, nil
	}
	part, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: r.next, IsolationLevel: kgo.ReadCommitted(), Topic: r.topic, Partition: r.partition,
	}, &got.Topics[0].Partitions[0], r.decode, nil)
	if part.Err != nil {
		return nil, part.Err
	}
	r.next = max(r.next, next)
	return part.Records, nil
}

func (r *reader) request(wait time.Duration) *kmsg.FetchRequest {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch = r.partition, r.next, r.bytes, -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = r.topic, r.id
	t.Partitions = append(t.Partitions, p)
	q := kmsg.NewPtrFetchRequest()
	q.MaxWaitMillis, q.MinBytes, q.MaxBytes, q.SessionEpoch = int32(wait.Milliseconds()), 1, r.bytes, -1
	q.IsolationLevel = 1 // read_committed
	q.Topics = append(q.Topics, t)
	return q
}

// skip returns the position of the next record, or the first position at or beyond end.
func (r *reader) skip(ctx context.Context, end int64) (int64, error) {
	clear := r.next
	for clear < end {
		records, err := r.read(ctx, 0)
		if err != nil || len(records) > 0 || r.next == clear {
			return clear, err
		}
		clear = r.next
	}
	return clear, nil
}
