package oracle

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// recall is what a row remembers of payments. It is a function of the postings alone, in their order.
type recall struct {
	bounds   Bounds
	payments []*paid  // by mark: created_at, then id
	frontier mark     // payments up to here are remembered no more
	old      []answer // last postings of such payments, the latest last
	latest   instant.Milli
	lossy    bool // something was forgotten, or came when it would have been
}

// paid is a payment with what is left of it.
type paid struct {
	facts *payment.Facts
	seq   int64
	net   int64
}

// mark puts payments in order.
type mark struct {
	at instant.Milli
	id string
}

func markOf(f *payment.Facts) mark { return mark{f.CreatedAt, f.TransactionID} }

// reaches tells whether n is not behind m.
func (m mark) reaches(n mark) bool { return n.at < m.at || n.at == m.at && n.id <= m.id }

type answer struct {
	id  string
	seq int64
}

func (r *recall) forgotten(f *payment.Facts) bool { return r.frontier.reaches(markOf(f)) }

func (r *recall) find(f *payment.Facts) *paid {
	for _, p := range slices.Backward(r.payments) { // most are among the latest
		if p.facts.TransactionID == f.TransactionID && p.facts.CreatedAt == f.CreatedAt {
			return p
		}
	}
	return nil
}

// seen reports whether a posting was recorded before.
func (r *recall) seen(m Movement) bool {
	if p := r.find(m.Facts); p != nil {
		return m.Seq <= p.seq
	}
	return slices.ContainsFunc(r.old, func(a answer) bool { return a.id == m.Facts.TransactionID && m.Seq <= a.seq })
}

// record records a posting.
func (r *recall) record(m Movement) {
	r.latest = max(r.latest, m.At)
	if r.forgotten(m.Facts) {
		r.lossy = true
		r.keep(answer{m.Facts.TransactionID, m.Seq})
		return
	}
	if p := r.find(m.Facts); p != nil {
		p.seq, p.net = m.Seq, m.After
		return
	}
	at := len(r.payments)
	for at > 0 && markOf(r.payments[at-1].facts).reaches(markOf(m.Facts)) {
		at--
	}
	r.payments = slices.Insert(r.payments, at, &paid{m.Facts, m.Seq, m.After})
}

func (r *recall) keep(a answer) {
	r.old = append(slices.DeleteFunc(r.old, func(b answer) bool { return a.id == b.id }), a)
	if len(r.old) > r.bounds.Old {
		r.old = slices.Delete(r.old, 0, len(r.old)-r.bounds.Old)
	}
}

// due returns the payments that will be forgotten next, the oldest first: more than the horizon before the latest
// created_at, which a payment made in the future does not move beyond the latest event time; and those that are too
// many.
func (r *recall) due() []*paid {
	n := 0
	for n < len(r.payments) && r.payments[n].facts.CreatedAt < r.edge() {
		n++
	}
	return r.payments[:max(n, len(r.payments)-r.bounds.Payments)]
}

func (r *recall) edge() instant.Milli {
	return min(r.payments[len(r.payments)-1].facts.CreatedAt, r.latest) - r.bounds.Horizon
}

// forget forgets what is due.
func (r *recall) forget() {
	if len(r.payments) == 0 {
		return
	}
	gone, edge := r.due(), r.edge()
	for _, p := range gone {
		r.lossy = true
		r.keep(answer{p.facts.TransactionID, p.seq})
		r.frontier = markOf(p.facts)
	}
	r.payments = r.payments[len(gone):]
	if !r.frontier.reaches(mark{at: edge}) {
		r.frontier = mark{at: edge}
	}
}

// spread is an upper bound for the windows in which remembered payments lie: no day is shorter than 22 hours.
func (r *recall) spread() int {
	n := len(r.payments)
	if n == 0 {
		return 0
	}
	days := (r.payments[n-1].facts.CreatedAt - r.payments[0].facts.CreatedAt) / (22 * 3_600_000)
	return min(n, int(days)+2)
}
