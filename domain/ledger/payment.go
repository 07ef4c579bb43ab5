package ledger

import (
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/payment"
)

// payment judges an event of the payment itself: pending < failed < success, and the status never falls.
//
// Of several successes the first in the log settles the payment, with its amount; later ones are journalled as stale,
// whatever their amount: they may be confirmations under ids of their own, and nothing of them is lost in the journal.
// So is a pending that is newer than the failure or success it follows: only a failure newer than the success is a
// regression (docs/design.md, section 5).
func (t *transition) payment(e *payment.Event) {
	if t.row.Settled() && e.Status == payment.Failed && e.UpdatedAt > t.row.StatusAt {
		t.refuse(e, payment.StatusRegression, "failed at "+e.UpdatedAt.String()+", after success at "+
			t.row.StatusAt.String())
		return
	}
	before := t.row.Net()
	t.record(e)
	t.try(e)
	r := t.write()
	switch {
	case e.Status > r.Status:
		t.rise(e)
	case e.Status < r.Status:
		t.journal(e, Stale, "", before)
	case e.UpdatedAt <= r.StatusAt:
		t.journal(e, Stale, "", before)
	default:
		r.StatusAt = e.UpdatedAt
		if r.Settled() {
			t.journal(e, Stale, "", before)
		} else {
			t.journal(e, Applied, "", before)
		}
	}
}

// rise brings the payment to the higher status of e.
func (t *transition) rise(e *payment.Event) {
	r := t.write()
	first := r.Status == 0
	facts, origin := e.Facts, e.Origin
	if r.Facts.UserID == erasure.Nobody { // its user was erased, and does not come back
		facts, origin = anonymous(facts), keyless(origin)
	}
	r.Facts, r.Origin, r.Status, r.StatusAt = facts, origin, e.Status, e.UpdatedAt
	if r.Settled() {
		t.post(e, PaymentSettled, 0)
	}
	t.journal(e, Applied, "", 0)
	if first {
		t.dropForeign()
	}
	if r.Settled() {
		t.replay()
	}
}

func outcome(e *payment.Event) Outcome {
	switch {
	case e.Status == payment.Success:
		return Succeeded
	case e.Decline == payment.Business:
		return FailedBusiness
	default:
		// also where a failed payment names no decline: unknown is technical (docs/design.md, section 4)
		return FailedTechnical
	}
}
