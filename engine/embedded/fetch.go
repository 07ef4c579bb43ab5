package embedded

import (
	"math"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// boundByPartition bounds what a fetch returns by the sizes of its partitions alone. kfake leaves out which
// transactions were aborted where it stops at the size of the whole answer, and read_committed readers take their
// records for committed (kfake of 2026-09-18, 01_fetch.go, break full).
func boundByPartition(c *kfake.Cluster) {
	c.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if q, ok := r.(*kmsg.FetchRequest); ok {
			share(q)
		}
		return nil, nil, false
	})
}

// share divides the size of the whole answer among the partitions asked for, those of a fetch session aside.
func share(q *kmsg.FetchRequest) {
	n := 0
	for _, t := range q.Topics {
		n += len(t.Partitions)
	}
	for i := range q.Topics {
		for j := range q.Topics[i].Partitions {
			p := &q.Topics[i].Partitions[j]
			p.PartitionMaxBytes = min(p.PartitionMaxBytes, max(1, q.MaxBytes/int32(n)))
		}
	}
	q.MaxBytes = math.MaxInt32
}
