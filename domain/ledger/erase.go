package ledger

import (
	"slices"

	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/payment"
)

// Erase returns the row without its user: amounts, statuses and journal stay, so that it still reverses and adds up,
// but the user is erasure.Nobody, attributes and fields beyond the contract are gone, and so are keys of source
// records.
func Erase(row *Row) *Row {
	if row == nil {
		return nil
	}
	r := row.clone()
	r.Facts, r.Origin = anonymous(r.Facts), keyless(r.Origin)
	for i, e := range r.Waiting {
		w := *e
		w.Facts, w.Origin, w.Extra = anonymous(w.Facts), keyless(w.Origin), nil
		r.Waiting[i] = &w
	}
	for i := range r.Pending {
		p := &r.Pending[i]
		p.Cause.Facts, p.Origin = anonymous(p.Cause.Facts), keyless(p.Origin)
	}
	return r
}

func anonymous(f payment.Facts) payment.Facts {
	if f.UserID != "" {
		f.UserID = erasure.Nobody
	}
	f.Attributes = nil
	return f
}

func keyless(o payment.Origin) payment.Origin {
	o.Key = nil
	return o
}

// Of tells whether the row holds anything of a user.
func (r *Row) Of(user string) bool {
	return r != nil && (r.Facts.UserID == user ||
		slices.ContainsFunc(r.Pending, func(p Pending) bool { return p.Cause.UserID == user }) ||
		slices.ContainsFunc(r.Waiting, func(e *payment.Event) bool { return e.UserID == user }))
}
