package audit

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// producers is the book of who wrote. A process that takes a slot over raises the epoch of its producer id, so a
// committed record of an epoch below one before it in the log is of a process that had been fenced.
type producers struct {
	epochs map[producer]int16
	found  []difference
}

type producer struct {
	topic     string
	partition int32
	id        int64
}

func newProducers() *producers { return &producers{epochs: map[producer]int16{}} }

func (b *producers) observe(r *kgo.Record) {
	if r.ProducerID < 0 || !r.Attrs.IsTransactional() {
		return
	}
	at := producer{r.Topic, r.Partition, r.ProducerID}
	highest, seen := b.epochs[at]
	if seen && r.ProducerEpoch < highest {
		b.found = append(b.found, difference{
			check: checkFenced, sure: true, key: placeOf(r),
			text: fmt.Sprintf("%s: written in epoch %d of producer %d, which had epoch %d before", placeOf(r),
				r.ProducerEpoch, r.ProducerID, highest),
		})
	}
	b.epochs[at] = max(highest, r.ProducerEpoch)
}

func placeOf(r *kgo.Record) string { return fmt.Sprintf("%s-%d-%d", r.Topic, r.Partition, r.Offset) }
