package catalog

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts verdicts.
type Metrics struct {
	commands *prometheus.CounterVec
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{commands: metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_catalog_commands_total", Help: "Catalog commands by verdict: applied, unchanged, refused, repeated.",
	}, []string{"verdict"}))}
	for _, verdict := range []string{string(catalog.Applied), string(catalog.Unchanged), string(catalog.Refused), repeated} {
		m.commands.WithLabelValues(verdict) // 0 from the start, for a rate to rise from
	}
	return m
}

// repeated is the verdict on a command that was judged before.
const repeated = "repeated"

func (m *Metrics) count(e *catalog.Event) {
	verdict := string(e.Result)
	if e.Repeated {
		verdict = repeated
	}
	m.commands.WithLabelValues(verdict).Inc()
}
