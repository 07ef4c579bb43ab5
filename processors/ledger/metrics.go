package ledger

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/ledger"
)

// Metrics counts money and verdicts. Per currency, settled - reversed + returned is the sum of all net amounts.
type Metrics struct {
	settled    *prometheus.CounterVec
	reversed   *prometheus.CounterVec
	returned   *prometheus.CounterVec
	outcomes   *prometheus.CounterVec
	duplicates prometheus.Counter
}

// NewMetrics registers the metrics of the group. millrace_transactions_total counts verdicts: a reversal that waits and is
// then judged has two.
func NewMetrics(r prometheus.Registerer) *Metrics {
	money := func(name, help string) *prometheus.CounterVec {
		return register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"currency"}))
	}
	// Several groups of one process share these two, so names, help and labels must be the same in each.
	outcomes := register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_transactions_total", Help: "Transaction events by group and what became of them.",
	}, []string{"group", "outcome"}))
	duplicates := register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_duplicates_total", Help: "Duplicate records dropped, by group.",
	}, []string{"group"}))
	return &Metrics{
		settled:    money("millrace_ledger_settled_minor_total", "Money of settled payments, in minor units."),
		reversed:   money("millrace_ledger_reversed_minor_total", "Money taken back by reversals, in minor units."),
		returned:   money("millrace_ledger_returned_minor_total", "Money given back by reversals that failed later, in minor units."),
		outcomes:   outcomes.MustCurryWith(prometheus.Labels{"group": "ledger"}),
		duplicates: duplicates.WithLabelValues("ledger"),
	}
}

func (m *Metrics) count(effect ledger.Effect) {
	switch e := effect.(type) {
	case ledger.Posted:
		m.post(e.Posting)
	case ledger.Journalled:
		m.outcomes.WithLabelValues(e.Entry.Verdict.String()).Inc()
		if e.Entry.Verdict == ledger.Duplicate {
			m.duplicates.Inc()
		}
	}
}

func (m *Metrics) post(p *ledger.Posting) {
	by := float64(p.NetAfter - p.NetBefore)
	switch p.Kind {
	case ledger.PaymentSettled:
		m.settled.WithLabelValues(p.Currency).Add(by)
	case ledger.PaymentReversed:
		m.reversed.WithLabelValues(p.Currency).Add(-by)
	case ledger.ReversalReturned:
		m.returned.WithLabelValues(p.Currency).Add(by)
	}
}

// register returns the collector of that name which another group of the process has registered, if there is one.
func register(r prometheus.Registerer, c *prometheus.CounterVec) *prometheus.CounterVec {
	var there prometheus.AlreadyRegisteredError
	switch err := r.Register(c); {
	case err == nil:
		return c
	case errors.As(err, &there):
		if v, ok := there.ExistingCollector.(*prometheus.CounterVec); ok {
			return v
		}
		panic(err)
	default:
		panic(err) // a clash of metric names is a mistake in the program
	}
}
