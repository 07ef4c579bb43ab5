package budget

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts verdicts, what becomes of reservations, and gift codes.
type Metrics struct {
	verdicts    *prometheus.CounterVec
	settlements *prometheus.CounterVec
	codes       *prometheus.CounterVec
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
	}
	return &Metrics{
		verdicts:    counter("millrace_budget_verdicts_total", "Outcomes by the budget's verdict, and why it was exhausted.", "verdict", "reason"),
		settlements: counter("millrace_budget_settlements_total", "Reservations by what became of them: returned, spent, recovered.", "movement"),
		codes:       counter("millrace_pool_codes_total", "Gift codes by what happened: stocked, duplicate, returned, drawn.", "outcome"),
	}
}

func (m *Metrics) allotted(a *budget.Allotment) {
	m.verdicts.WithLabelValues(string(a.Verdict), a.Reason).Inc()
	if a.Code != "" {
		m.codes.WithLabelValues("drawn").Inc()
	}
}

func (m *Metrics) settled(r *budget.Return) { m.settlements.WithLabelValues(string(r.Movement)).Inc() }

func (m *Metrics) moved(v *budget.Move) {
	switch v.Step {
	case budget.StepStock:
		m.codes.WithLabelValues("stocked").Add(float64(len(v.Codes)))
		m.codes.WithLabelValues("duplicate").Add(float64(v.Duplicates))
	case budget.StepRestock:
		m.codes.WithLabelValues("returned").Add(float64(len(v.Codes)))
	case budget.StepDraw, budget.StepTake, budget.StepRelease, budget.StepCheck, budget.StepShelve:
	}
}
