package ledger

import (
	"slices"

	"github.com/millrace/millrace/domain/payment"
)

// fieldCost is an upper bound of what one field costs beside its text: tag and length, or tag and varint.
const fieldCost = 16

// cost returns an upper estimate of the row's encoded size in bytes.
func (r *Row) cost() int {
	n := 16*fieldCost + factsCost(&r.Facts) + originCost(&r.Origin)
	for i := range r.Places {
		n += placeCost(&r.Places[i])
	}
	for i := range r.Pending {
		n += pendingCost(&r.Pending[i], &r.Facts)
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

// eventCost is an upper estimate of what taking e adds to a row, but for its journal line: a reversal waits whole and
// has its id noted, a payment leaves facts, origin and places, a pending one its cause, too.
func eventCost(e *payment.Event) int {
	place := Place{AttemptID: e.AttemptID, Mode: e.Mode, Gateway: e.Gateway}
	return len(instrumentsOf(e))*placeCost(&place) + 18*fieldCost + 2*len(e.AttemptID) +
		factsCost(&e.Facts) + originCost(&e.Origin) +
		2*len(e.ID) + 2*len(e.ReversalID) + 2*textsCost(e.HealthInstruments) + len(e.DeclineCode) + len(e.Extra)
}

func placeCost(p *Place) int {
	return 7*fieldCost + len(p.AttemptID) + len(p.Mode) + len(p.Instrument) + len(p.Gateway)
}

// pendingCost counts of the cause what differs from the row's facts, as it is written.
func pendingCost(p *Pending, facts *payment.Facts) int {
	c := &p.Cause
	n := 25*fieldCost + textsCost(p.Instruments) + originCost(&p.Origin) +
		len(c.ID) + len(c.ReversalID) + len(c.AttemptID) + len(c.DeclineCode)
	for _, text := range [...][2]string{
		{c.TransactionID, facts.TransactionID}, {c.UserID, facts.UserID}, {c.Currency, facts.Currency},
		{c.Mode, facts.Mode},
		{c.Instrument, facts.Instrument}, {c.Gateway, facts.Gateway},
	} {
		if text[0] != text[1] {
			n += len(text[0])
		}
	}
	for l, text := range c.Labels {
		if text != facts.Labels[l] {
			n += len(text)
		}
	}
	if !slices.Equal(c.Attributes, facts.Attributes) {
		for i := range c.Attributes {
			n += 3*fieldCost + len(c.Attributes[i].Key) + len(c.Attributes[i].Value)
		}
	}
	return n
}

func lineCost(l *Line) int { return 9*fieldCost + len(l.EventID) + len(l.Reason) }

func factsCost(f *payment.Facts) int {
	n := 12*fieldCost + len(f.TransactionID) + len(f.UserID) + len(f.Currency) + len(f.Mode) + len(f.Instrument) +
		len(f.Gateway)
	for _, text := range f.Labels {
		n += fieldCost + len(text)
	}
	for i := range f.Attributes {
		n += 3*fieldCost + len(f.Attributes[i].Key) + len(f.Attributes[i].Value)
	}
	return n
}

func originCost(o *payment.Origin) int {
	return 7*fieldCost + len(o.Topic) + len(o.Key) + len(o.DeadLetter)
}

func textsCost(texts []string) int {
	n := 0
	for _, s := range texts {
		n += fieldCost + len(s)
	}
	return n
}
