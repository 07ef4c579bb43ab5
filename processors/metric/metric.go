// Package metric is what the groups have in common when they register their metrics. It is no group: it reads and writes
// nothing, and holds no decisions.
//
// CONTRACT gives several groups one metric name, told apart by the label group, and one process may run several groups, or
// one group twice. So a metric that is registered already is shared, not an error.
package metric

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Register returns c, registered with r, or the collector that r has under c's names, labels and help. A nil r registers
// nothing: c counts and is not shown. It panics if r has something else under one of the names, which is a mistake in the
// program.
func Register[C prometheus.Collector](r prometheus.Registerer, c C) C {
	if r == nil {
		return c
	}
	err := r.Register(c)
	if err == nil {
		return c
	}
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		if v, ok := there.ExistingCollector.(C); ok {
			return v
		}
	}
	panic(err)
}

// Events returns group's part of millrace_events_total, by outcome.
func Events(r prometheus.Registerer, group string) *prometheus.CounterVec {
	return Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_events_total", Help: "Transaction events by group and what became of them.",
	}, []string{"group", "outcome"})).MustCurryWith(prometheus.Labels{"group": group})
}

// Duplicates returns group's part of millrace_duplicates_total.
func Duplicates(r prometheus.Registerer, group string) prometheus.Counter {
	return Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_duplicates_total", Help: "Duplicate records dropped, by group.",
	}, []string{"group"})).WithLabelValues(group)
}
