package ledger

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Effect is something that follows from a change of a row, for the outside to carry out. The set is closed: Posted,
// Attempted, Journalled, Refused, Awaiting, Expired.
type Effect interface{ effect() }

// Posted moves money: a posting for the user.
type Posted struct{ Posting *Posting }

// Attempted gives the verdict on one attempt for health: once for each place at which the payment was tried.
type Attempted struct{ Attempt *Attempt }

// Journalled tells the verdict on an event. Every event given to Apply has exactly one, a waiting reversal a second one
// when its payment settles, or when its row expires.
type Journalled struct{ Entry *JournalEntry }

// Refused sends an event to dead letters. The Event is the one given to Apply or one that has waited.
type Refused struct {
	Reason payment.Reason
	Detail string
	Event  *payment.Event
}

// Awaiting asks for a call of Due once the watermark reaches Until.
type Awaiting struct{ Until instant.Milli }

// Expired tells that a settled transaction is forgotten, with what was left of it then: the sum of all rows falls by so
// much, and no money moved.
type Expired struct {
	Currency string
	Net      int64 // minor units
}

func (Posted) effect()     {}
func (Attempted) effect()  {}
func (Journalled) effect() {}
func (Refused) effect()    {}
func (Awaiting) effect()   {}
func (Expired) effect()    {}
