// Package metric holds what the groups share when they register metrics. It is no group: it has no inputs, outputs or
// decisions.
//
// Several groups use one metric name (docs/contract.md#metrics); the label group distinguishes them. One process may
// run several groups, or one group twice. So registering a metric that exists returns the existing one instead of an
// error.
package metric

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Register returns c, registered with r, or the collector that r has under c's names, labels and help. A nil r
// registers nothing: c counts and is not shown. It panics if r has something else under one of the names, which is a
// mistake in the program.
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

// Label is a label of a counter with all the values that it has.
type Label struct {
	Name   string
	Values []string
}

// LabelOf returns a label whose values are words of any type of string.
func LabelOf[S ~string](name string, values ...S) Label {
	l := Label{Name: name}
	for _, v := range values {
		l.Values = append(l.Values, string(v))
	}
	return l
}

// Counters returns a counter that shows 0 for every combination of its labels' values from the start: to Prometheus,
// what is not there yet is not 0, and the first thing counted would be no increase.
func Counters(r prometheus.Registerer, name, help string, labels ...Label) *prometheus.CounterVec {
	names := make([]string, len(labels))
	for i, l := range labels {
		names[i] = l.Name
	}
	c := Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, names))
	begin(c, nil, labels)
	return c
}

func begin(c *prometheus.CounterVec, values []string, rest []Label) {
	if len(rest) == 0 {
		c.WithLabelValues(values...)
		return
	}
	for _, v := range rest[0].Values {
		begin(c, append(values[:len(values):len(values)], v), rest[1:])
	}
}

// Events returns group's part of millrace_events_total, by outcome: 0 for all that there are.
func Events(r prometheus.Registerer, group string, outcomes ...string) *prometheus.CounterVec {
	return Counters(r, "millrace_events_total", "Transaction events by group and what became of them.",
		Label{"group", []string{group}}, Label{"outcome", outcomes}).MustCurryWith(prometheus.Labels{"group": group})
}

// Duplicates returns group's part of millrace_duplicates_total.
func Duplicates(r prometheus.Registerer, group string) prometheus.Counter {
	return Counters(r, "millrace_duplicates_total", "Duplicate records dropped, by group.",
		Label{"group", []string{group}}).WithLabelValues(group)
}
