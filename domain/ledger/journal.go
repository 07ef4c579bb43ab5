package ledger

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/word"
)

// Verdict tells what became of one event.
type Verdict uint8

// The verdicts of the contract.
const (
	// Applied: the event changed its transaction, or confirmed it.
	Applied Verdict = iota + 1
	// Duplicate: an event of this id and content was taken before.
	Duplicate
	// Waiting: a reversal whose payment has not settled yet. A second entry follows when it does.
	Waiting
	// Stale: another event of the transaction or reversal has the say; nothing changed.
	Stale
	// Rejected: the event went to dead letters, for the reason given. It left nothing behind but this entry: not even
	// its id is taken, so that a dead letter can be mended and replayed under the same id.
	Rejected
)

// String returns the contract's word.
func (v Verdict) String() string { return word.Nth(v, Verdicts()) }

// Verdicts returns the word of every verdict.
func Verdicts() []string { return []string{"applied", "duplicate", "waiting", "stale", "rejected"} }

// Line is one line of a transaction's journal: what one event did to it.
type Line struct {
	Seq       int64 // per transaction, from 1; 0 where there is no row to count in
	EventID   string
	Type      payment.Type
	Verdict   Verdict
	Reason    payment.Reason // of Rejected
	NetBefore int64          // minor units
	NetAfter  int64
	At        instant.Milli // event time
}

// JournalEntry is a Line with its transaction: the record of `ledger-journal`, keyed by transaction.
type JournalEntry struct {
	Line
	TransactionID string
	UserID        string // of the payment; of the event itself while no payment is known
	Currency      string // of the amounts: the transaction's, or the event's while no payment is known
}
