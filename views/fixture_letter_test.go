package views

import (
	"time"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
	deadletterviews "github.com/millrace/millrace/views/deadletter"
	"github.com/millrace/millrace/views/serve"
)

// putLetter stores a dead letter filed so long after start.
func (f *fixture) putLetter(id string, reason payment.Reason, group string, after time.Duration, raw string) {
	place := serve.Place{Partition: 3, Offset: int64(len(f.records))}
	f.records[place] = &deadletterviews.Record{Value: []byte(raw), Headers: []deadletter.Header{
		{Name: stream.HeaderKey, Value: []byte("key")}, {Name: stream.HeaderReason, Value: []byte(reason)}, {Name: "trace", Value: []byte("abc")},
	}}
	put(f, f.tables.letters, f.topology.DeadLetters, id, deadletter.File(nil, deadletter.Letter{
		Reason: reason, Detail: "bad", Group: group, Source: payment.Origin{Topic: "payments", Partition: 3, Offset: 42},
		Partition: place.Partition, Offset: place.Offset, At: at(after), SizeBytes: int64(len(raw)),
	}))
}
