package engine

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/stream"
)

// Partitioner places the records of a client of one's own where groups look for them: by their key, as goka does. A
// record without a key keeps the partition that it names, modulo how many there are.
func Partitioner() kgo.Partitioner {
	return kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
		return func(r *kgo.Record, n int) int {
			if r.Key == nil {
				return int(r.Partition) % n
			}
			return int(stream.Partition(r.Key, int32(n))) //nolint:gosec // partitions are few
		}
	})
}
