package codecs

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// Fields of a cause, as postings, attempts and the ledger's rows nest it.
const (
	causeID = iota + 1
	causeType
	causeStatus
	causeUser
	causeAmount
	causeCurrency
	causeCreatedAt
	causeUpdatedAt
	causeLatency
	causeInstrument
	causeMerchant
	causeCategory
	causeAttributes // the attributes are not those of the base
	causeAttribute  // repeated message
	causeReversalID
	causeDecline
	causeDeclineCode
	causeTransaction
	causeMode
	causeGateway
	causeAttemptID
)

// writeCause writes where c differs from base, which is what the record around it says already: most causes then take a few
// bytes. Texts are there if they differ, also if empty; numbers are distances, so that 0 is "the same".
func writeCause(w *wire.Writer, c, base *ledger.Cause) {
	text := func(field protowire.Number, s, same string) {
		if s != same {
			w.Element(field, s)
		}
	}
	text(causeID, c.ID, base.ID)
	w.Uint(causeType, uint64(c.Type))
	w.Uint(causeStatus, uint64(c.Status))
	text(causeUser, c.UserID, base.UserID)
	w.Int(causeAmount, c.AmountMinor-base.AmountMinor)
	text(causeCurrency, c.Currency, base.Currency)
	w.Int(causeCreatedAt, int64(c.CreatedAt-base.CreatedAt))
	w.Int(causeUpdatedAt, int64(c.UpdatedAt-base.UpdatedAt))
	w.Int(causeLatency, c.LatencyMS-base.LatencyMS)
	text(causeInstrument, c.Instrument, base.Instrument)
	text(causeMerchant, c.Merchant, base.Merchant)
	text(causeCategory, c.Category, base.Category)
	if !slices.Equal(c.Attributes, base.Attributes) {
		w.Bool(causeAttributes, true)
		for i := range c.Attributes {
			w.Message(causeAttribute, func(w *wire.Writer) {
				w.String(attributeKey, c.Attributes[i].Key)
				w.String(attributeValue, c.Attributes[i].Value)
			})
		}
	}
	text(causeReversalID, c.ReversalID, base.ReversalID)
	w.Uint(causeDecline, uint64(c.Decline))
	text(causeDeclineCode, c.DeclineCode, base.DeclineCode)
	text(causeTransaction, c.TransactionID, base.TransactionID)
	text(causeMode, c.Mode, base.Mode)
	text(causeGateway, c.Gateway, base.Gateway)
	text(causeAttemptID, c.AttemptID, base.AttemptID)
}

// readCause reads the nested message at hand as the difference from base: the fields that make up the base must come before
// it in the record.
func readCause(base ledger.Cause, from *wire.Reader) ledger.Cause {
	c := base
	c.Attributes = slices.Clip(base.Attributes) // what is appended never goes into the base's
	r := from.Message()
	for r.Next() {
		switch r.Number() {
		case causeID:
			c.ID = r.String()
		case causeType:
			c.Type = payment.Type(r.Uint())
		case causeStatus:
			c.Status = payment.Status(r.Uint())
		case causeUpdatedAt:
			c.UpdatedAt = base.UpdatedAt + instant.Milli(r.Int())
		case causeLatency:
			c.LatencyMS = base.LatencyMS + r.Int()
		case causeReversalID:
			c.ReversalID = r.String()
		case causeAttemptID:
			c.AttemptID = r.String()
		case causeDecline:
			c.Decline = payment.Decline(r.Uint())
		case causeDeclineCode:
			c.DeclineCode = r.String()
		default:
			readCauseFact(&c.Facts, &base.Facts, &r)
		}
	}
	from.Inherit(&r)
	return c
}

func readCauseFact(f, base *payment.Facts, r *wire.Reader) {
	switch r.Number() {
	case causeUser:
		f.UserID = r.String()
	case causeAmount:
		f.AmountMinor = base.AmountMinor + r.Int()
	case causeCurrency:
		f.Currency = r.String()
	case causeCreatedAt:
		f.CreatedAt = base.CreatedAt + instant.Milli(r.Int())
	case causeInstrument:
		f.Instrument = r.String()
	case causeMerchant:
		f.Merchant = r.String()
	case causeCategory:
		f.Category = r.String()
	case causeAttributes:
		f.Attributes = nil
	case causeAttribute:
		f.Attributes = append(f.Attributes, decodeEventAttribute(r))
	case causeTransaction:
		f.TransactionID = r.String()
	case causeMode:
		f.Mode = r.String()
	case causeGateway:
		f.Gateway = r.String()
	}
}
