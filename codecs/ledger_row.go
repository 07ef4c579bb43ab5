package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

const ledgerRowVersion = 2

// Fields of a ledger row.
const (
	ledgerRowFacts = iota + 1
	ledgerRowOrigin
	ledgerRowStatus
	ledgerRowStatusAt
	ledgerRowReversal
	ledgerRowWaiting // an event, as its own codec writes it
	ledgerRowSeen
	ledgerRowLine
	ledgerRowJournalSeq
	ledgerRowPostingSeq
	_ // 11 to 13 and 15: of the time when a transaction had one attempt
	_
	_
	ledgerRowLastAt
	_
	ledgerRowPlace   // the difference from the facts and status_at, so after them
	ledgerRowPending // the difference from the facts and the origin, so after them
)

// Fields of a row's reversal.
const (
	ledgerReversalID = iota + 1
	ledgerReversalEvent
	ledgerReversalStatus
	ledgerReversalAt
	ledgerReversalAmount
)

// Fields of an event id taken.
const (
	ledgerSeenID = iota + 1
	ledgerSeenFingerprint
)

// Fields of a journal line.
const (
	ledgerLineSeq = iota + 1
	ledgerLineEvent
	ledgerLineType
	ledgerLineVerdict
	ledgerLineReason
	ledgerLineNetBefore
	ledgerLineNetAfter
	ledgerLineAt
)

// LedgerRow is the codec of the ledger's table.
type LedgerRow struct{}

// Encode returns r in binary. It fails only if a waiting event cannot be encoded.
func (LedgerRow) Encode(r *ledger.Row) ([]byte, error) {
	w := wire.NewWriter(ledgerRowVersion, 256+32*len(r.Events)+48*len(r.Journal)+48*len(r.Reversals))
	w.Message(ledgerRowFacts, func(w *wire.Writer) { writeFacts(w, &r.Facts) })
	w.Message(ledgerRowOrigin, func(w *wire.Writer) { writeOrigin(w, &r.Origin) })
	w.Uint(ledgerRowStatus, uint64(r.Status))
	w.Int(ledgerRowStatusAt, int64(r.StatusAt))
	for i := range r.Reversals {
		w.Message(ledgerRowReversal, func(w *wire.Writer) { writeLedgerReversal(w, &r.Reversals[i]) })
	}
	for _, e := range r.Waiting {
		raw, err := Event{}.Encode(e)
		if err != nil {
			return nil, fmt.Errorf("waiting event: %w", err)
		}
		w.Bytes(ledgerRowWaiting, raw)
	}
	for i := range r.Events {
		w.Message(ledgerRowSeen, func(w *wire.Writer) {
			w.String(ledgerSeenID, r.Events[i].ID)
			w.Fixed64(ledgerSeenFingerprint, r.Events[i].Fingerprint)
		})
	}
	for i := range r.Journal {
		w.Message(ledgerRowLine, func(w *wire.Writer) { writeLedgerLine(w, &r.Journal[i]) })
	}
	w.Int(ledgerRowJournalSeq, r.JournalSeq)
	w.Int(ledgerRowPostingSeq, r.PostingSeq)
	w.Int(ledgerRowLastAt, int64(r.LastAt))
	for i := range r.Places {
		w.Message(ledgerRowPlace, func(w *wire.Writer) { writeLedgerPlace(w, &r.Places[i], r) })
	}
	for i := range r.Pending {
		w.Message(ledgerRowPending, func(w *wire.Writer) { writeLedgerPending(w, &r.Pending[i], r) })
	}
	return w.B, nil
}

func writeLedgerReversal(w *wire.Writer, v *ledger.Reversal) {
	w.String(ledgerReversalID, v.ID)
	w.String(ledgerReversalEvent, v.EventID)
	w.Uint(ledgerReversalStatus, uint64(v.Status))
	w.Int(ledgerReversalAt, int64(v.At))
	w.Int(ledgerReversalAmount, v.AmountMinor)
}

func writeLedgerLine(w *wire.Writer, l *ledger.Line) {
	w.Int(ledgerLineSeq, l.Seq)
	w.String(ledgerLineEvent, l.EventID)
	w.Uint(ledgerLineType, uint64(l.Type))
	w.Uint(ledgerLineVerdict, uint64(l.Verdict))
	w.String(ledgerLineReason, string(l.Reason))
	w.Int(ledgerLineNetBefore, l.NetBefore)
	w.Int(ledgerLineNetAfter, l.NetAfter)
	w.Int(ledgerLineAt, int64(l.At))
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
	case ledgerRowFacts:
		readFacts(&r.Facts, f)
	case ledgerRowOrigin:
		decodeEventOrigin(&r.Origin, f)
	case ledgerRowStatus:
		r.Status = payment.Status(f.Uint())
	case ledgerRowStatusAt:
		r.StatusAt = instant.Milli(f.Int())
	case ledgerRowReversal:
		r.Reversals = append(r.Reversals, ledger.Reversal{})
		readLedgerReversal(&r.Reversals[len(r.Reversals)-1], f)
	case ledgerRowWaiting:
		e, err := Event{}.Decode(f.Bytes())
		if err != nil {
			return fmt.Errorf("waiting event: %w", err)
		}
		r.Waiting = append(r.Waiting, e)
	case ledgerRowSeen:
		r.Events = append(r.Events, ledger.Seen{})
		readLedgerSeen(&r.Events[len(r.Events)-1], f)
	case ledgerRowLine:
		r.Journal = append(r.Journal, ledger.Line{})
		readLedgerLine(&r.Journal[len(r.Journal)-1], f)
	case ledgerRowJournalSeq:
		r.JournalSeq = f.Int()
	case ledgerRowPostingSeq:
		r.PostingSeq = f.Int()
	case ledgerRowLastAt:
		r.LastAt = instant.Milli(f.Int())
	case ledgerRowPlace:
		r.Places = append(r.Places, ledger.Place{})
		readLedgerPlace(&r.Places[len(r.Places)-1], r, f)
	case ledgerRowPending:
		r.Pending = append(r.Pending, ledger.Pending{})
		readLedgerPending(&r.Pending[len(r.Pending)-1], r, f)
	}
	return nil
}

func readLedgerReversal(v *ledger.Reversal, from *wire.Reader) {
	f := from.Message()
	for f.Next() {
		switch f.Number() {
		case ledgerReversalID:
			v.ID = f.String()
		case ledgerReversalEvent:
			v.EventID = f.String()
		case ledgerReversalStatus:
			v.Status = payment.Status(f.Uint())
		case ledgerReversalAt:
			v.At = instant.Milli(f.Int())
		case ledgerReversalAmount:
			v.AmountMinor = f.Int()
		}
	}
	from.Inherit(&f)
}

func readLedgerSeen(s *ledger.Seen, from *wire.Reader) {
	f := from.Message()
	for f.Next() {
		switch f.Number() {
		case ledgerSeenID:
			s.ID = f.String()
		case ledgerSeenFingerprint:
			s.Fingerprint = f.Uint()
		}
	}
	from.Inherit(&f)
}

func readLedgerLine(l *ledger.Line, from *wire.Reader) {
	f := from.Message()
	for f.Next() {
		switch f.Number() {
		case ledgerLineSeq:
			l.Seq = f.Int()
		case ledgerLineEvent:
			l.EventID = f.String()
		case ledgerLineType:
			l.Type = payment.Type(f.Uint())
		case ledgerLineVerdict:
			l.Verdict = ledger.Verdict(f.Uint())
		case ledgerLineReason:
			l.Reason = payment.Reason(f.String())
		case ledgerLineNetBefore:
			l.NetBefore = f.Int()
		case ledgerLineNetAfter:
			l.NetAfter = f.Int()
		case ledgerLineAt:
			l.At = instant.Milli(f.Int())
		}
	}
	from.Inherit(&f)
}
