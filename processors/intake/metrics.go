package intake

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/payment"
)

// Metrics counts what intake lets through. Refused records are counted by the transport (millrace_dead_letters_total).
type Metrics struct {
	accepted  prometheus.Counter
	fallbacks prometheus.Counter
}

// NewMetrics registers the metrics of the group.
func NewMetrics(r prometheus.Registerer) *Metrics {
	transactions := register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_transactions_total", Help: "Transaction events by group and what became of them.",
	}, []string{"group", "outcome"}))
	fallbacks := register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_time_fallbacks_total", Help: "Events whose updated_at was missing or no time and is their record's timestamp.",
	}, []string{"group"}))
	return &Metrics{accepted: transactions.WithLabelValues("intake", "accepted"), fallbacks: fallbacks.WithLabelValues("intake")}
}

func (m *Metrics) took(n payment.Normalised) {
	m.accepted.Inc()
	if n.TimeFallback {
		m.fallbacks.Inc()
	}
}

// register returns the collector of that name which another group of the process has registered, if there is one: the
// contract gives several groups one metric.
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
