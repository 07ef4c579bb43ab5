package ledger

import "github.com/millrace/millrace/domain/payment"

// fieldCost is an upper bound of what one field costs beside its text: tag and length, or tag and varint.
const fieldCost = 16

// cost returns an upper estimate of the row's encoded size in bytes.
func (r *Row) cost() int {
	n := 16*fieldCost + factsCost(&r.Facts) + originCost(&r.Origin) + textsCost(r.PendingInstruments)
	if c := r.PendingCause; c != nil { // its facts are the row's, and are not written again
		n += 10*fieldCost + len(c.ID) + len(c.DeclineCode)
	}
	for i := range r.Reversals {
		v := &r.Reversals[i]
		n += 6*fieldCost + len(v.ID) + len(v.EventID)
	}
	for _, e := range r.Waiting {
		n += eventCost(e)
	}
	for i := range r.Events {
		n += 3*fieldCost + len(r.Events[i].ID)
	}
	for i := range r.Journal {
		n += lineCost(&r.Journal[i])
	}
	return n
}

// journalCost is the part of cost that can be given up.
func (r *Row) journalCost() int {
	n := 0
	for i := range r.Journal {
		n += lineCost(&r.Journal[i])
	}
	return n
}

// eventCost is an upper estimate of what taking e adds to a row, but for its journal line: a reversal waits whole and has its
// id noted, a pending payment leaves facts, origin and cause.
func eventCost(e *payment.Event) int {
	return 16*fieldCost + factsCost(&e.Facts) + originCost(&e.Origin) + 2*len(e.ID) + 2*len(e.ReversalID) +
		textsCost(e.HealthInstruments) + len(e.DeclineCode) + len(e.Extra)
}

func lineCost(l *Line) int { return 9*fieldCost + len(l.EventID) + len(l.Reason) }

func factsCost(f *payment.Facts) int {
	n := 12*fieldCost + len(f.TransactionID) + len(f.UserID) + len(f.Currency) + len(f.Mode) + len(f.Instrument) +
		len(f.Gateway) + len(f.Merchant) + len(f.Category)
	for i := range f.Attributes {
		n += 3*fieldCost + len(f.Attributes[i].Key) + len(f.Attributes[i].Value)
	}
	return n
}

func originCost(o *payment.Origin) int { return 6*fieldCost + len(o.Topic) + len(o.Key) }

func textsCost(texts []string) int {
	n := 0
	for _, s := range texts {
		n += fieldCost + len(s)
	}
	return n
}
