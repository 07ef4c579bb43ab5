package codecs

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
)

// Fields of a payment that a user row remembers: of its texts and attributes those in which it differs from the payment before.
const (
	paymentTransaction = iota + 1
	paymentUser
	paymentCreatedAt // from that of the payment before
	paymentAmount
	paymentSpent // of the amount: what is no more of it
	paymentSeq   // less 1
	paymentCurrency
	paymentMode
	paymentInstrument
	paymentGateway
	paymentMerchant
	paymentCategory
	paymentAttribute // repeated message; all of them
	paymentBare      // no attributes
)

func recentPayments() list[*mission.Recent] {
	return list[*mission.Recent]{
		field: userPayment,
		order: func(old, r *mission.Recent) int {
			if c := cmp.Compare(old.CreatedAt, r.CreatedAt); c != 0 {
				return c
			}
			return strings.Compare(old.TransactionID, r.TransactionID)
		},
		alike:  func(old, r *mission.Recent) bool { return old == r },
		append: writePayment,
	}
}

func writePayment(w *wire.Writer, before, r *mission.Recent) {
	if before == nil {
		before = &mission.Recent{}
	}
	w.String(paymentTransaction, r.TransactionID)
	w.String(paymentUser, r.UserID)
	w.Int(paymentCreatedAt, int64(r.CreatedAt-before.CreatedAt))
	w.Int(paymentAmount, r.AmountMinor)
	w.Int(paymentSpent, r.AmountMinor-r.Net)
	w.Int(paymentSeq, r.Seq-1)
	writeOther(w, paymentCurrency, before.Currency, r.Currency)
	writeOther(w, paymentMode, before.Mode, r.Mode)
	writeOther(w, paymentInstrument, before.Instrument, r.Instrument)
	writeOther(w, paymentGateway, before.Gateway, r.Gateway)
	writeOther(w, paymentMerchant, before.Merchant, r.Merchant)
	writeOther(w, paymentCategory, before.Category, r.Category)
	if slices.Equal(before.Attributes, r.Attributes) {
		return
	}
	for i := range r.Attributes {
		w.Message(paymentAttribute, func(w *wire.Writer) {
			w.String(attributeKey, r.Attributes[i].Key)
			w.String(attributeValue, r.Attributes[i].Value)
		})
	}
	w.Bool(paymentBare, len(r.Attributes) == 0)
}

func writeOther(w *wire.Writer, field protowire.Number, before, text string) {
	if text != before {
		w.Element(field, text)
	}
}

// readPayment reads the nested message at hand, which follows that of another payment, or none.
func readPayment(r *wire.Reader, before *mission.Recent) *mission.Recent {
	out := &mission.Recent{Seq: 1}
	if before != nil {
		out.Facts = before.Facts
		out.TransactionID, out.UserID, out.AmountMinor = "", "", 0
	}
	spent := int64(0)
	var attributes []payment.Attribute
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case paymentTransaction:
			out.TransactionID = f.String()
		case paymentUser:
			out.UserID = f.String()
		case paymentCreatedAt:
			out.CreatedAt += instant.Milli(f.Int())
		case paymentAmount:
			out.AmountMinor = f.Int()
		case paymentSpent:
			spent = f.Int()
		case paymentSeq:
			out.Seq = f.Int() + 1
		case paymentAttribute:
			attributes = append(attributes, decodeEventAttribute(&f))
			out.Attributes = attributes
		case paymentBare:
			out.Attributes = nil
		default:
			readOther(&f, &out.Facts)
		}
	}
	r.Inherit(&f)
	out.Net = out.AmountMinor - spent
	return out
}

func readOther(f *wire.Reader, out *payment.Facts) {
	switch f.Number() {
	case paymentCurrency:
		out.Currency = f.String()
	case paymentMode:
		out.Mode = f.String()
	case paymentInstrument:
		out.Instrument = f.String()
	case paymentGateway:
		out.Gateway = f.String()
	case paymentMerchant:
		out.Merchant = f.String()
	case paymentCategory:
		out.Category = f.String()
	}
}
