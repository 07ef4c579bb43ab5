package server

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/topology"
)

// Kinds that were withdrawn while tasks of them wait are shown together.
func TestTaskDepthAddsUpOverPartitionsAndKinds(t *testing.T) {
	partitions := []sum.Sums{{}, {}}
	for p, n := range []int64{3, -1} {
		partitions[p].Add(topology.TasksSum("call", "parked"), big.NewInt(n))
		partitions[p].Add(topology.TasksSum("gone", "waiting"), big.NewInt(2))
		partitions[p].Add(topology.TasksSum("lost", "waiting"), big.NewInt(1))
	}
	loaded := false
	d := newTaskDepth(task.Kinds{task.DefaultKind("call")}, topology.New(topology.Config{Partitions: 2, Replication: 1}), &Tables{partitions: 2})
	d.recovered, d.of = func() bool { return loaded }, func(p int32) sum.Sums { return partitions[p] }
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(d)
	if lines := metrictest.Lines(t, r); len(lines) > 0 {
		t.Errorf("while the table is loaded: %q", lines)
	}
	loaded = true
	want := []string{
		"millrace_tasks{kind=call,state=parked} 2", "millrace_tasks{kind=call,state=running} 0", "millrace_tasks{kind=call,state=waiting} 0",
		"millrace_tasks{kind=other,state=parked} 0", "millrace_tasks{kind=other,state=running} 0", "millrace_tasks{kind=other,state=waiting} 6",
	}
	if diff := cmp.Diff(want, metrictest.Lines(t, r)); diff != "" {
		t.Error(diff)
	}
}
