package topology

import (
	"time"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
)

func eventTime(e *payment.Event) time.Time    { return e.UpdatedAt.Time() }
func postingTime(p *ledger.Posting) time.Time { return p.At.Time() }
func attemptTime(a *ledger.Attempt) time.Time { return a.At.Time() }
func scoreTime(s *health.Score) time.Time     { return s.WindowEnd.Time() }

func windowEnd(r *health.WindowRecord) time.Time { return time.UnixMilli(int64(r.End)) }

// Coordinates turns an origin into the coordinates of its dead letter.
func Coordinates(o payment.Origin) stream.Coordinates {
	return stream.Coordinates{Topic: o.Topic, Partition: o.Partition, Offset: o.Offset, Timestamp: o.Timestamp.Time(),
		Key: o.Key, DeadLetter: o.DeadLetter}
}

// A dead letter past intake names the payments record; an event is written as JSON, so that it can be edited and
// replayed.
func eventSource(e *payment.Event) (stream.Coordinates, []byte) {
	return Coordinates(e.Origin), paymentcodec.EventJSON(e)
}

// Postings and attempts become the event that made them again. What it has beyond the fields of the contract does not
// travel with them: it is in the payments record that the coordinates name.
func postingSource(p *ledger.Posting) (stream.Coordinates, []byte) {
	return Coordinates(p.Origin), paymentcodec.EventJSON(p.Event())
}

func attemptSource(a *ledger.Attempt) (stream.Coordinates, []byte) {
	return Coordinates(a.Origin), paymentcodec.EventJSON(a.Event())
}
