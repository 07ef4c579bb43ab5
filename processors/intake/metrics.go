package intake

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts what intake lets through. Refused records are counted by the transport (millrace_dead_letters_total).
type Metrics struct {
	accepted  prometheus.Counter
	fallbacks prometheus.Counter
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	fallbacks := metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_time_fallbacks_total",
		Help: "Events whose updated_at was missing or no time and is their record's timestamp.",
	}, []string{"group"}))
	return &Metrics{
		accepted:  metric.Events(r, "intake").WithLabelValues("accepted"),
		fallbacks: fallbacks.WithLabelValues("intake"),
	}
}

func (m *Metrics) count(n payment.Normalised) {
	m.accepted.Inc()
	if n.TimeFallback {
		m.fallbacks.Inc()
	}
}
