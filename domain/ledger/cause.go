package ledger

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Cause is the event behind a posting or an attempt: what an event of the input contract says, but for the fields that
// the contract does not name. With it a record that the next group cannot use becomes a dead letter in the form of the
// event, which can be edited and replayed.
type Cause struct {
	payment.Facts // the event's own: a reversal's may differ from its payment's
	ID            string
	Type          payment.Type
	ReversalID    string
	AttemptID     string
	Status        payment.Status
	Decline       payment.Decline
	DeclineCode   string
	LatencyMS     int64
	UpdatedAt     instant.Milli
}

func causeOf(e *payment.Event) Cause {
	return Cause{
		Facts: e.Facts, ID: e.ID, Type: e.Type, ReversalID: e.ReversalID, AttemptID: e.AttemptID, Status: e.Status,
		Decline: e.Decline, DeclineCode: e.DeclineCode, LatencyMS: e.LatencyMS, UpdatedAt: e.UpdatedAt,
	}
}

// event returns the event that came from the record at origin. It has no Extra, HealthInstruments and Fingerprint.
func (c *Cause) event(origin payment.Origin) *payment.Event {
	return &payment.Event{
		Facts: c.Facts, Origin: origin, ID: c.ID, Type: c.Type, ReversalID: c.ReversalID, AttemptID: c.AttemptID,
		Status:  c.Status,
		Decline: c.Decline, DeclineCode: c.DeclineCode, LatencyMS: c.LatencyMS, UpdatedAt: c.UpdatedAt,
		ReceivedAt: origin.Timestamp,
	}
}

// Event returns the event that moved the money, without Extra, HealthInstruments and Fingerprint.
func (p *Posting) Event() *payment.Event { return p.Cause.event(p.Origin) }

// Event returns the event that the attempt is the verdict on, without Extra, HealthInstruments and Fingerprint: the
// first of the status at its place, so for a timeout the one by which the payment was first seen pending there.
func (a *Attempt) Event() *payment.Event { return a.Cause.event(a.Origin) }
