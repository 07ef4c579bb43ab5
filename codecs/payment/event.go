package payment

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/payment"
)

// Event is the codec of transactions. Encode is deterministic, since an Event holds no maps.
type Event struct{}

// EventVersion is the version of an event as it stands in records and rows.
const EventVersion = 1

// Encode writes e.
func (Event) Encode(e *payment.Event) ([]byte, error) {
	f := wire.Writing(EventVersion, 256+len(e.Extra))
	Fields(&f, e)
	return f.Body(), nil
}

// Decode reads what Encode wrote, with fields of later writers skipped. All texts of the event share one string.
func (Event) Decode(b []byte) (*payment.Event, error) {
	e := &payment.Event{}
	f := wire.Reading(b, EventVersion)
	for f.Next() {
		Fields(&f, e)
	}
	// The writer gave these two as distances, in whatever order the fields came.
	e.CreatedAt = e.UpdatedAt - e.CreatedAt
	e.ReceivedAt += e.UpdatedAt
	return wire.Decoded(e, "event", &f)
}

// Fields are those of an event. Numbers are never used again for something else; up to 15 they take one byte.
func Fields(f *wire.Fields, e *payment.Event) {
	f.Text(1, &e.ID)
	f.Byte(2, (*uint8)(&e.Type))
	f.Text(3, &e.TransactionID)
	f.Text(4, &e.UserID)
	f.Int(5, &e.AmountMinor)
	f.Text(6, &e.Currency)
	f.Byte(7, (*uint8)(&e.Status))
	f.Text(8, &e.Mode)
	f.Text(9, &e.Instrument)
	f.Text(10, &e.Gateway)
	f.Int(11, (*int64)(&e.UpdatedAt))
	f.As(12, (*int64)(&e.CreatedAt), int64(e.UpdatedAt-e.CreatedAt))
	f.As(13, (*int64)(&e.ReceivedAt), int64(e.ReceivedAt-e.UpdatedAt))
	f.Fixed64(14, &e.Fingerprint)
	for range f.Message(15) {
		OriginFields(f, &e.Origin)
	}
	f.Texts(16, &e.HealthInstruments)
	Labels(f, 17, &e.Labels)
	for a := range wire.Each(f, 19, &e.Attributes) {
		AttributeFields(f, a)
	}
	f.Int(20, &e.LatencyMS)
	f.Byte(21, (*uint8)(&e.Decline))
	f.Text(22, &e.DeclineCode)
	f.Text(23, &e.ReversalID)
	f.Blob(24, &e.Extra)
	f.Text(25, &e.AttemptID)
}

// OriginFields are those of an origin, as events, the ledger's rows, postings and attempts nest it.
func OriginFields(f *wire.Fields, o *payment.Origin) {
	f.Text(1, &o.Topic)
	f.Int32(2, &o.Partition)
	f.Int(3, &o.Offset)
	f.Int(4, (*int64)(&o.Timestamp))
	f.Blob(5, &o.Key)
	f.Text(6, &o.DeadLetter)
}

// AttributeFields are those of an attribute.
func AttributeFields(f *wire.Fields, a *payment.Attribute) {
	f.Text(1, &a.Key)
	f.Text(2, &a.Value)
}
