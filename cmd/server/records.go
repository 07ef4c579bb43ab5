package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/domain/deadletter"
	deadletterviews "github.com/millrace/millrace/views/deadletter"
	"github.com/millrace/millrace/views/serve"
)

// records reads single records of one topic by their place. It asks the partition's leader directly: a consumer would
// have to be pointed at each place in turn.
type records struct {
	client *kgo.Client
	topic  string
}

// fetchBytes bounds one fetch; Kafka sends at least one whole batch, however large.
const fetchBytes = 256 << 10

// Read implements views.RecordReader. Records near each other cost one fetch.
func (r *records) Read(ctx context.Context, places []serve.Place) ([]*deadletterviews.Record, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("topic "+r.topic+" did not answer"))
	defer cancel()
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if d := int(places[a].Partition) - int(places[b].Partition); d != 0 {
			return d
		}
		return int(places[a].Offset - places[b].Offset)
	})
	metadata, err := kadm.NewClient(r.client).Metadata(ctx, r.topic)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.topic, err)
	}
	topic := metadata.Topics[r.topic]
	records := make([]*deadletterviews.Record, len(places))
	near := map[serve.Place]*deadletterviews.Record{}
	for _, i := range order {
		place := places[i]
		if rec, ok := near[place]; ok {
			records[i] = rec
			continue
		}
		fetched, err := r.fetch(ctx, topic, place)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", r.topic, err)
		}
		for _, rec := range fetched {
			near[serve.Place{Partition: rec.Partition, Offset: rec.Offset}] = recordOf(rec)
		}
		records[i] = near[place] // nil where retention has taken the record
	}
	return records, nil
}

func recordOf(r *kgo.Record) *deadletterviews.Record {
	out := &deadletterviews.Record{Value: r.Value, Headers: make([]deadletter.Header, 0, len(r.Headers))}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, deadletter.Header{Name: h.Key, Value: h.Value})
	}
	return out
}

func (r *records) fetch(ctx context.Context, topic kadm.TopicDetail, at serve.Place) ([]*kgo.Record, error) {
	partition, ok := topic.Partitions[at.Partition]
	if !ok {
		return nil, fmt.Errorf("topic %s has no partition %d", r.topic, at.Partition)
	}
	req := kmsg.NewPtrFetchRequest()
	req.MinBytes, req.MaxBytes, req.MaxWaitMillis, req.SessionEpoch, req.IsolationLevel = 1, fetchBytes, 100, -1, 1
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = r.topic, topic.ID
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch = at.Partition, at.Offset, fetchBytes, -1
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	answer, err := r.client.Broker(int(partition.Leader)).RetriableRequest(ctx, req)
	if err != nil {
		return nil, err
	}
	response := answer.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return nil, err
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 { // no more than was asked for
		return nil, nil
	}
	got := &response.Topics[0].Partitions[0]
	switch err := kerr.ErrorForCode(got.ErrorCode); {
	case errors.Is(err, kerr.OffsetOutOfRange):
		return nil, nil
	case err != nil:
		return nil, err
	}
	opts := kgo.ProcessFetchPartitionOpts{Offset: at.Offset, IsolationLevel: kgo.ReadCommitted(), Topic: r.topic,
		Partition: at.Partition}
	fetched, _ := kgo.ProcessFetchPartition(opts, got, kgo.DefaultDecompressor(), nil)
	return fetched.Records, fetched.Err
}
