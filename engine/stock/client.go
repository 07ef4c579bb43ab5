package stock

import (
	"hash"
	"hash/fnv"
	"math"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// maxMessageBytes is the source limit and room for headers and our own framing (DESIGN section 4).
const maxMessageBytes = stream.SourceLimit + 64<<10

// maxProcessing is how long one record may block its partition before sarama drops it from the common fetch for a while.
const maxProcessing = 5 * time.Second

// saramaConfig is the one place that says how Millrace talks to Kafka on this transport.
func (c Config) saramaConfig() *sarama.Config {
	s := goka.DefaultConfig()
	s.Version = sarama.V3_6_0_0
	s.ClientID = c.ClientID
	s.Metadata.AllowAutoTopicCreation = false
	s.Net.MaxOpenRequests = 1 // idempotence demands it

	s.Producer.RequiredAcks = sarama.WaitForAll
	s.Producer.Idempotent = true
	s.Producer.MaxMessageBytes = maxMessageBytes
	s.Producer.Flush.Frequency = 0 // batches form while a request is under way
	s.Producer.Flush.Bytes = 0
	s.Producer.Partitioner = sarama.NewCustomHashPartitioner(c.hasher)

	s.Consumer.Offsets.Initial = sarama.OffsetOldest
	s.Consumer.Fetch.Default = 2 * maxMessageBytes
	s.Consumer.IsolationLevel = sarama.ReadCommitted
	s.Consumer.MaxWaitTime = c.FetchWait
	s.Consumer.Group.Heartbeat.Interval = time.Second // a rebalance is noticed by a heartbeat
	s.Consumer.MaxProcessingTime = maxProcessing
	return s
}

// hasher places keys as stream.Partition does. goka's own look-ups take the absolute value of the hash, which fails for
// MinInt32; this hasher never returns it.
func (c Config) hasher() hash.Hash32 { return safeHash{fnv.New32a(), c.Partitions} }

type safeHash struct {
	hash.Hash32
	n int32
}

func (h safeHash) Sum32() uint32 { return placeable(h.Hash32.Sum32(), h.n) }

func placeable(sum uint32, n int32) uint32 {
	if int32(sum) != math.MinInt32 {
		return sum
	}
	p := math.MinInt32 % n
	return uint32(-p)
}
