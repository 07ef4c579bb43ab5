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
	m := &Metrics{
		verdicts: metric.Counters(r, "millrace_budget_verdicts_total",
			"Outcomes by the budget's verdict, and why it was exhausted.",
			metric.Label{Name: "verdict"}, metric.Label{Name: "reason"}),
		settlements: metric.Counters(r, "millrace_budget_settlements_total",
			"Reservations by what became of them: returned, spent, recovered.",
			metric.LabelOf("movement", budget.Returned, budget.Spent, budget.Recovered)),
		codes: metric.Counters(r, "millrace_pool_codes_total",
			"Gift codes by what happened: stocked, duplicate, returned, drawn.",
			metric.LabelOf("outcome", codesStocked, codesDuplicate, codesReturned, codesDrawn)),
	}
	m.verdicts.WithLabelValues(string(budget.Reserved), "") // only what is exhausted has reasons
	m.verdicts.WithLabelValues(string(budget.Revoked), "")
	for _, reason := range []string{budget.ReasonBudget, budget.ReasonWinners, budget.ReasonPool} {
		m.verdicts.WithLabelValues(string(budget.Exhausted), reason)
	}
	return m
}

// What happens to gift codes.
const (
	codesStocked   = "stocked"
	codesDuplicate = "duplicate"
	codesReturned  = "returned"
	codesDrawn     = "drawn"
)

func (m *Metrics) allotted(a *budget.Allotment) {
	m.verdicts.WithLabelValues(string(a.Verdict), a.Reason).Inc()
	if a.Code != "" {
		m.codes.WithLabelValues(codesDrawn).Inc()
	}
}

func (m *Metrics) settled(r *budget.Return) { m.settlements.WithLabelValues(string(r.Movement)).Inc() }

func (m *Metrics) moved(v *budget.Move) {
	switch v.Step {
	case budget.StepStock:
		m.codes.WithLabelValues(codesStocked).Add(float64(len(v.Codes)))
		m.codes.WithLabelValues(codesDuplicate).Add(float64(v.Duplicates))
	case budget.StepRestock:
		m.codes.WithLabelValues(codesReturned).Add(float64(len(v.Codes)))
	case budget.StepDraw, budget.StepTake, budget.StepRelease, budget.StepCheck, budget.StepShelve:
	}
}
