package mission

import (
	"cmp"
	"slices"
	"strings"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
)

// recents are the payments that a user row remembers.
func recents(f *wire.Fields, row *mission.UserRow, a *amendment) {
	if f.Writes() {
		recentPayments().write(f, row.Recent, a.before.Recent, &a.from, func(before, r *mission.Recent) {
			paymentField(f, before, r)
		})
	}
	for f.At(userPayment) {
		r := &mission.Recent{Seq: 1}
		before := lastOf(row.Recent)
		if before != nil {
			r.Facts = before.Facts
			r.TransactionID, r.UserID, r.AmountMinor = "", "", 0
		}
		paymentField(f, before, r)
		row.Recent = append(row.Recent, r)
	}
}

// lastOf returns the last element, the zero value if there is none.
func lastOf[T any](list []T) (last T) {
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	return last
}

func recentPayments() list[*mission.Recent] {
	return list[*mission.Recent]{
		field: userPayment,
		order: func(old, r *mission.Recent) int {
			if c := cmp.Compare(old.CreatedAt, r.CreatedAt); c != 0 {
				return c
			}
			return strings.Compare(old.TransactionID, r.TransactionID)
		},
		alike: func(old, r *mission.Recent) bool { return old == r },
	}
}

// paymentField is one payment: of its texts and attributes those in which it differs from the payment before.
func paymentField(f *wire.Fields, before, r *mission.Recent) {
	if before == nil {
		before = &mission.Recent{}
	}
	spent := r.AmountMinor - r.Net // of the amount: what is no more of it
	if !f.Writes() {
		spent = 0
	}
	var read []payment.Attribute
	for range f.Message(userPayment) {
		f.Text(1, &r.TransactionID)
		f.Text(2, &r.UserID)
		f.From(3, (*int64)(&r.CreatedAt), int64(before.CreatedAt))
		f.Int(4, &r.AmountMinor)
		f.Int(5, &spent)
		f.From(6, &r.Seq, 1)
		f.Other(7, &r.Currency, before.Currency)
		f.Other(8, &r.Mode, before.Mode)
		f.Other(9, &r.Instrument, before.Instrument)
		f.Other(10, &r.Gateway, before.Gateway)
		paymentcodec.OtherLabels(f, 11, &r.Labels, &before.Labels)
		paymentAttributes(f, before, r, &read)
	}
	if !f.Writes() {
		r.Net = r.AmountMinor - spent
	}
}

// paymentAttributes are all attributes, a field for each, or a field that there are none.
func paymentAttributes(f *wire.Fields, before, r *mission.Recent, read *[]payment.Attribute) {
	if f.Writes() {
		if slices.Equal(before.Attributes, r.Attributes) {
			return
		}
		read = &r.Attributes
	}
	several := f.At(13)
	for a := range wire.Each(f, 13, read) {
		paymentcodec.AttributeFields(f, a)
	}
	if several {
		r.Attributes = *read
	}
	bare := len(r.Attributes) == 0
	if f.At(14) {
		r.Attributes = nil
	}
	f.Bool(14, &bare)
}
