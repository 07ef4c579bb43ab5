package ledger

import (
	"fmt"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

const ledgerRowVersion = 2

// Row is the codec of the ledger's table.
type Row struct{}

// Encode returns r in binary; it never fails.
func (Row) Encode(r *ledger.Row) ([]byte, error) {
	f := wire.Writing(ledgerRowVersion, 256+32*len(r.Events)+48*len(r.Journal)+48*len(r.Reversals))
	ledgerRowFields(&f, r)
	return f.Body(), nil
}

// Decode reads what Encode wrote. All texts of the row share one string: rows are decoded for one callback and dropped.
func (Row) Decode(b []byte) (*ledger.Row, error) {
	r := &ledger.Row{}
	f := wire.Reading(b, ledgerRowVersion)
	for f.Next() {
		ledgerRowFields(&f, r)
	}
	return wire.Decoded(r, "ledger row", &f)
}

// ledgerRowFields has the facts, the origin and status_at before what is written as the difference from them. Numbers
// 11 to 13 and 15 are of the time when a transaction had one attempt.
func ledgerRowFields(f *wire.Fields, r *ledger.Row) {
	for range f.Message(1) {
		factsFields(f, &r.Facts)
	}
	for range f.Message(2) {
		paymentcodec.OriginFields(f, &r.Origin)
	}
	f.Byte(3, (*uint8)(&r.Status))
	f.Int(4, (*int64)(&r.StatusAt))
	for v := range wire.Each(f, 5, &r.Reversals) {
		f.Text(1, &v.ID)
		f.Text(2, &v.EventID)
		f.Byte(3, (*uint8)(&v.Status))
		f.Int(4, (*int64)(&v.At))
		f.Int(5, &v.AmountMinor)
	}
	waitingField(f, 6, &r.Waiting)
	for s := range wire.Each(f, 7, &r.Events) {
		f.Text(1, &s.ID)
		f.Fixed64(2, &s.Fingerprint)
	}
	for l := range wire.Each(f, 8, &r.Journal) {
		lineFields(f, l)
	}
	f.Int(9, &r.JournalSeq)
	f.Int(10, &r.PostingSeq)
	f.Int(14, (*int64)(&r.LastAt))
	for p := range wire.Elements(f, 16, &r.Places) {
		placeField(f, 16, p, r)
	}
	for p := range wire.Elements(f, 17, &r.Pending) {
		if !f.Writes() {
			p.Origin, p.Cause = r.Origin, ledger.Cause{Facts: r.Facts}
		}
		for range f.Message(17) {
			pendingFields(f, p, r)
		}
	}
}

func lineFields(f *wire.Fields, l *ledger.Line) {
	f.Int(1, &l.Seq)
	f.Text(2, &l.EventID)
	f.Byte(3, (*uint8)(&l.Type))
	f.Byte(4, (*uint8)(&l.Verdict))
	f.Text(5, (*string)(&l.Reason))
	f.Int(6, &l.NetBefore)
	f.Int(7, &l.NetAfter)
	f.Int(8, (*int64)(&l.At))
}

// waitingField is a list of events, each as its own codec writes it.
func waitingField(f *wire.Fields, n wire.Number, list *[]*payment.Event) {
	if f.Writes() {
		for _, e := range *list {
			for range f.Message(n) {
				f.Raw([]byte{paymentcodec.EventVersion})
				paymentcodec.Fields(f, e)
			}
		}
	}
	for raw := []byte(nil); f.At(n); {
		f.Packed(n, &raw)
		e, err := paymentcodec.Event{}.Decode(raw)
		if err != nil {
			f.Fail(fmt.Errorf("waiting event: %w", err))
		}
		*list = append(*list, e)
	}
}
