package server

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views"
	taskviews "github.com/millrace/millrace/views/task"
)

// taskNeeds shows what the keys of tasks wait for, as the rows of tasks say: exact, also after a restart. Ages are
// reckoned when Prometheus asks, so they grow while nothing happens. A deployment with several servers shows it several
// times.
type taskNeeds struct {
	oldest, keys, behind *prometheus.Desc
	kinds                []string

	recovered func() bool // both tables
	needs     func(now instant.Milli) []taskviews.Needs
	paused    func(kind string) bool
	now       func() time.Time
}

func newTaskNeeds(kinds task.Kinds, t *topology.Topology, tables *Tables, x *views.Indexes) *taskNeeds {
	kind := []string{"kind"}
	queues := tables.Of(t.TaskQueues.Name)
	return &taskNeeds{
		oldest: prometheus.NewDesc("millrace_task_oldest_due_seconds",
			"How long the task has waited that has waited longest for its run to begin, by kind; 0 if none is due. It "+
				"counts from its due time, or from when the run was handed out to workers. Of a paused kind, and of what "+
				"waits behind another task of its key, nothing counts.", kind, nil),
		keys: prometheus.NewDesc("millrace_task_parked_keys",
			"Ordering keys whose first task does not run, by its kind and state: parked, it has failed and is tried again; "+
				"snoozed, it was put off; held, it waits for a decision on its dead letter.", []string{"kind", "state"}, nil),
		behind: prometheus.NewDesc("millrace_task_parked_behind",
			"Tasks that wait behind the first task of a parked key, by the kind of that first task.", kind, nil),
		kinds: kinds.Names(), needs: x.TaskNeeds, now: time.Now,
		recovered: func() bool { return queues.Recovered() && tables.catalog.Recovered() },
		paused: func(kind string) bool {
			value, err := tables.catalog.Get(catalog.Key(catalog.KindTaskPause, kind))
			if err != nil || value == nil {
				return false
			}
			row, err := t.Catalog.Row.Decode(value) // one that cannot be decoded is reported by reads
			if err != nil {
				return false
			}
			pause, ok := row.Entity.(catalog.TaskPause)
			return ok && pause.Paused
		},
	}
}

// Describe implements prometheus.Collector.
func (n *taskNeeds) Describe(c chan<- *prometheus.Desc) {
	c <- n.oldest
	c <- n.keys
	c <- n.behind
}

// shownNeeds is what is shown of a kind.
type shownNeeds struct {
	oldest instant.Milli
	keys   map[task.State]int64
	behind int64
}

// Collect implements prometheus.Collector. While a table is loaded there is nothing to show.
func (n *taskNeeds) Collect(c chan<- prometheus.Metric) {
	if !n.recovered() {
		return
	}
	now := instant.Of(n.now())
	shown := map[string]*shownNeeds{}
	for _, kind := range append(slices.Clone(n.kinds), otherKind) {
		shown[kind] = &shownNeeds{keys: map[task.State]int64{task.Parked: 0, task.Snoozed: 0, task.Held: 0}}
	}
	for _, need := range n.needs(now) {
		s, declared := shown[need.Kind]
		if !declared {
			s = shown[otherKind]
		}
		// Keys of a kind that is not declared are stopped, too, and nobody has asked for it.
		rests := declared && (need.Stopped || n.paused(need.Kind))
		if need.Oldest != 0 && !rests && (s.oldest == 0 || need.Oldest < s.oldest) {
			s.oldest = need.Oldest
		}
		for state, keys := range need.Keys {
			s.keys[state] += keys
		}
		s.behind += need.Behind
	}
	for kind, s := range shown {
		age := 0.0
		if s.oldest != 0 {
			age = now.Sub(s.oldest).Seconds()
		}
		gauge(c, n.oldest, age, kind)
		for state, keys := range s.keys {
			gauge(c, n.keys, float64(keys), kind, string(state))
		}
		gauge(c, n.behind, float64(s.behind), kind)
	}
}

func gauge(c chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
