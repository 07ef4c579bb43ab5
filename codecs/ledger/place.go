package ledger

import (
	"bytes"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// What is known of a place.
const (
	placeAttempted = 1 << iota
	placeTerminal
)

// placeField is one place of a ledger row. Most transactions have one, that of their facts, where the status came to
// be: of it nothing is written but what is known.
func placeField(f *wire.Fields, n wire.Number, p *ledger.Place, r *ledger.Row) {
	known, at := uint8(0), int64(0)
	if f.Writes() {
		if p.Attempted {
			known |= placeAttempted
		}
		if p.TerminalAt != 0 {
			known |= placeTerminal
			at = int64(p.TerminalAt - r.StatusAt)
		}
	} else {
		*p = placeBase("", r)
	}
	for range f.Message(n) {
		named := f.At(1)
		f.Text(1, &p.AttemptID) // before the names
		base := placeBase(p.AttemptID, r)
		if named {
			*p = base
		}
		f.Other(2, &p.Mode, base.Mode)
		f.Other(3, &p.Instrument, base.Instrument)
		f.Other(4, &p.Gateway, base.Gateway)
		f.Int(6, &at)
		f.Byte(5, &known)
	}
	if !f.Writes() {
		p.Attempted = known&placeAttempted != 0
		if known&placeTerminal != 0 {
			p.TerminalAt = r.StatusAt + instant.Milli(at)
		}
	}
}

// placeBase returns the names from which those of a place differ: with an attempt id it has none.
func placeBase(attemptID string, r *ledger.Row) ledger.Place {
	if attemptID != "" {
		return ledger.Place{AttemptID: attemptID}
	}
	return ledger.Place{Mode: r.Facts.Mode, Instrument: r.Facts.Instrument, Gateway: r.Facts.Gateway}
}

// pendingFields are those of a pending event of a ledger row. Its origin is there if it is not the row's; its cause is
// the difference from the row's facts.
func pendingFields(f *wire.Fields, p *ledger.Pending, r *ledger.Row) {
	f.Int(1, (*int64)(&p.Due))
	f.Texts(2, &p.Instruments)
	if f.At(3) {
		p.Origin = payment.Origin{}
	}
	for range f.Optional(3, f.Writes() && !sameOrigin(&p.Origin, &r.Origin)) {
		paymentcodec.OriginFields(f, &p.Origin)
	}
	if f.Writes() || f.At(4) {
		causeField(f, 4, &p.Cause, &ledger.Cause{Facts: r.Facts})
	}
}

func sameOrigin(a, b *payment.Origin) bool {
	return a.Topic == b.Topic && a.Partition == b.Partition && a.Offset == b.Offset && a.Timestamp == b.Timestamp &&
		bytes.Equal(a.Key, b.Key) && a.DeadLetter == b.DeadLetter
}
