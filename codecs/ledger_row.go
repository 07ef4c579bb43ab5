package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

const ledgerRowVersion = 1

// Fields of a ledger row.
const (
	rowFacts = iota + 1
	rowOrigin
	rowStatus
	rowStatusAt
	rowReversal
	rowWaiting // an event, as its own codec writes it
	rowSeen
	rowLine
	rowJournalSeq
	rowPostingSeq
	rowAttempted
	rowPendingDue
	rowPendingInstrument
	rowLastAt
)

// Fields of a row's reversal.
const (
	reversalID = iota + 1
	reversalEvent
	reversalStatus
	reversalAt
	reversalAmount
)

// Fields of an event id taken.
const (
	seenID = iota + 1
	seenFingerprint
)

// Fields of a journal line.
const (
	lineSeq = iota + 1
	lineEvent
	lineType
	lineVerdict
	lineReason
	lineNetBefore
	lineNetAfter
	lineAt
)

// LedgerRow is the codec of the ledger's table.
type LedgerRow struct{}

// Encode returns r in binary. It fails only if a waiting event cannot be encoded.
func (LedgerRow) Encode(r *ledger.Row) ([]byte, error) {
	w := wire.NewWriter(ledgerRowVersion, 256+32*len(r.Events)+48*len(r.Journal)+48*len(r.Reversals))
	w.Message(rowFacts, func(w *wire.Writer) { writeFacts(w, &r.Facts) })
	w.Message(rowOrigin, func(w *wire.Writer) { writeOrigin(w, &r.Origin) })
	w.Uint(rowStatus, uint64(r.Status))
	w.Int(rowStatusAt, int64(r.StatusAt))
	for i := range r.Reversals {
		w.Message(rowReversal, func(w *wire.Writer) { writeReversal(w, &r.Reversals[i]) })
	}
	for _, e := range r.Waiting {
		raw, err := Event{}.Encode(e)
		if err != nil {
			return nil, fmt.Errorf("waiting event: %w", err)
		}
		w.Bytes(rowWaiting, raw)
	}
	for i := range r.Events {
		w.Message(rowSeen, func(w *wire.Writer) {
			w.String(seenID, r.Events[i].ID)
			w.Fixed64(seenFingerprint, r.Events[i].Fingerprint)
		})
	}
	for i := range r.Journal {
		w.Message(rowLine, func(w *wire.Writer) { writeLine(w, &r.Journal[i]) })
	}
	w.Int(rowJournalSeq, r.JournalSeq)
	w.Int(rowPostingSeq, r.PostingSeq)
	w.Bool(rowAttempted, r.Attempted)
	w.Int(rowPendingDue, int64(r.PendingDue))
	for _, instrument := range r.PendingInstruments {
		w.Element(rowPendingInstrument, instrument)
	}
	w.Int(rowLastAt, int64(r.LastAt))
	return w.B, nil
}

func writeReversal(w *wire.Writer, v *ledger.Reversal) {
	w.String(reversalID, v.ID)
	w.String(reversalEvent, v.EventID)
	w.Uint(reversalStatus, uint64(v.Status))
	w.Int(reversalAt, int64(v.At))
	w.Int(reversalAmount, v.AmountMinor)
}

func writeLine(w *wire.Writer, l *ledger.Line) {
	w.Int(lineSeq, l.Seq)
	w.String(lineEvent, l.EventID)
	w.Uint(lineType, uint64(l.Type))
	w.Uint(lineVerdict, uint64(l.Verdict))
	w.String(lineReason, string(l.Reason))
	w.Int(lineNetBefore, l.NetBefore)
	w.Int(lineNetAfter, l.NetAfter)
	w.Int(lineAt, int64(l.At))
}

// Decode reads what Encode wrote. All texts of the row share one string: rows are decoded for one callback and dropped.
func (LedgerRow) Decode(b []byte) (*ledger.Row, error) {
	r := &ledger.Row{}
	f := wire.NewReader(string(b), ledgerRowVersion)
	for f.Next() {
		if err := readRowField(r, &f); err != nil {
			return nil, fmt.Errorf("ledger row: %w", err)
		}
	}
	if err := f.Err(); err != nil {
		return nil, fmt.Errorf("ledger row: %w", err)
	}
	return r, nil
}

func readRowField(r *ledger.Row, f *wire.Reader) error {
	switch f.Number() {
	case rowFacts:
		readFacts(&r.Facts, f)
	case rowOrigin:
		decodeEventOrigin(&r.Origin, f)
	case rowStatus:
		r.Status = payment.Status(f.Uint())
	case rowStatusAt:
		r.StatusAt = instant.Milli(f.Int())
	case rowReversal:
		r.Reversals = append(r.Reversals, ledger.Reversal{})
		readReversal(&r.Reversals[len(r.Reversals)-1], f)
	case rowWaiting:
		e, err := Event{}.Decode(f.Bytes())
		if err != nil {
			return fmt.Errorf("waiting event: %w", err)
		}
		r.Waiting = append(r.Waiting, e)
	case rowSeen:
		r.Events = append(r.Events, ledger.Seen{})
		readSeen(&r.Events[len(r.Events)-1], f)
	case rowLine:
		r.Journal = append(r.Journal, ledger.Line{})
		readLine(&r.Journal[len(r.Journal)-1], f)
	case rowJournalSeq:
		r.JournalSeq = f.Int()
	case rowPostingSeq:
		r.PostingSeq = f.Int()
	case rowAttempted:
		r.Attempted = f.Uint() != 0
	case rowPendingDue:
		r.PendingDue = instant.Milli(f.Int())
	case rowPendingInstrument:
		r.PendingInstruments = append(r.PendingInstruments, f.String())
	case rowLastAt:
		r.LastAt = instant.Milli(f.Int())
	}
	return nil
}

func readReversal(v *ledger.Reversal, from *wire.Reader) {
	f := from.Message()
	for f.Next() {
		switch f.Number() {
		case reversalID:
			v.ID = f.String()
		case reversalEvent:
			v.EventID = f.String()
		case reversalStatus:
			v.Status = payment.Status(f.Uint())
		case reversalAt:
			v.At = instant.Milli(f.Int())
		case reversalAmount:
			v.AmountMinor = f.Int()
		}
	}
	from.Inherit(&f)
}

func readSeen(s *ledger.Seen, from *wire.Reader) {
	f := from.Message()
	for f.Next() {
		switch f.Number() {
		case seenID:
			s.ID = f.String()
		case seenFingerprint:
			s.Fingerprint = f.Uint()
		}
	}
	from.Inherit(&f)
}

func readLine(l *ledger.Line, from *wire.Reader) {
	f := from.Message()
	for f.Next() {
		switch f.Number() {
		case lineSeq:
			l.Seq = f.Int()
		case lineEvent:
			l.EventID = f.String()
		case lineType:
			l.Type = payment.Type(f.Uint())
		case lineVerdict:
			l.Verdict = ledger.Verdict(f.Uint())
		case lineReason:
			l.Reason = payment.Reason(f.String())
		case lineNetBefore:
			l.NetBefore = f.Int()
		case lineNetAfter:
			l.NetAfter = f.Int()
		case lineAt:
			l.At = instant.Milli(f.Int())
		}
	}
	from.Inherit(&f)
}
