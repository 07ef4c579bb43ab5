package workload

import "github.com/millrace/millrace/codecs/wire"

func (e *Event) fields(f *wire.Fields) {
	f.Text(1, &e.ID)
	f.Bool(2, &e.Reversal)
	f.Text(3, &e.Transaction)
	f.Text(4, &e.User)
	f.Int(5, &e.Amount)
	f.Text(6, &e.Currency)
	f.Text(7, &e.Status)
	f.Text(8, &e.Mode)
	f.Text(9, &e.Instrument)
	f.Text(10, &e.Gateway)
	f.Text(11, &e.Merchant)
	f.Text(12, &e.Category)
	f.Text(13, &e.Decline)
	f.Int(14, &e.Latency)
	f.Int(15, &e.Created)
	f.Int(16, &e.Updated)
}

func (a *Account) fields(f *wire.Fields) {
	f.Text(1, &a.User)
	f.Text(2, &a.Currency)
	f.Text(3, &a.Status)
	f.Int(4, &a.Gross)
	f.Int(5, &a.Reversed)
	f.Int(6, &a.Net)
	f.Text(7, &a.Mode)
	f.Text(8, &a.Merchant)
	f.Text(9, &a.Category)
	f.Int(10, &a.Created)
	f.Int(11, &a.Updated)
	f.Texts(12, &a.Seen)
}

func (p *Posting) fields(f *wire.Fields) {
	f.Text(1, &p.Transaction)
	f.Text(2, &p.User)
	f.Text(3, &p.Currency)
	f.Int(4, &p.Delta)
	f.Int(5, &p.Net)
	f.Text(6, &p.Mode)
	f.Text(7, &p.Merchant)
	f.Text(8, &p.Category)
	f.Int(9, &p.Created)
	f.Int(10, &p.At)
}

func (t *Total) fields(f *wire.Fields) {
	f.Text(1, &t.Currency)
	f.Int(2, &t.Sum)
	f.Int(3, &t.Postings)
	f.Int(4, &t.First)
	f.Int(5, &t.Last)
}
