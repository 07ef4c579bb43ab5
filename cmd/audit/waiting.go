package audit

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// Waiting is a reversal that waits for its payment. It is no finding: no money has moved here, and somebody may have to
// know.
type Waiting struct {
	TransactionID string `json:"transaction_id"`
	ReversalID    string `json:"reversal_id"`
	Currency      string `json:"currency"`
	// Amount is in minor units; 0: all that remains of the payment.
	Amount int64 `json:"amount"`
	// Until is the event time up to which it waits; then it is the dead letter orphan_reversal.
	Until instant.Milli `json:"until"`
}

// setWaiting sets the reversals that wait in a row, nil for a row that is gone.
func (b *transactions) setWaiting(id string, row *ledger.Row) {
	if b.waiting == nil {
		return
	}
	delete(b.waiting, id)
	for _, v := range row.Awaiting() {
		until := row.LastAt + instant.Milli(b.retention)
		b.waiting[id] = append(b.waiting[id], Waiting{id, v.ID, v.Currency, v.AmountMinor, until})
	}
}

// waits returns what waits, what is given up first before the rest.
func (b *transactions) waits() []Waiting {
	out := []Waiting{}
	for _, all := range b.waiting {
		out = append(out, all...)
	}
	slices.SortFunc(out, func(x, y Waiting) int {
		return cmp.Or(cmp.Compare(x.Until, y.Until), cmp.Compare(x.TransactionID, y.TransactionID),
			cmp.Compare(x.ReversalID, y.ReversalID))
	})
	return out
}
