package workload

import "github.com/millrace/millrace/codecs/wire"

func (e *Event) write(w *wire.Writer) {
	w.String(1, e.ID)
	w.Bool(2, e.Reversal)
	w.String(3, e.Transaction)
	w.String(4, e.User)
	w.Int(5, e.Amount)
	w.String(6, e.Currency)
	w.String(7, e.Status)
	w.String(8, e.Mode)
	w.String(9, e.Instrument)
	w.String(10, e.Gateway)
	w.String(11, e.Merchant)
	w.String(12, e.Category)
	w.String(13, e.Decline)
	w.Int(14, e.Latency)
	w.Int(15, e.Created)
	w.Int(16, e.Updated)
}

func (e *Event) read(r *wire.Reader) {
	for r.Next() {
		switch r.Number() {
		case 1:
			e.ID = r.String()
		case 2:
			e.Reversal = r.Uint() != 0
		case 3:
			e.Transaction = r.String()
		case 4:
			e.User = r.String()
		case 5:
			e.Amount = r.Int()
		case 6:
			e.Currency = r.String()
		case 7:
			e.Status = r.String()
		case 8:
			e.Mode = r.String()
		case 9:
			e.Instrument = r.String()
		case 10:
			e.Gateway = r.String()
		case 11:
			e.Merchant = r.String()
		case 12:
			e.Category = r.String()
		case 13:
			e.Decline = r.String()
		case 14:
			e.Latency = r.Int()
		case 15:
			e.Created = r.Int()
		case 16:
			e.Updated = r.Int()
		}
	}
}

func (a *Account) write(w *wire.Writer) {
	w.String(1, a.User)
	w.String(2, a.Currency)
	w.String(3, a.Status)
	w.Int(4, a.Gross)
	w.Int(5, a.Reversed)
	w.Int(6, a.Net)
	w.String(7, a.Mode)
	w.String(8, a.Merchant)
	w.String(9, a.Category)
	w.Int(10, a.Created)
	w.Int(11, a.Updated)
	for _, id := range a.Seen {
		w.Element(12, id)
	}
}

func (a *Account) read(r *wire.Reader) {
	for r.Next() {
		switch r.Number() {
		case 1:
			a.User = r.String()
		case 2:
			a.Currency = r.String()
		case 3:
			a.Status = r.String()
		case 4:
			a.Gross = r.Int()
		case 5:
			a.Reversed = r.Int()
		case 6:
			a.Net = r.Int()
		case 7:
			a.Mode = r.String()
		case 8:
			a.Merchant = r.String()
		case 9:
			a.Category = r.String()
		case 10:
			a.Created = r.Int()
		case 11:
			a.Updated = r.Int()
		case 12:
			a.Seen = append(a.Seen, r.String())
		}
	}
}

func (p *Posting) write(w *wire.Writer) {
	w.String(1, p.Transaction)
	w.String(2, p.User)
	w.String(3, p.Currency)
	w.Int(4, p.Delta)
	w.Int(5, p.Net)
	w.String(6, p.Mode)
	w.String(7, p.Merchant)
	w.String(8, p.Category)
	w.Int(9, p.Created)
	w.Int(10, p.At)
}

func (p *Posting) read(r *wire.Reader) {
	for r.Next() {
		switch r.Number() {
		case 1:
			p.Transaction = r.String()
		case 2:
			p.User = r.String()
		case 3:
			p.Currency = r.String()
		case 4:
			p.Delta = r.Int()
		case 5:
			p.Net = r.Int()
		case 6:
			p.Mode = r.String()
		case 7:
			p.Merchant = r.String()
		case 8:
			p.Category = r.String()
		case 9:
			p.Created = r.Int()
		case 10:
			p.At = r.Int()
		}
	}
}

func (t *Total) write(w *wire.Writer) {
	w.String(1, t.Currency)
	w.Int(2, t.Sum)
	w.Int(3, t.Postings)
	w.Int(4, t.First)
	w.Int(5, t.Last)
}

func (t *Total) read(r *wire.Reader) {
	for r.Next() {
		switch r.Number() {
		case 1:
			t.Currency = r.String()
		case 2:
			t.Sum = r.Int()
		case 3:
			t.Postings = r.Int()
		case 4:
			t.First = r.Int()
		case 5:
			t.Last = r.Int()
		}
	}
}
