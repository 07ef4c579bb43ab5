package codecs

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Fields of a payment's facts, as the ledger's rows and postings nest them. Origins and attributes are written as in events.
const (
	factTransaction = iota + 1
	factUser
	factAmount
	factCurrency
	factMode
	factInstrument
	factGateway
	factMerchant
	factCategory
	factAttribute // repeated message
	factCreatedAt
)

func writeFacts(w *wire.Writer, f *payment.Facts) {
	w.String(factTransaction, f.TransactionID)
	w.String(factUser, f.UserID)
	w.Int(factAmount, f.AmountMinor)
	w.String(factCurrency, f.Currency)
	w.String(factMode, f.Mode)
	w.String(factInstrument, f.Instrument)
	w.String(factGateway, f.Gateway)
	w.String(factMerchant, f.Merchant)
	w.String(factCategory, f.Category)
	for i := range f.Attributes {
		w.Message(factAttribute, func(w *wire.Writer) {
			w.String(attributeKey, f.Attributes[i].Key)
			w.String(attributeValue, f.Attributes[i].Value)
		})
	}
	w.Int(factCreatedAt, int64(f.CreatedAt))
}

// readFacts reads the nested message at hand.
func readFacts(f *payment.Facts, r *wire.Reader) {
	m := r.Message()
	for m.Next() {
		switch m.Number() {
		case factTransaction:
			f.TransactionID = m.String()
		case factUser:
			f.UserID = m.String()
		case factAmount:
			f.AmountMinor = m.Int()
		case factCurrency:
			f.Currency = m.String()
		case factMode:
			f.Mode = m.String()
		case factInstrument:
			f.Instrument = m.String()
		case factGateway:
			f.Gateway = m.String()
		case factMerchant:
			f.Merchant = m.String()
		case factCategory:
			f.Category = m.String()
		case factAttribute:
			f.Attributes = append(f.Attributes, decodeEventAttribute(&m))
		case factCreatedAt:
			f.CreatedAt = instant.Milli(m.Int())
		}
	}
	r.Inherit(&m)
}

func writeOrigin(w *wire.Writer, o *payment.Origin) {
	w.String(originTopic, o.Topic)
	w.Int(originPartition, int64(o.Partition))
	w.Int(originOffset, o.Offset)
	w.Int(originTimestamp, int64(o.Timestamp))
	w.Bytes(originKey, o.Key)
	w.String(originLetter, o.DeadLetter)
}
