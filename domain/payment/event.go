// Package payment defines the payment event after normalisation, the facts that travel with it, and the closed list of
// reasons for which an event can be refused. It holds no decisions about money: those are the ledger's.
package payment

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/word"
)

// Type tells what an event reports.
type Type uint8

// The event types of the input contract. Clock events never become an Event: they move event time and nothing else.
const (
	Payment Type = iota + 1
	Reversal
)

// Status is the state that an event reports, of its payment or of its reversal.
type Status uint8

// The statuses, in the ledger's order of strength: pending < failed < success.
const (
	Pending Status = iota + 1
	Failed
	Success
)

// Decline classifies a failed payment: who is to blame decides whether bank health suffers.
type Decline uint8

// The declines. Unknown codes count as technical (docs/design.md, section 4).
const (
	NoDecline Decline = iota
	Technical
	Business
)

// Unknown is the value of mode, instrument and gateway where the event names none.
const Unknown = "unknown"

// Origin is where an event entered Millrace: the coordinates of its record on the payments topic. Every internal record
// carries it, so that a dead letter of any group can name the source record.
type Origin struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp instant.Milli // the record's timestamp
	Key       []byte        // the source record's raw key
	// DeadLetter is the id of the dead letter of which the record is a replay; empty for every other.
	DeadLetter string
}

// Attribute is one entry of an event's attributes, value as text (numbers and booleans as written, nested values as
// JSON).
type Attribute struct {
	Key, Value string
}

// Facts are the fields of a payment that filters, progress and health look at. A reversal's posting carries the facts
// of the payment it reverses.
type Facts struct {
	TransactionID string
	UserID        string
	// gross amount of the payment in minor units, > 0; 0 on a reversal event means "all that remains"
	AmountMinor int64
	Currency    string // ISO 4217, upper case
	Mode        string // trimmed, lower case, never empty: Unknown if the event names none
	Instrument  string // as Mode
	Gateway     string // as Mode
	Labels      Labels
	Attributes  []Attribute   // sorted by key, keys unique
	CreatedAt   instant.Milli // when the payment was made; missions and days use it
}

// Event is one validated, normalised payment event: the record of `transactions`.
type Event struct {
	Facts
	Origin     Origin
	ID         string
	Type       Type
	ReversalID string // reversals only; defaults to ID
	// AttemptID names the try of the payment that the event is about, if the producer gives one: what makes two tries
	// at one place two attempts. Payments only.
	AttemptID  string
	Status     Status
	Decline    Decline
	LatencyMS  int64         // 0 if missing
	UpdatedAt  instant.Milli // event time
	ReceivedAt instant.Milli // when intake took it: the record's append time
	// HealthInstruments are the instruments whose health this payment counts for, by the mode's setting
	// (bank, app, both); never empty.
	HealthInstruments []string
	// Fingerprint is a hash of the normalised known fields and attributes; equal ids with other fingerprints conflict.
	Fingerprint uint64
	// DeclineCode is the code the event gave, kept for its JSON form.
	DeclineCode string
	// Extra holds unknown top-level fields as one JSON object, nil if there are none.
	Extra []byte
}

// Attribute returns the value of attribute key and whether the payment has it.
func (f *Facts) Attribute(key string) (string, bool) {
	for i := range f.Attributes {
		if f.Attributes[i].Key == key {
			return f.Attributes[i].Value, true
		}
	}
	return "", false
}

// String returns the contract's word.
func (t Type) String() string { return word.Nth(t, Types()) }

// Types returns the word of every type.
func Types() []string { return []string{"payment", "reversal"} }

// String returns the contract's word.
func (s Status) String() string { return word.Nth(s, Statuses()) }

// Statuses returns the word of every status.
func Statuses() []string { return []string{"pending", "failed", "success"} }

// String returns the contract's word, empty for NoDecline.
func (d Decline) String() string { return word.Nth(d, Declines()) }

// Declines returns the word of every decline but NoDecline, which has none.
func Declines() []string { return []string{"technical", "business"} }
