package deadletters

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what the group passes over.
type Metrics struct{ strange prometheus.Counter }

// NewMetrics registers the metrics of the group.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{strange: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "millrace_dead_letters_strange_total", Help: "Records of the dead-letters topic that Millrace did not write.",
	})}
	r.MustRegister(m.strange)
	return m
}
