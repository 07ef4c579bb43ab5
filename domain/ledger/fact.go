package ledger

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// PostingKind tells which movement of money a posting records.
type PostingKind uint8

// The posting kinds.
const (
	// PaymentSettled: the payment succeeded; net goes from 0 to the settled amount.
	PaymentSettled PostingKind = iota + 1
	// PaymentReversed: a reversal took part or all of the payment back; net falls.
	PaymentReversed
	// ReversalReturned: a reversal counted before has failed, so its amount is back; net rises.
	ReversalReturned
)

// Posting is one movement of a transaction's net amount: the record of `postings`, keyed by user. It carries the facts
// of the original payment, so that its reader needs no other state.
type Posting struct {
	payment.Facts
	Origin    payment.Origin // of the event that caused it
	Kind      PostingKind
	EventID   string
	Seq       int64 // per transaction, from 1
	NetBefore int64 // minor units
	NetAfter  int64
	At        instant.Milli // event time of the cause
	Cause     Cause         // the event itself; its ID and UpdatedAt are EventID and At
}

// Attempt is the one verdict on a transaction at a place (see Place) for payment health: the record of `attempts`, one
// per health instrument, keyed mode/instrument/gateway.
type Attempt struct {
	Origin        payment.Origin
	TransactionID string
	Mode          string
	Instrument    string
	Gateway       string
	Outcome       Outcome
	At            instant.Milli // of a timeout: when the payment counted as timed out
	LatencyMS     int64         // 0 if missing, and of a timeout
	Cause         Cause
}

// String returns the name of the fact.
func (k PostingKind) String() string {
	switch k {
	case PaymentSettled:
		return "payment_settled"
	case PaymentReversed:
		return "payment_reversed"
	case ReversalReturned:
		return "reversal_returned"
	default:
		return ""
	}
}
