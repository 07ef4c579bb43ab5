package catalog

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/catalog"
)

// Metrics counts verdicts.
type Metrics struct {
	commands *prometheus.CounterVec
}

// NewMetrics registers the metrics of the group.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{commands: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_catalog_commands_total", Help: "Catalog commands by verdict: applied, unchanged, refused, repeated.",
	}, []string{"verdict"})}
	r.MustRegister(m.commands)
	return m
}

func (m *Metrics) count(e *catalog.Event) {
	verdict := string(e.Result)
	if e.Repeated {
		verdict = "repeated"
	}
	m.commands.WithLabelValues(verdict).Inc()
}
