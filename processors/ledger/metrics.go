package ledger

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts money and verdicts. Per currency, settled - reversed + returned is the sum of all net amounts.
type Metrics struct {
	settled    *metric.Money
	reversed   *metric.Money
	returned   *metric.Money
	outcomes   *prometheus.CounterVec
	duplicates prometheus.Counter
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
// millrace_events_total counts verdicts: a reversal that waits and is then judged has two.
func NewMetrics(r prometheus.Registerer) *Metrics {
	money := func(name, help string) *metric.Money { return metric.Register(r, metric.NewMoneyCounter(name, help)) }
	return &Metrics{
		settled:  money("millrace_ledger_settled_minor_total", "Money of settled payments, in minor units."),
		reversed: money("millrace_ledger_reversed_minor_total", "Money taken back by reversals, in minor units."),
		returned: money("millrace_ledger_returned_minor_total",
			"Money given back by reversals that failed later, in minor units."),
		outcomes:   metric.Events(r, "ledger", verdicts()...),
		duplicates: metric.Duplicates(r, "ledger"),
	}
}

func verdicts() []string {
	var words []string
	for v := ledger.Applied; v <= ledger.Rejected; v++ {
		words = append(words, v.String())
	}
	return words
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
	by := p.NetAfter - p.NetBefore
	for _, all := range []*metric.Money{m.settled, m.reversed, m.returned} {
		all.Add(p.Currency, 0) // what is not there says less than 0
	}
	switch p.Kind {
	case ledger.PaymentSettled:
		m.settled.Add(p.Currency, by)
	case ledger.PaymentReversed:
		m.reversed.Add(p.Currency, -by)
	case ledger.ReversalReturned:
		m.returned.Add(p.Currency, by)
	}
}
