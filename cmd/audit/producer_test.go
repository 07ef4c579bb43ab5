package audit

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestEpochsThatFallAreOfFencedProducers(t *testing.T) {
	b := newProducers()
	write := func(offset, id int64, epoch int16, transactional bool) {
		b.observe(&kgo.Record{
			Topic: "postings", Partition: 1, Offset: offset, ProducerID: id, ProducerEpoch: epoch,
			Attrs: kgo.NewRecordAttrs(kgo.RecordAttrsOpts{Transactional: transactional}),
		})
	}
	for offset, epoch := range []int16{3, 3, 5} {
		write(int64(offset), 7, epoch, true)
	}
	write(3, 8, 0, true)   // another producer
	write(4, 7, 0, false)  // no transaction
	write(5, -1, -1, true) // no producer
	if len(b.found) > 0 {
		t.Errorf("%+v", b.found)
	}
	write(6, 7, 4, true)
	if len(b.found) != 1 || !strings.Contains(b.found[0].text, "postings-1-6: written in epoch 4 of producer 7, which had epoch 5 before") {
		t.Errorf("%+v", b.found)
	}
}
