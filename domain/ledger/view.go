package ledger

import (
	"slices"

	"github.com/millrace/millrace/domain/payment"
)

// ReversalState is one reversal of a transaction as people see it.
type ReversalState struct {
	ID          string
	Currency    string
	AmountMinor int64 // 0: not known, or of a waiting reversal all that remains
	Status      payment.Status
	Waiting     bool // the payment has not settled, so it takes nothing yet
}

// TransactionID returns the transaction's id.
func (r *Row) TransactionID() string { return r.about().TransactionID }

// UserID returns the payment's user; the first reversal's while no payment is known.
func (r *Row) UserID() string { return r.about().UserID }

// Currency returns the payment's currency; the first reversal's while no payment is known.
func (r *Row) Currency() string { return r.about().Currency }

// AmountMinor returns the payment's gross amount in minor units, settled or not; 0 while no payment is known.
func (r *Row) AmountMinor() int64 {
	if r == nil {
		return 0
	}
	return r.Facts.AmountMinor
}

func (r *Row) about() *payment.Facts {
	switch {
	case r == nil:
		return &payment.Facts{}
	case r.Status == 0 && len(r.Waiting) > 0:
		return &r.Waiting[0].Facts
	default:
		return &r.Facts
	}
}

// ReversalStates returns every reversal known and not refused, in order of arrival. Of a waiting one it shows the event
// that would decide now.
func (r *Row) ReversalStates() []ReversalState {
	if r == nil {
		return nil
	}
	states := make([]ReversalState, 0, len(r.Reversals))
	for _, v := range r.Reversals {
		states = append(states, ReversalState{ID: v.ID, Currency: r.Facts.Currency, AmountMinor: v.AmountMinor,
			Status: v.Status})
	}
	deciding := map[string]int{} // reversal_id -> index in states, of waiting ones
	decided := map[string]Reversal{}
	for _, e := range r.Waiting {
		i, known := deciding[e.ReversalID]
		if !known {
			i = len(states)
			deciding[e.ReversalID] = i
			states = append(states, ReversalState{ID: e.ReversalID, Waiting: true})
		} else if v := decided[e.ReversalID]; !decides(e, &v) {
			continue
		}
		decided[e.ReversalID] = Reversal{EventID: e.ID, Status: e.Status, At: e.UpdatedAt}
		states[i].Status, states[i].AmountMinor, states[i].Currency = e.Status, e.AmountMinor, e.Currency
	}
	return states
}

// Awaiting returns the reversals that have succeeded elsewhere and wait for their payment here.
func (r *Row) Awaiting() []ReversalState {
	if r == nil || len(r.Waiting) == 0 {
		return nil
	}
	return slices.DeleteFunc(r.ReversalStates(), func(v ReversalState) bool {
		return !v.Waiting || v.Status != payment.Success
	})
}
