package ledger

import (
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/payment"
)

// factsFields are those of a payment's facts, as the ledger's rows and postings nest them.
func factsFields(f *wire.Fields, p *payment.Facts) {
	f.Text(1, &p.TransactionID)
	f.Text(2, &p.UserID)
	f.Int(3, &p.AmountMinor)
	f.Text(4, &p.Currency)
	f.Text(5, &p.Mode)
	f.Text(6, &p.Instrument)
	f.Text(7, &p.Gateway)
	paymentcodec.Labels(f, 8, &p.Labels)
	for a := range wire.Each(f, 10, &p.Attributes) {
		paymentcodec.AttributeFields(f, a)
	}
	f.Int(11, (*int64)(&p.CreatedAt))
}
