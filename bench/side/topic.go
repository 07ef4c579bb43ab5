package main

import (
	"context"
	"fmt"
	"hash/fnv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/bench/workload"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/stream"
)

// cluster is the driver's own access to the broker.
type cluster struct {
	client     *kgo.Client
	admin      *kadm.Client
	partitions int32
}

func dial(addr string, partitions int32) (*cluster, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.MaxBufferedRecords(1<<16), kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
			return func(r *kgo.Record, n int) int { return int(stream.Partition(r.Key, int32(n))) }
		})))
	if err != nil {
		return nil, err
	}
	return &cluster{client: client, admin: kadm.NewClient(client), partitions: partitions}, nil
}

func (c *cluster) create(ctx context.Context, topics ...string) error {
	made, err := c.admin.CreateTopics(ctx, c.partitions, 1, nil, topics...)
	if err != nil {
		return err
	}
	return made.Error()
}

func (c *cluster) remove(ctx context.Context, topics ...string) error {
	gone, err := c.admin.DeleteTopics(ctx, topics...)
	if err != nil {
		return err
	}
	return gone.Error()
}

// fill writes the records to a topic that it makes.
func (c *cluster) fill(ctx context.Context, topic string, codecs workload.Codecs, records []workload.Pair) error {
	if err := c.create(ctx, topic); err != nil {
		return err
	}
	failed := make(chan error, 1)
	for _, p := range records {
		value, err := codecs.Encode(p.Value)
		if err != nil {
			return err
		}
		c.client.Produce(ctx, &kgo.Record{Topic: topic, Key: []byte(p.Key), Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default: // one is enough
				}
			}
		})
	}
	if err := c.client.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return fmt.Errorf("fill %s: %w", topic, err)
	default:
		return nil
	}
}

// digest stands for a set of records, whatever their order.
type digest struct {
	records int
	sum     uint64
}

func (d *digest) add(key, value []byte) { d.records, d.sum = d.records+1, d.sum+hashOf(key, value) }

func hashOf(key, value []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(key) // hash.Hash never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(value)
	return h.Sum64()
}

// read returns the digests of all that is committed in a topic, and of its last record for each key.
func (c *cluster) read(ctx context.Context, topic string) (all, last digest, err error) {
	ends, err := c.admin.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return all, last, err
	}
	left := map[int32]int64{}
	parts := map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition], parts[o.Partition] = o.Offset, kgo.NewOffset().AtStart()
		}
	})
	reader, err := kgo.NewClient(append(c.client.Opts(), kgo.KeepControlRecords(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: parts}))...)
	if err != nil {
		return all, last, err
	}
	defer reader.Close()
	rows := map[string]uint64{}
	for len(left) > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return all, last, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if !r.Attrs.IsControl() && !position.IsReserved(string(r.Key)) { // the engine keeps rows of its own
				all.add(r.Key, r.Value)
				rows[string(r.Key)] = hashOf(r.Key, r.Value)
			}
		})
	}
	for _, sum := range rows {
		last.records, last.sum = last.records+1, last.sum+sum
	}
	return all, last, nil
}
