package metric_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/processors/metric"
)

// shown returns what r shows: name, labels and value of each counter.
func shown(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue()
		}
	}
	return got
}

func TestGroupsShareTheirMetrics(t *testing.T) {
	r := prometheus.NewRegistry()
	for _, group := range []string{"intake", "ledger", "ledger"} {
		metric.Events(r, group).WithLabelValues("applied").Inc()
		metric.Duplicates(r, group).Inc()
	}
	want := map[string]float64{
		"millrace_events_total group=intake outcome=applied": 1, "millrace_events_total group=ledger outcome=applied": 2,
		"millrace_duplicates_total group=intake": 1, "millrace_duplicates_total group=ledger": 2,
	}
	got := shown(t, r)
	if len(got) != len(want) {
		t.Errorf("shown: %v", got)
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s: %v, want %v", name, got[name], n)
		}
	}
}

func TestRegister(t *testing.T) {
	r := prometheus.NewRegistry()
	gauge := func() prometheus.Gauge { return prometheus.NewGauge(prometheus.GaugeOpts{Name: "x", Help: "y"}) }
	first := metric.Register(r, gauge())
	if metric.Register(r, gauge()) != first {
		t.Error("a second gauge of that name is not the first")
	}
	if alone := gauge(); metric.Register(nil, alone) != alone {
		t.Error("without a registerer a metric is not itself")
	}
	for name, clash := range map[string]func(){
		"other help": func() { metric.Register(r, prometheus.NewGauge(prometheus.GaugeOpts{Name: "x", Help: "z"})) },
		"other kind": func() { metric.Register(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "x", Help: "y"}, nil)) },
	} {
		if !panics(clash) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
