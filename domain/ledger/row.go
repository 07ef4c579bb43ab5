// Package ledger decides what each payment event does to its transaction: which money moves, which attempt health sees,
// what the journal says and what is refused (docs/design.md, section 5).
//
// Apply, Due and Expire are total functions of a row, an event and the watermark. They never change a row, they return
// a new one. Decisions depend on the order of one transaction's events in the log only where docs/design.md, section 9,
// says so. In particular a reversal that comes before its payment leaves the same net amount as one that comes after
// it: the row keeps waiting events whole, and judges them, in the order of their arrival, as if they had arrived just
// after the payment settled. README.md has the invariants and the order to read in.
package ledger

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Row is the ledger's state of one transaction. Rows are immutable: nothing may write to a Row or its slices once it
// was returned or decoded. A nil *Row is a transaction not heard of; its methods work.
type Row struct {
	// Facts and Origin are those of the event that brought Status: facts that differ in other events of the transaction
	// (merchant, amount) are not looked at. User and currency are the same in all of them. Those of the success that
	// settled the payment stay for good. Empty while only reversals are known.
	Facts  payment.Facts
	Origin payment.Origin
	// Status is the payment's; 0 while only reversals are known. It never falls.
	Status payment.Status
	// StatusAt is the newest event time of all payment events of that Status.
	StatusAt instant.Milli
	// Reversals has one entry per reversal_id, in order of arrival. Empty before the payment settles.
	Reversals []Reversal
	// Waiting holds, in order of arrival, all reversal events that came before the payment settled.
	Waiting []*payment.Event
	// Events are the events taken, in order of arrival; refused ones are not among them.
	Events []Seen
	// Journal holds the last JournalSize lines, oldest first.
	Journal    []Line
	JournalSeq int64 // of the last line
	PostingSeq int64 // of the last posting
	// Places are where the payment was tried, in order of arrival; Pending the events that started attempts there which
	// may still time out.
	Places  []Place
	Pending []Pending
	// LastAt is the largest event time of the events taken; retention counts from it.
	LastAt instant.Milli
}

// Reversal is what is known of one reversal_id of a settled payment: what its deciding event says.
type Reversal struct {
	ID      string
	EventID string // the deciding event
	Status  payment.Status
	At      instant.Milli // the deciding event's time
	// AmountMinor is the reversal's amount, with "all that remains" resolved. Only a success takes it from the net
	// amount; 0 if a pending or failed reversal never told it.
	AmountMinor int64
}

// Seen is the id and content hash of an event taken.
type Seen struct {
	ID          string
	Fingerprint uint64
}

// deducted returns the amount that the reversal deducts from the net amount.
func (v *Reversal) deducted() int64 {
	if v.Status != payment.Success {
		return 0
	}
	return v.AmountMinor
}

// Settled tells whether the payment succeeded, whatever was reversed since.
func (r *Row) Settled() bool { return r != nil && r.Status == payment.Success }

// Net returns what is left of the payment in minor units: 0 until it settles, never negative.
func (r *Row) Net() int64 {
	if !r.Settled() {
		return 0
	}
	return r.Facts.AmountMinor - r.Reversed()
}

// Reversed returns the sum of the reversals in force, in minor units.
func (r *Row) Reversed() int64 {
	var sum int64
	if r != nil {
		for i := range r.Reversals {
			sum += r.Reversals[i].deducted()
		}
	}
	return sum
}

// seen returns the fingerprint under which event id was taken.
func (r *Row) seen(id string) (uint64, bool) {
	if r != nil {
		for i := range r.Events {
			if r.Events[i].ID == id {
				return r.Events[i].Fingerprint, true
			}
		}
	}
	return 0, false
}

func (r *Row) reversal(id string) int {
	for i := range r.Reversals {
		if r.Reversals[i].ID == id {
			return i
		}
	}
	return -1
}

// clone returns a copy whose slices can be appended to and written without touching r; a new Row if r is nil.
func (r *Row) clone() *Row {
	if r == nil {
		return &Row{}
	}
	c := *r
	c.Reversals = room(r.Reversals)
	c.Waiting = room(r.Waiting)
	c.Events = room(r.Events)
	c.Journal = room(r.Journal)
	c.Places = room(r.Places)
	c.Pending = room(r.Pending)
	return &c
}

// room copies s with room for one more element; nil stays nil.
func room[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return append(make([]T, 0, len(s)+1), s...)
}
