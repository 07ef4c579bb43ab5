package workload

import "slices"

// success is the status that moves money.
const success = "success"

// Apply returns the row after an event, and the posting that it makes, if any. The row given stays as it is; it comes
// back itself if the event was seen before.
func (a *Account) Apply(e *Event) (*Account, *Posting) {
	if a != nil && slices.Contains(a.Seen, e.ID) {
		return a, nil
	}
	next := Account{User: e.User, Currency: e.Currency, Created: e.Created}
	if a != nil {
		next = *a
	}
	next.Seen = append(slices.Clip(next.Seen), e.ID)
	next.Updated = max(next.Updated, e.Updated)
	if e.Reversal {
		next.reverse(e)
	} else if next.Status != success {
		next.Status, next.Gross = e.Status, e.Amount
		next.Mode, next.Merchant, next.Category, next.Created = e.Mode, e.Merchant, e.Category, e.Created
	}
	net := int64(0)
	if next.Status == success {
		net = max(0, next.Gross-next.Reversed)
	}
	if net == next.Net {
		return &next, nil
	}
	p := &Posting{
		Transaction: e.Transaction, User: next.User, Currency: next.Currency, Delta: net - next.Net, Net: net,
		Mode: next.Mode, Merchant: next.Merchant, Category: next.Category, Created: next.Created, At: e.Updated,
	}
	next.Net = net
	return &next, p
}

func (a *Account) reverse(e *Event) {
	switch {
	case e.Status != success:
	case e.Amount == 0:
		a.Reversed = a.Gross
	default:
		a.Reversed += e.Amount
	}
}

// Apply returns the row after a posting. The row given stays as it is.
func (t *Total) Apply(p *Posting) *Total {
	next := Total{Currency: p.Currency, First: p.Created}
	if t != nil {
		next = *t
	}
	next.Sum += p.Delta
	next.Postings++
	next.First, next.Last = min(next.First, p.Created), max(next.Last, p.At)
	return &next
}
