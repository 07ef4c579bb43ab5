// Package metrictest reads what a registry shows, for the tests of groups.
package metrictest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Lines returns what g shows of counters and gauges, as name{label=value,…} value, in order.
func Lines(t testing.TB, g prometheus.Gatherer) []string {
	t.Helper()
	var lines []string
	each(t, g, func(name string, _ []*dto.LabelPair, m *dto.Metric) {
		lines = append(lines, fmt.Sprintf("%s %v", name, m.GetCounter().GetValue()+m.GetGauge().GetValue()))
	})
	return lines
}

// Moved returns the Lines whose value is not 0.
func Moved(t testing.TB, g prometheus.Gatherer) []string {
	t.Helper()
	return slices.DeleteFunc(Lines(t, g), func(line string) bool { return strings.HasSuffix(line, " 0") })
}

// EndToEnd checks that one result of the group is measured from payment to result, and that it took so many seconds.
func EndToEnd(t testing.TB, g prometheus.Gatherer, group string, seconds float64) {
	t.Helper()
	shown := false
	each(t, g, func(name string, labels []*dto.LabelPair, m *dto.Metric) {
		if !strings.HasPrefix(name, "millrace_end_to_end_seconds{") || shown {
			return
		}
		shown = true
		if labels[0].GetValue() != group || m.GetHistogram().GetSampleCount() != 1 ||
			m.GetHistogram().GetSampleSum() != seconds {
			t.Errorf("%v, want one of group %s that took %g s", m, group, seconds)
		}
	})
	if !shown {
		t.Error("no histogram")
	}
}

func each(t testing.TB, g prometheus.Gatherer, f func(name string, labels []*dto.LabelPair, m *dto.Metric)) {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			name := family.GetName()
			if len(labels) > 0 {
				name += "{" + strings.Join(labels, ",") + "}"
			}
			f(name, m.GetLabel(), m)
		}
	}
}

// Known fails the test if g shows a counter that was not there, as 0, when its group began: one that register
// registers. Labels whose values input brings, such as currencies and modes, are left out.
func Known(t testing.TB, g prometheus.Gatherer, register func(prometheus.Registerer)) {
	t.Helper()
	fresh := prometheus.NewRegistry()
	register(fresh)
	known := map[string]bool{}
	each(t, fresh, func(name string, _ []*dto.LabelPair, m *dto.Metric) { known[name] = true })
	each(t, g, func(name string, labels []*dto.LabelPair, m *dto.Metric) {
		brought := slices.ContainsFunc(labels, func(l *dto.LabelPair) bool {
			return slices.Contains(Brought(), l.GetName())
		})
		if m.GetCounter() != nil && !brought && !known[name] {
			t.Errorf("%s is not 0 from the start: it is not there", name)
		}
	})
}

// Brought returns the labels whose values input brings.
func Brought() []string { return []string{"currency", "mode"} }
