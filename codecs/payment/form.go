package payment

import (
	"github.com/millrace/millrace/codecs/doc"
)

// The formats of a time in the input contract: a text of RFC 3339, or a number of seconds to nanoseconds since 1970.
const (
	EventTime = "event-time"
	// EventTimeOrEmpty may also be an empty text, and EventTimeOrWords any text without a digit: both as if the field
	// were missing.
	EventTimeOrEmpty = "event-time-or-empty"
	EventTimeOrWords = "event-time-or-words"
)

// The forms of the input event (docs/design.md, section 4), for who writes events. They describe what Payments and
// payment.Normalise take: a test compares the two. A text that says nothing may also be null or empty, as senders with
// fixed structures write it; other fields are kept as they are, but decide nothing.

// PaymentEvent reports what became of a payment.
type PaymentEvent struct {
	_    struct{} `json:"-" additionalProperties:"true"`
	Type string   `json:"type" enum:"payment"`
	EventFields
	Amount    int64   `json:"amount" minimum:"1" maximum:"1125899906842624" doc:"Gross amount in minor units of the currency: ₹450.00 is 45000. At most 2^50; a fraction, a text or 0 is refused" example:"45000"`
	Status    string  `json:"status" enum:"@payment_status" doc:"What the event reports. pending may become success or failed; failed may still become success; success stays"`
	AttemptID *string `json:"attempt_id,omitempty" nullable:"true" maxLength:"256" pattern:"^$|\\S" doc:"Of this try, where a payment is tried several times at one bank and gateway: in all events of a transaction, or in none. Default: one try at each place" example:"att_1"`
}

// ReversalEvent reports that money of a payment went back: a refund, a chargeback, a void.
type ReversalEvent struct {
	_    struct{} `json:"-" additionalProperties:"true"`
	Type string   `json:"type" enum:"reversal"`
	EventFields
	Amount     *int64  `json:"amount,omitempty" nullable:"true" minimum:"1" maximum:"1125899906842624" doc:"Minor units that went back. Default: all that remains of the payment" example:"5000"`
	Status     *string `json:"status,omitempty" nullable:"true" enum:"@payment_status," doc:"Of the reversal. Default: success"`
	ReversalID *string `json:"reversal_id,omitempty" nullable:"true" maxLength:"256" pattern:"^$|\\S" doc:"The same in every event of one reversal; a payment may have several. Default: the event's id" example:"rv_1"`
}

// ClockEvent moves event time where no payments do. It does nothing else: all other fields are ignored.
type ClockEvent struct {
	_    struct{} `json:"-" additionalProperties:"true"`
	Type string   `json:"type" enum:"clock"`
	At   any      `json:"at" format:"event-time" doc:"Event time is at least this from then on; not ahead of the server's own clock" example:"\"2026-03-01T12:00:00Z\""`
}

// EventFields are those of payments and reversals alike.
type EventFields struct {
	ID            string  `json:"id" minLength:"1" maxLength:"256" pattern:"\\S" doc:"Of this event: sent again, it is dropped. At most 256 bytes, without control characters" example:"evt_1"`
	TransactionID string  `json:"transaction_id" minLength:"1" maxLength:"256" pattern:"\\S" doc:"Of the payment: the same in all its events, and the key of the record. At most 256 bytes" example:"txn_1"`
	UserID        string  `json:"user_id" minLength:"1" maxLength:"256" pattern:"\\S" doc:"Who paid; never changes within a transaction. At most 256 bytes" example:"usr_1"`
	Currency      string  `json:"currency" pattern:"^[A-Za-z]{3}$" doc:"ISO 4217; never changes within a transaction" example:"INR"`
	Mode          *string `json:"mode,omitempty" nullable:"true" maxLength:"256" doc:"How it was paid. As all names: lower case after trimming, compared in Unicode's form NFC, without invisible characters. Default: unknown" example:"upi"`
	Instrument    *string `json:"instrument,omitempty" nullable:"true" maxLength:"256" doc:"The bank, or the card's issuer. Default: unknown" example:"sbi"`
	Gateway       *string `json:"gateway,omitempty" nullable:"true" maxLength:"256" doc:"Who carried it out. Default: unknown" example:"razorpay"`
	LabelFields
	Decline     *string        `json:"decline,omitempty" nullable:"true" maxLength:"256" doc:"Of a failed payment: technical (counts against the bank) or business (does not). Default, and for any other word: by decline_code" example:"technical"`
	DeclineCode *string        `json:"decline_code,omitempty" nullable:"true" maxLength:"256" doc:"Of a failed payment: the response code of UPI or ISO 8583. One that is not known counts as technical" example:"U30"`
	LatencyMS   *int64         `json:"latency_ms,omitempty" nullable:"true" minimum:"0" maximum:"7776000000" doc:"How long the attempt took, in milliseconds" example:"850"`
	Attributes  map[string]any `json:"attributes,omitempty" nullable:"true" maxProperties:"256" doc:"Anything else that filters look at, by name. Keys of at most 256 bytes"`
	CreatedAt   any            `json:"created_at,omitempty" nullable:"true" format:"event-time-or-empty" doc:"When the payment was made: it decides which window of a mission, and which day, it counts for. Default: updated_at" example:"\"2026-03-01T11:59:58Z\""`
	UpdatedAt   any            `json:"updated_at,omitempty" nullable:"true" format:"event-time-or-words" doc:"When what the event reports happened: its event time. Default: when the server takes it" example:"\"2026-03-01T12:00:00Z\""`
}

// Forms returns those of the input contract.
func (Payments) Forms() []doc.Form {
	return []doc.Form{doc.FormOf[PaymentEvent](), doc.FormOf[ReversalEvent](), doc.FormOf[ClockEvent]()}
}
