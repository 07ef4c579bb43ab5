package catalog

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts verdicts.
type Metrics struct {
	commands *prometheus.CounterVec
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	return &Metrics{commands: metric.Counters(r, "millrace_catalog_commands_total",
		"Catalog commands by verdict: applied, unchanged, refused, repeated.",
		metric.LabelOf("verdict", append(verdict.Results(), repeated)...))}
}

// repeated stands for the verdict of a command that came before.
const repeated = "repeated"

func (m *Metrics) count(e *catalog.Event) {
	result := string(e.Result)
	if e.Repeated {
		result = repeated
	}
	m.commands.WithLabelValues(result).Inc()
}
