package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

const attemptVersion = 1

// Fields of an attempt.
const (
	attemptOrigin = iota + 1
	attemptTransaction
	attemptMode
	attemptInstrument
	attemptGateway
	attemptOutcome
	attemptAt
	attemptLatency
	attemptCause // the difference from what the fields above say, so after them
)

// Attempt is the codec of `attempts`.
type Attempt struct{}

// Encode returns a in binary; it never fails.
func (Attempt) Encode(a *ledger.Attempt) ([]byte, error) {
	w := wire.NewWriter(attemptVersion, 256)
	w.Message(attemptOrigin, func(w *wire.Writer) { writeOrigin(w, &a.Origin) })
	w.String(attemptTransaction, a.TransactionID)
	w.String(attemptMode, a.Mode)
	w.String(attemptInstrument, a.Instrument)
	w.String(attemptGateway, a.Gateway)
	w.Uint(attemptOutcome, uint64(a.Outcome))
	w.Int(attemptAt, int64(a.At))
	w.Int(attemptLatency, a.LatencyMS)
	w.Message(attemptCause, func(w *wire.Writer) {
		base := attemptBase(a)
		writeCause(w, &a.Cause, &base)
	})
	return w.B, nil
}

// Decode reads what Encode wrote.
func (Attempt) Decode(b []byte) (*ledger.Attempt, error) {
	a := &ledger.Attempt{}
	r := wire.NewReader(string(b), attemptVersion)
	for r.Next() {
		switch r.Number() {
		case attemptOrigin:
			decodeEventOrigin(&a.Origin, &r)
		case attemptTransaction:
			a.TransactionID = r.String()
		case attemptMode:
			a.Mode = r.String()
		case attemptInstrument:
			a.Instrument = r.String()
		case attemptGateway:
			a.Gateway = r.String()
		case attemptOutcome:
			a.Outcome = ledger.Outcome(r.Uint())
		case attemptAt:
			a.At = instant.Milli(r.Int())
		case attemptLatency:
			a.LatencyMS = r.Int()
		case attemptCause:
			a.Cause = readCause(attemptBase(a), &r)
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("attempt: %w", err)
	}
	return a, nil
}

// attemptBase is what an attempt itself says of its cause. The instrument is mostly the payment's own, the times are close.
func attemptBase(a *ledger.Attempt) ledger.Cause {
	return ledger.Cause{
		Facts: payment.Facts{
			TransactionID: a.TransactionID, Mode: a.Mode, Instrument: a.Instrument, Gateway: a.Gateway, CreatedAt: a.At,
		},
		UpdatedAt: a.At, LatencyMS: a.LatencyMS,
	}
}
