package deadletters

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts what the group passes over.
type Metrics struct{ strange, replayed prometheus.Counter }

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	return &Metrics{strange: metric.Register(r, prometheus.NewCounter(prometheus.CounterOpts{
		Name: "millrace_dead_letters_strange_total",
		Help: "Records of the topics of dead letters that Millrace did not write.",
	})), replayed: metric.Register(r, prometheus.NewCounter(prometheus.CounterOpts{
		Name: "millrace_dead_letters_replayed_total", Help: "Dead letters whose record was sent again.",
	}))}
}
