package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Event is the codec of transactions. It writes version 1: the fields below, those that are zero left out. Encode is
// deterministic, since an Event holds no maps.
type Event struct{}

const eventVersion = 1

// The fields of version 1. Numbers are never used again for something else; up to 15 they take one byte.
const (
	eventID               = 1
	eventType             = 2
	eventTransactionID    = 3
	eventUserID           = 4
	eventAmount           = 5 // zigzag
	eventCurrency         = 6
	eventStatus           = 7
	eventMode             = 8
	eventInstrument       = 9
	eventGateway          = 10
	eventUpdatedAt        = 11 // zigzag, epoch ms
	eventCreatedAt        = 12 // zigzag, updated_at less created_at
	eventReceivedAt       = 13 // zigzag, received_at less updated_at
	eventFingerprint      = 14 // fixed64
	eventOrigin           = 15 // message
	eventHealthInstrument = 16 // repeated
	eventMerchant         = 17
	eventCategory         = 18
	eventAttribute        = 19 // repeated message
	eventLatencyMS        = 20 // zigzag
	eventDecline          = 21
	eventDeclineCode      = 22
	eventReversalID       = 23
	eventExtra            = 24 // JSON object
	eventAttemptID        = 25

	originTopic     = 1
	originPartition = 2 // zigzag
	originOffset    = 3 // zigzag
	originTimestamp = 4 // zigzag, epoch ms
	originKey       = 5
	originLetter    = 6

	attributeKey   = 1
	attributeValue = 2
)

// Encode writes e.
func (Event) Encode(e *payment.Event) ([]byte, error) {
	w := wire.NewWriter(eventVersion, 256+len(e.Extra))
	w.String(eventID, e.ID)
	w.Uint(eventType, uint64(e.Type))
	w.String(eventTransactionID, e.TransactionID)
	w.String(eventUserID, e.UserID)
	w.Int(eventAmount, e.AmountMinor)
	w.String(eventCurrency, e.Currency)
	w.Uint(eventStatus, uint64(e.Status))
	w.String(eventMode, e.Mode)
	w.String(eventInstrument, e.Instrument)
	w.String(eventGateway, e.Gateway)
	w.Int(eventUpdatedAt, int64(e.UpdatedAt))
	w.Int(eventCreatedAt, int64(e.UpdatedAt-e.CreatedAt))
	w.Int(eventReceivedAt, int64(e.ReceivedAt-e.UpdatedAt))
	w.Fixed64(eventFingerprint, e.Fingerprint)
	w.Message(eventOrigin, func(w *wire.Writer) { writeOrigin(w, &e.Origin) })
	for _, name := range e.HealthInstruments {
		w.Element(eventHealthInstrument, name)
	}
	w.String(eventMerchant, e.Merchant)
	w.String(eventCategory, e.Category)
	for i := range e.Attributes {
		w.Message(eventAttribute, func(w *wire.Writer) {
			w.String(attributeKey, e.Attributes[i].Key)
			w.String(attributeValue, e.Attributes[i].Value)
		})
	}
	w.Int(eventLatencyMS, e.LatencyMS)
	w.Uint(eventDecline, uint64(e.Decline))
	w.String(eventDeclineCode, e.DeclineCode)
	w.String(eventReversalID, e.ReversalID)
	w.Bytes(eventExtra, e.Extra)
	w.String(eventAttemptID, e.AttemptID)
	return w.B, nil
}

// Decode reads what Encode wrote, with fields of later writers skipped. All texts of the event share one string.
func (Event) Decode(b []byte) (*payment.Event, error) {
	e := &payment.Event{}
	r := wire.NewReader(string(b), eventVersion)
	for r.Next() {
		decodeEventField(e, &r)
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	// The writer gave these two as distances, in whatever order the fields came.
	e.CreatedAt = e.UpdatedAt - e.CreatedAt
	e.ReceivedAt += e.UpdatedAt
	return e, nil
}

func decodeEventField(e *payment.Event, r *wire.Reader) {
	switch r.Number() {
	case eventID:
		e.ID = r.String()
	case eventType:
		e.Type = payment.Type(r.Uint())
	case eventTransactionID:
		e.TransactionID = r.String()
	case eventUserID:
		e.UserID = r.String()
	case eventAmount:
		e.AmountMinor = r.Int()
	case eventCurrency:
		e.Currency = r.String()
	case eventStatus:
		e.Status = payment.Status(r.Uint())
	case eventMode:
		e.Mode = r.String()
	case eventInstrument:
		e.Instrument = r.String()
	case eventGateway:
		e.Gateway = r.String()
	case eventUpdatedAt:
		e.UpdatedAt = instant.Milli(r.Int())
	case eventCreatedAt:
		e.CreatedAt = instant.Milli(r.Int())
	case eventReceivedAt:
		e.ReceivedAt = instant.Milli(r.Int())
	case eventFingerprint:
		e.Fingerprint = r.Uint()
	case eventOrigin:
		decodeEventOrigin(&e.Origin, r)
	default:
		decodeRareEventField(e, r)
	}
}

func decodeRareEventField(e *payment.Event, r *wire.Reader) {
	switch r.Number() {
	case eventHealthInstrument:
		e.HealthInstruments = append(e.HealthInstruments, r.String())
	case eventMerchant:
		e.Merchant = r.String()
	case eventCategory:
		e.Category = r.String()
	case eventAttribute:
		e.Attributes = append(e.Attributes, decodeEventAttribute(r))
	case eventLatencyMS:
		e.LatencyMS = r.Int()
	case eventDecline:
		e.Decline = payment.Decline(r.Uint())
	case eventDeclineCode:
		e.DeclineCode = r.String()
	case eventReversalID:
		e.ReversalID = r.String()
	case eventExtra:
		e.Extra = r.Bytes()
	case eventAttemptID:
		e.AttemptID = r.String()
	}
}

func decodeEventOrigin(o *payment.Origin, r *wire.Reader) {
	m := r.Message()
	for m.Next() {
		switch m.Number() {
		case originTopic:
			o.Topic = m.String()
		case originPartition:
			o.Partition = int32(m.Int())
		case originOffset:
			o.Offset = m.Int()
		case originTimestamp:
			o.Timestamp = instant.Milli(m.Int())
		case originKey:
			o.Key = m.Bytes()
		case originLetter:
			o.DeadLetter = m.String()
		}
	}
	r.Inherit(&m)
}

func decodeEventAttribute(r *wire.Reader) (a payment.Attribute) {
	m := r.Message()
	for m.Next() {
		switch m.Number() {
		case attributeKey:
			a.Key = m.String()
		case attributeValue:
			a.Value = m.String()
		}
	}
	r.Inherit(&m)
	return a
}
