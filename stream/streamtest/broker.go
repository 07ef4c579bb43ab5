package streamtest

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/watermark"
)

// maxMessageBytes lets tests send more than a processor takes.
const maxMessageBytes = 4 << 20

// broker is the in-process Kafka with all that was ever written to it.
type broker struct {
	t       testing.TB
	cluster *kfake.Cluster
	writer  *kgo.Client
	reader  *kgo.Client
	admin   *kadm.Client
	topics  []string

	records map[string][]*kgo.Record   // that were committed, without watermarks
	next    map[string]map[int32]int64 // next offset to read
}

func startBroker(t testing.TB, partitions int32, topics []string) *broker {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topics...),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": strconv.Itoa(maxMessageBytes)}))
	if err != nil {
		t.Fatal(err)
	}
	b := &broker{
		t: t, cluster: cluster, topics: topics, records: map[string][]*kgo.Record{}, next: map[string]map[int32]int64{},
	}
	b.writer = b.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
		kgo.ProducerBatchMaxBytes(maxMessageBytes))
	b.reader = b.client(kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	b.admin = kadm.NewClient(b.writer)
	return b
}

func (b *broker) client(opts ...kgo.Opt) *kgo.Client {
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.cluster.ListenAddrs()...))...)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *broker) close() {
	b.reader.Close()
	b.writer.Close()
	b.cluster.Close()
}

func (b *broker) write(ctx context.Context, r *kgo.Record) error {
	return b.writer.ProduceSync(ctx, r).FirstErr()
}

// ends returns the end offsets of all topics.
func (b *broker) ends(ctx context.Context) (map[string]map[int32]int64, error) {
	listed, err := b.admin.ListEndOffsets(ctx, b.topics...)
	if err != nil {
		return nil, err
	}
	if err := listed.Error(); err != nil {
		return nil, err
	}
	out := map[string]map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) {
		if out[o.Topic] == nil {
			out[o.Topic] = map[int32]int64{}
		}
		out[o.Topic][o.Partition] = o.Offset
	})
	return out, nil
}

// read takes in everything up to the present end of all topics.
func (b *broker) read(ctx context.Context) error {
	ends, err := b.ends(ctx)
	if err != nil {
		return err
	}
	for b.behind(ends) {
		fetches := b.reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read back: %w", err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if b.next[r.Topic] == nil {
				b.next[r.Topic] = map[int32]int64{}
			}
			b.next[r.Topic][r.Partition] = r.Offset + 1
			if r.Attrs.IsControl() || watermark.Is(r.Value) {
				return
			}
			b.records[r.Topic] = append(b.records[r.Topic], r)
		})
	}
	return nil
}

func (b *broker) behind(ends map[string]map[int32]int64) bool {
	for topic, parts := range ends {
		for p, end := range parts {
			if b.next[topic][p] < end {
				return true
			}
		}
	}
	return false
}
