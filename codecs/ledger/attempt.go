package ledger

import (
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

const attemptVersion = 1

// Attempt is the codec of `attempts`.
type Attempt struct{}

// Encode returns a in binary; it never fails.
func (Attempt) Encode(a *ledger.Attempt) ([]byte, error) {
	f := wire.Writing(attemptVersion, 256)
	attemptFields(&f, a)
	return f.Body(), nil
}

// Decode reads what Encode wrote.
func (Attempt) Decode(b []byte) (*ledger.Attempt, error) {
	a := &ledger.Attempt{}
	f := wire.Reading(b, attemptVersion)
	for f.Next() {
		attemptFields(&f, a)
	}
	return wire.Decoded(a, "attempt", &f)
}

func attemptFields(f *wire.Fields, a *ledger.Attempt) {
	for range f.Message(1) {
		paymentcodec.OriginFields(f, &a.Origin)
	}
	f.Text(2, &a.TransactionID)
	f.Text(3, &a.Mode)
	f.Text(4, &a.Instrument)
	f.Text(5, &a.Gateway)
	f.Byte(6, (*uint8)(&a.Outcome))
	f.Int(7, (*int64)(&a.At))
	f.Int(8, &a.LatencyMS)
	if !f.Writes() && !f.At(9) {
		return
	}
	base := attemptBase(a)
	causeField(f, 9, &a.Cause, &base)
}

// attemptBase is what an attempt itself says of its cause. The instrument is mostly the payment's own, the times are
// close.
func attemptBase(a *ledger.Attempt) ledger.Cause {
	return ledger.Cause{
		Facts: payment.Facts{
			TransactionID: a.TransactionID, Mode: a.Mode, Instrument: a.Instrument, Gateway: a.Gateway, CreatedAt: a.At,
		},
		UpdatedAt: a.At, LatencyMS: a.LatencyMS,
	}
}
