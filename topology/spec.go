package topology

import (
	"strconv"
	"time"

	"github.com/millrace/millrace/stream"
)

// Kind tells what a topic is to Millrace.
type Kind string

// The kinds of topics.
const (
	Stream Kind = "stream" // records handed from one group to the next, or to outsiders
	Table  Kind = "table"  // a group's rows: compacted, the last value of a key is the row
	Loop   Kind = "loop"   // a group's way to its own other keys
	Timers Kind = "timers" // a group's pending timers: compacted, as partitioned as its table, by explicit partition
)

// Format tells how the values of a topic are written.
type Format string

// The formats.
const (
	JSON   Format = "json"   // for others to read, see docs/contract.md#topics
	Binary Format = "binary" // internal: a version byte, then the protobuf wire format
	Raw    Format = "raw"    // bytes as somebody else wrote them
)

// Limits and times of topics, in the units of Kafka's settings.
const (
	// MaxMessageBytes is the largest record of any topic: the largest input value and room for what is put beside it.
	MaxMessageBytes = stream.SourceLimit + 64<<10
	// LedgerRetention is how long the record of order and what is derived from it one to one is kept. A ledger row
	// expires after as long, so a rebuilt table has every row that could still change.
	LedgerRetention = 90 * 24 * time.Hour
	// WorkRetention is how long records are kept that only the next group reads: long enough for a weekend's outage.
	WorkRetention = 7 * 24 * time.Hour
	// WindowBytes bounds each partition of the window topics, which have no limit in time.
	WindowBytes = 1 << 30

	compactionLag       = time.Hour
	tombstoneRetention  = 7 * 24 * time.Hour
	unlimited           = time.Duration(-1)
	replicasForMinISR2  = 3
	cleanupDelete       = "delete"
	cleanupCompact      = "compact"
	cleanupBoth         = "compact,delete"
	timestampsAppend    = "LogAppendTime"
	timestampsProducers = "CreateTime"
)

// Spec is one topic as it must be in the cluster.
type Spec struct {
	Name string
	Kind Kind
	// Group owns the table, loop or timers; empty for streams.
	Group string
	// Key says what records are keyed by.
	Key         string
	Format      Format
	Partitions  int32
	Replication int16
	// Cleanup is Kafka's cleanup.policy.
	Cleanup string
	// Retention is how long records are kept; negative: without limit in time. Of no meaning for a compacted topic.
	Retention time.Duration
	// CompactionLag is how long a record of a compacted topic stays beside later ones of its key, at least.
	CompactionLag time.Duration
	// RetentionBytes bounds each partition; 0: without limit.
	RetentionBytes int64
	// Timestamps is Kafka's message.timestamp.type; empty: as the cluster has it.
	Timestamps string
	// MaxMessageBytes is Kafka's max.message.bytes.
	MaxMessageBytes int32
	// MinISR is Kafka's min.insync.replicas.
	MinISR int
	// Foreign topics belong to their producers: Millrace creates a missing one, and leaves the settings of an existing
	// one to its owner.
	Foreign bool
}

// Configs returns the settings with which the topic is created, by Kafka's names.
func (s Spec) Configs() map[string]string {
	c := map[string]string{
		"cleanup.policy":      s.Cleanup,
		"max.message.bytes":   strconv.Itoa(int(s.MaxMessageBytes)),
		"min.insync.replicas": strconv.Itoa(s.MinISR),
	}
	if s.Timestamps != "" {
		c["message.timestamp.type"] = s.Timestamps
	}
	if s.Cleanup != cleanupDelete {
		c["min.compaction.lag.ms"] = millis(s.CompactionLag)
		c["delete.retention.ms"] = millis(tombstoneRetention)
	}
	if s.Cleanup == cleanupCompact {
		return c
	}
	c["retention.ms"] = millis(s.Retention)
	if s.RetentionBytes > 0 {
		c["retention.bytes"] = strconv.FormatInt(s.RetentionBytes, 10)
	}
	return c
}

func millis(d time.Duration) string {
	if d < 0 {
		return "-1"
	}
	return strconv.FormatInt(d.Milliseconds(), 10)
}
