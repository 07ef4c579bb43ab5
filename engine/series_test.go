package engine

import (
	"maps"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// partitionsOf returns by metric the partitions of which a process shows a gauge.
func partitionsOf(t *testing.T, r *prometheus.Registry) map[string]map[string]bool {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]bool{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetGauge() == nil {
				continue
			}
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if p, ok := labels["partition"]; ok {
				if out[f.GetName()] == nil {
					out[f.GetName()] = map[string]bool{}
				}
				out[f.GetName()][p] = true
			}
		}
	}
	return out
}

// Of a partition one process shows gauges, and after a rebalance that is the one that has it.
func TestRebalanceMovesGauges(t *testing.T) {
	f := newFixture(t)
	registries := [2]*prometheus.Registry{prometheus.NewRegistry(), prometheus.NewRegistry()}
	reached := f.every(500)
	c := f.config()
	c.Metrics = NewMetrics(registries[0])
	first := f.run(c, f.graph())
	<-first.Ready()
	f.writeNumbers(0, 500)
	<-reached
	first.Tick()
	if all := partitionsOf(t, registries[0]); len(all["millrace_consumer_lag_records"]) != testPartitions || len(all["millrace_table_restore_lag_records"]) != testPartitions {
		t.Fatalf("alone it shows %v", all)
	}
	c = f.config()
	c.Slot, c.Metrics = "1", NewMetrics(registries[1])
	second := f.run(c, f.graph())
	<-second.Ready()
	<-first.Ready()
	f.writeNumbers(500, 1000)
	<-reached
	first.Tick()
	second.Tick()
	one, two := partitionsOf(t, registries[0]), partitionsOf(t, registries[1])
	for name := range one {
		for p := range one[name] {
			if two[name][p] {
				t.Errorf("%s: both show partition %s", name, p)
			}
		}
		if n := len(one[name]) + len(two[name]); n != testPartitions || len(two[name]) == 0 {
			t.Errorf("%s: of %d partitions one shows %v, the other %v", name, testPartitions, slices.Sorted(maps.Keys(one[name])), slices.Sorted(maps.Keys(two[name])))
		}
	}
	first.stop(t)
	second.stop(t)
	for i, r := range registries {
		if left := partitionsOf(t, r); len(left) > 0 {
			t.Errorf("process %d has ended and shows %v", i, left)
		}
	}
}
