package codecs

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// Fields of a place of a ledger row. Most transactions have one place, that of their facts, where the status came to be: of it
// nothing is written but what is known.
const (
	ledgerPlaceAttemptID = iota + 1 // before the names
	ledgerPlaceMode
	ledgerPlaceInstrument
	ledgerPlaceGateway
	ledgerPlaceKnown // placeAttempted, placeTerminal
	ledgerPlaceTerminalAt
)

const (
	placeAttempted = 1 << iota
	placeTerminal
)

// Fields of a pending event of a ledger row.
const (
	ledgerPendingDue = iota + 1
	ledgerPendingInstrument
	ledgerPendingOrigin // if it is not the row's
	ledgerPendingCause
)

func writeLedgerPlace(w *wire.Writer, p *ledger.Place, r *ledger.Row) {
	w.String(ledgerPlaceAttemptID, p.AttemptID)
	base := placeBase(p.AttemptID, r)
	text := func(field protowire.Number, s, same string) {
		if s != same {
			w.Element(field, s)
		}
	}
	text(ledgerPlaceMode, p.Mode, base.Mode)
	text(ledgerPlaceInstrument, p.Instrument, base.Instrument)
	text(ledgerPlaceGateway, p.Gateway, base.Gateway)
	known := uint64(0)
	if p.Attempted {
		known |= placeAttempted
	}
	if p.TerminalAt != 0 {
		known |= placeTerminal
		w.Int(ledgerPlaceTerminalAt, int64(p.TerminalAt-r.StatusAt))
	}
	w.Uint(ledgerPlaceKnown, known)
}

// placeBase returns the names from which those of a place differ: with an attempt id it has none.
func placeBase(attemptID string, r *ledger.Row) ledger.Place {
	if attemptID != "" {
		return ledger.Place{AttemptID: attemptID}
	}
	return ledger.Place{Mode: r.Facts.Mode, Instrument: r.Facts.Instrument, Gateway: r.Facts.Gateway}
}

func readLedgerPlace(p *ledger.Place, r *ledger.Row, from *wire.Reader) {
	*p = placeBase("", r)
	after, terminal := r.StatusAt, false
	f := from.Message()
	for f.Next() {
		switch f.Number() {
		case ledgerPlaceAttemptID:
			*p = placeBase(f.String(), r)
		case ledgerPlaceMode:
			p.Mode = f.String()
		case ledgerPlaceInstrument:
			p.Instrument = f.String()
		case ledgerPlaceGateway:
			p.Gateway = f.String()
		case ledgerPlaceKnown:
			p.Attempted, terminal = f.Uint()&placeAttempted != 0, f.Uint()&placeTerminal != 0
		case ledgerPlaceTerminalAt:
			after += instant.Milli(f.Int())
		}
	}
	if terminal {
		p.TerminalAt = after
	}
	from.Inherit(&f)
}

func writeLedgerPending(w *wire.Writer, p *ledger.Pending, r *ledger.Row) {
	w.Int(ledgerPendingDue, int64(p.Due))
	for _, instrument := range p.Instruments {
		w.Element(ledgerPendingInstrument, instrument)
	}
	if !sameOrigin(&p.Origin, &r.Origin) {
		w.Message(ledgerPendingOrigin, func(w *wire.Writer) { writeOrigin(w, &p.Origin) })
	}
	w.Message(ledgerPendingCause, func(w *wire.Writer) { writeCause(w, &p.Cause, &ledger.Cause{Facts: r.Facts}) })
}

func readLedgerPending(p *ledger.Pending, r *ledger.Row, from *wire.Reader) {
	p.Origin, p.Cause = r.Origin, ledger.Cause{Facts: r.Facts}
	f := from.Message()
	for f.Next() {
		switch f.Number() {
		case ledgerPendingDue:
			p.Due = instant.Milli(f.Int())
		case ledgerPendingInstrument:
			p.Instruments = append(p.Instruments, f.String())
		case ledgerPendingOrigin:
			p.Origin = payment.Origin{}
			decodeEventOrigin(&p.Origin, &f)
		case ledgerPendingCause:
			p.Cause = readCause(ledger.Cause{Facts: r.Facts}, &f)
		}
	}
	from.Inherit(&f)
}

func sameOrigin(a, b *payment.Origin) bool {
	return a.Topic == b.Topic && a.Partition == b.Partition && a.Offset == b.Offset && a.Timestamp == b.Timestamp && bytes.Equal(a.Key, b.Key) && a.DeadLetter == b.DeadLetter
}
