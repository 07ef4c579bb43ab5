package model

import (
	"fmt"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// transaction is everything known of one transaction. It is changed in place: nobody else sees it before the end.
type transaction struct {
	fold      *Fold
	partition int32

	seen      map[string]uint64 // ids of the events taken, with their fingerprints
	status    payment.Status    // 0: no payment event yet
	newest    instant.Milli     // updated_at, of the events with that status
	facts     payment.Facts     // of the event that brought the status
	first     *payment.Event    // the payment event that was first taken
	payments  []*payment.Event  // all that were taken, in the order of the log
	attempted map[string]bool   // places whose attempt is out

	reversals map[string]*reversal
	waiting   []*payment.Event
}

// reversal is what its deciding event says.
type reversal struct {
	event  string
	status payment.Status
	at     instant.Milli
	amount int64 // taken from the net; 0 unless status is success
}

// yields tells whether e decides from now on: the newest does; at a tie failed, then success, then the greater id.
func (r *reversal) yields(e *payment.Event) bool {
	strength := map[payment.Status]int{payment.Failed: 2, payment.Success: 1, payment.Pending: 0}
	if e.UpdatedAt != r.at {
		return e.UpdatedAt > r.at
	}
	if e.Status != r.status {
		return strength[e.Status] > strength[r.status]
	}
	return e.ID > r.event
}

func (t *transaction) refuse(e *payment.Event, reason payment.Reason) {
	o := e.Origin
	t.fold.result.DeadLetters[fmt.Sprintf("%s-%d-%d", o.Topic, o.Partition, o.Offset)] = string(reason)
}

func (t *transaction) apply(e *payment.Event, now instant.Milli) {
	if print, again := t.seen[e.ID]; again {
		if print != e.Fingerprint {
			t.refuse(e, payment.ConflictingDuplicate)
			return
		}
		t.fold.result.Duplicates[e.TransactionID]++
		return
	}
	switch {
	case e.UpdatedAt < now-retention, e.Type == payment.Payment && t.status == 0 && e.CreatedAt < now-retention:
		t.refuse(e, payment.TooOld)
		return
	case t.misfit(e) != "":
		t.refuse(e, t.misfit(e))
		return
	case e.Type == payment.Payment && len(t.places(e)) > maxPlaces, len(t.seen) >= maxEvents:
		t.refuse(e, payment.RowTooLarge)
		return
	}
	t.seen[e.ID] = e.Fingerprint
	var reason payment.Reason
	switch {
	case e.Type == payment.Payment:
		if reason = t.pay(e); reason == "" {
			t.tried(e)
		}
	case t.status != payment.Success:
		t.waiting = append(t.waiting, e)
	default:
		reason = t.reverse(e)
	}
	if reason != "" {
		delete(t.seen, e.ID)
		t.refuse(e, reason)
	}
	if e.Status == payment.Pending && e.UpdatedAt+pendingTimeout <= now {
		t.fold.result.Overdue[e.TransactionID] = true
	}
	t.timeOut(now) // it may have come too late already
}

// pay takes a payment event and returns why it is refused, if it is.
func (t *transaction) pay(e *payment.Event) payment.Reason {
	switch {
	case e.Status < t.status:
		if t.status == payment.Success && e.Status == payment.Failed && e.UpdatedAt > t.newest {
			return payment.StatusRegression
		}
		return ""
	case e.Status == t.status:
		t.newest = max(t.newest, e.UpdatedAt)
		return ""
	}
	t.status, t.newest, t.facts = e.Status, e.UpdatedAt, e.Facts
	if t.first == nil {
		t.first = e
		t.judgeWaiting(func(w *payment.Event) payment.Reason {
			reason := t.misfit(w)
			if reason == "" {
				t.waiting = append(t.waiting, w)
			}
			return reason
		})
	}
	if e.Status == payment.Success {
		t.settle(e)
	}
	return ""
}

func (t *transaction) settle(e *payment.Event) {
	t.post(e, "settled", 0)
	t.judgeWaiting(t.reverse)
}

// judgeWaiting gives every waiting event to judge and refuses those that it has a reason against.
func (t *transaction) judgeWaiting(judge func(*payment.Event) payment.Reason) {
	queue := t.waiting
	t.waiting = nil
	for _, w := range queue {
		if reason := judge(w); reason != "" {
			delete(t.seen, w.ID)
			t.refuse(w, reason)
		}
	}
}

// misfit returns why e is not of this transaction, once a payment is known: another user or another currency than the
// first payment event named. Logs with erased users are not for the oracle.
func (t *transaction) misfit(e *payment.Event) payment.Reason {
	switch {
	case t.first == nil:
		return ""
	case e.UserID != t.first.UserID:
		return payment.ConflictingDuplicate
	case e.Currency != t.first.Currency:
		return payment.CurrencyMismatch
	}
	return ""
}

// reverse takes an event of a reversal of a settled payment and returns why it is refused, if it is.
func (t *transaction) reverse(e *payment.Event) payment.Reason {
	r, known := t.reversals[e.ReversalID]
	if known && !r.yields(e) {
		return ""
	}
	before, amount := t.net(), int64(0)
	if e.Status == payment.Success {
		remains := before
		if known {
			remains += r.amount
		}
		amount = e.AmountMinor
		if amount == 0 {
			amount = remains
		}
		if amount > remains || amount == 0 {
			return payment.OverReversal
		}
	}
	t.reversals[e.ReversalID] = &reversal{event: e.ID, status: e.Status, at: e.UpdatedAt, amount: amount}
	if after := t.net(); after < before {
		t.post(e, "reversed", before)
	} else if after > before {
		t.post(e, "returned", before)
	}
	return ""
}

func (t *transaction) net() int64 {
	if t.status != payment.Success {
		return 0
	}
	net := t.facts.AmountMinor
	for _, r := range t.reversals {
		net -= r.amount
	}
	return net
}

func (t *transaction) post(e *payment.Event, kind string, before int64) {
	t.fold.result.Postings[e.TransactionID] = append(t.fold.result.Postings[e.TransactionID], Posting{
		Kind: kind, EventID: e.ID, User: t.facts.UserID, Currency: t.facts.Currency, Before: before, After: t.net(),
		facts: t.facts,
	})
}

func (t *transaction) state() Transaction {
	s := Transaction{Status: t.status.String(), Net: t.net(), Waiting: len(t.waiting)}
	if t.status == payment.Success {
		s.Settled = t.facts.AmountMinor
		s.Reversed = s.Settled - s.Net
	}
	return s
}
