package ledger

import (
	"slices"
	"strconv"

	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/payment"
)

// reversal judges an event of a reversal. Until the payment has settled every one of them waits, also one that reports
// a pending or failed reversal: which event of a reversal_id decides is known only when they are judged together.
//
// Whom a waiting reversal names matters only once the payment is known (see dropForeign).
func (t *transition) reversal(e *payment.Event) {
	if t.row.Settled() && t.exceeds(e) {
		return
	}
	t.record(e)
	if r := t.write(); !r.Settled() {
		r.Waiting = append(r.Waiting, e)
		t.journal(e, Waiting, "", 0)
		return
	}
	t.reverse(e)
}

// replay judges the events that waited, now that the payment has settled. One refused gives its id back, as if it had
// come after the payment.
func (t *transition) replay() {
	r := t.write()
	waiting := r.Waiting
	r.Waiting = nil
	for _, e := range waiting {
		if t.exceeds(e) {
			t.forget(e)
		} else {
			t.reverse(e)
		}
	}
}

// exceeds refuses a reversal that takes more than remains. "All that remains" of nothing is refused as well: a second
// full refund is an over-reversal, not a success. A refusal is final for this event, even if another reversal fails
// later and makes room; a new event, or the same one replayed from its dead letter, is judged anew.
func (t *transition) exceeds(e *payment.Event) bool {
	if e.Status != payment.Success || !decides(e, t.decision(e.ReversalID)) {
		return false
	}
	remains := t.remains(e.ReversalID)
	if e.AmountMinor <= remains && remains > 0 {
		return false
	}
	detail := "nothing remains"
	if e.AmountMinor > 0 {
		detail = strconv.FormatInt(e.AmountMinor, 10) + " exceeds what remains, " + strconv.FormatInt(remains, 10)
	}
	t.refuse(e, payment.OverReversal, detail)
	return true
}

// reverse lets e decide its reversal, if it is newer than the event that decides now.
//
// "All that remains" is resolved here, once: the amount does not grow when another reversal fails later, because that
// one gives its amount back to the payment (ADR 5).
func (t *transition) reverse(e *payment.Event) {
	r := t.write()
	before := r.Net()
	old := t.decision(e.ReversalID)
	if !decides(e, old) {
		t.journal(e, Stale, "", before)
		return
	}
	now := Reversal{ID: e.ReversalID, EventID: e.ID, Status: e.Status, At: e.UpdatedAt, AmountMinor: e.AmountMinor}
	switch {
	case now.AmountMinor > 0:
	case e.Status == payment.Success:
		now.AmountMinor = t.remains(e.ReversalID)
	case old != nil:
		now.AmountMinor = old.AmountMinor
	}
	if i := r.reversal(e.ReversalID); i >= 0 {
		r.Reversals[i] = now
	} else {
		r.Reversals = append(r.Reversals, now)
	}
	kind := PaymentReversed
	if r.Net() > before {
		kind = ReversalReturned
	}
	t.post(e, kind, before)
	t.journal(e, Applied, "", before)
}

// decision returns what is known of a reversal, nil if nothing is.
func (t *transition) decision(reversalID string) *Reversal {
	if i := t.row.reversal(reversalID); i >= 0 {
		return &t.row.Reversals[i]
	}
	return nil
}

// remains returns what reversal id may take: the net amount and what it takes already.
func (t *transition) remains(reversalID string) int64 {
	remains := t.row.Net()
	if v := t.decision(reversalID); v != nil {
		remains += v.deducted()
	}
	return remains
}

// decides tells whether e, and no longer the event behind old, decides its reversal: the newest does, at a tie failed
// before success before pending. Among equals the greater event id wins, so that the result does not depend on the
// order of arrival.
func decides(e *payment.Event, old *Reversal) bool {
	switch {
	case old == nil:
		return true
	case e.UpdatedAt != old.At:
		return e.UpdatedAt > old.At
	case e.Status != old.Status:
		return finality(e.Status) > finality(old.Status)
	default:
		return e.ID > old.EventID
	}
}

func finality(s payment.Status) int {
	switch s {
	case payment.Failed:
		return 2
	case payment.Success:
		return 1
	default:
		return 0
	}
}

// foreign returns why e cannot be of this transaction, if it cannot: it names another user or another currency. Both
// are those of the transaction's first payment event: a reversal that came before cannot impose others. Of an erased
// transaction nobody knows the user, so every user fits, and the row stays nobody's.
func (t *transition) foreign(e *payment.Event) (reason payment.Reason, detail string) {
	switch r := t.row; {
	case r == nil || r.Status == 0:
		return "", ""
	case e.UserID != r.Facts.UserID && e.UserID != erasure.Nobody && r.Facts.UserID != erasure.Nobody:
		return payment.ConflictingDuplicate, "user_id is not the one of the transaction's first payment event"
	case e.Currency != r.Facts.Currency:
		return payment.CurrencyMismatch, "event in " + e.Currency + ", transaction in " + r.Facts.Currency
	default:
		return "", ""
	}
}

// dropForeign refuses the waiting events that turn out to name another user or currency, now that the payment's are
// known.
func (t *transition) dropForeign() {
	r := t.write()
	waiting := r.Waiting
	r.Waiting = nil
	for _, e := range waiting {
		if reason, detail := t.foreign(e); reason != "" {
			t.forget(e)
			t.refuse(e, reason, detail)
		} else {
			r.Waiting = append(r.Waiting, e)
		}
	}
}

// forget gives the id of a refused event back.
func (t *transition) forget(e *payment.Event) {
	r := t.write()
	r.Events = slices.DeleteFunc(r.Events, func(s Seen) bool { return s.ID == e.ID })
}
