package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/topology"
)

// otherKind stands for kinds that the deployment does not declare, or no more.
const otherKind = "other"

// taskDepth shows how many tasks have not ended, as the sums beside the rows of tasks say: exact, also after a restart.
// A deployment with several servers shows it several times.
type taskDepth struct {
	desc  *prometheus.Desc
	kinds []string
	tableSums
}

func newTaskDepth(kinds task.Kinds, t *topology.Topology, tables *Tables) *taskDepth {
	return &taskDepth{
		desc: prometheus.NewDesc("millrace_tasks",
			"Tasks that have not ended, by kind and state. A parked task, snoozed or held ones too, holds its key up.",
			[]string{"kind", "state"}, nil),
		kinds: kinds.Names(), tableSums: tables.sums(t.TaskQueues.Name),
	}
}

// Describe implements prometheus.Collector.
func (d *taskDepth) Describe(c chan<- *prometheus.Desc) { c <- d.desc }

// Collect implements prometheus.Collector. While the table is loaded there is nothing to show.
func (d *taskDepth) Collect(c chan<- prometheus.Metric) {
	all, loaded := d.total()
	if !loaded {
		return
	}
	type series struct{ kind, state string }
	depth := map[series]float64{}
	for _, state := range task.OpenStates() {
		for _, kind := range append(d.kinds, otherKind) {
			depth[series{kind, state}] = 0
		}
	}
	for name := range all {
		kind, state, ok := topology.TasksIn(name)
		if !ok {
			continue
		}
		if _, declared := depth[series{kind, state}]; !declared {
			kind = otherKind
		}
		n, _ := all.Of(name).Float64()
		depth[series{kind, state}] += n
	}
	for s, n := range depth {
		c <- prometheus.MustNewConstMetric(d.desc, prometheus.GaugeValue, n, s.kind, s.state)
	}
}
