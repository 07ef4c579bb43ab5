package ledger

import (
	"slices"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// causeFields are where c differs from base, which is what the record around it says already: most causes then take a
// few bytes. Texts are there if they differ, also if empty; numbers are distances. When it is read, c is base at first:
// the fields that make up the base come before it in the record.
func causeFields(f *wire.Fields, c, base *ledger.Cause) {
	f.Other(1, &c.ID, base.ID)
	f.Byte(2, (*uint8)(&c.Type))
	f.Byte(3, (*uint8)(&c.Status))
	f.Other(4, &c.UserID, base.UserID)
	f.From(5, &c.AmountMinor, base.AmountMinor)
	f.Other(6, &c.Currency, base.Currency)
	f.From(7, (*int64)(&c.CreatedAt), int64(base.CreatedAt))
	f.From(8, (*int64)(&c.UpdatedAt), int64(base.UpdatedAt))
	f.From(9, &c.LatencyMS, base.LatencyMS)
	f.Other(10, &c.Instrument, base.Instrument)
	paymentcodec.OtherLabels(f, 11, &c.Labels, &base.Labels)
	otherAttributes(f, 13, 14, &c.Attributes, base.Attributes)
	f.Other(15, &c.ReversalID, base.ReversalID)
	f.Byte(16, (*uint8)(&c.Decline))
	f.Other(17, &c.DeclineCode, base.DeclineCode)
	f.Other(18, &c.TransactionID, base.TransactionID)
	f.Other(19, &c.Mode, base.Mode)
	f.Other(20, &c.Gateway, base.Gateway)
	f.Other(21, &c.AttemptID, base.AttemptID)
}

// otherAttributes are attributes that are not those of the base: a field that says so, and one for each.
func otherAttributes(f *wire.Fields, differ, each wire.Number, list *[]payment.Attribute, base []payment.Attribute) {
	if f.Writes() && slices.Equal(*list, base) {
		return
	}
	if f.At(differ) {
		*list = nil
	}
	others := true
	f.Bool(differ, &others)
	for a := range wire.Each(f, each, list) {
		paymentcodec.AttributeFields(f, a)
	}
}
