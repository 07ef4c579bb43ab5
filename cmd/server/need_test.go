package server

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views"
)

// Ages are reckoned from rows, by kind. A kind that is paused, whether its keys know it yet or not, is not late; one
// that is not declared is, since nobody will run it.
func TestTaskNeedsAreReckonedFromRows(t *testing.T) {
	top := topology.New(topology.Config{Partitions: 1, Replication: 1})
	x := views.NewIndexes(top, nil, nil)
	const now instant.Milli = 1_772_366_400_000
	put := func(key string, q task.Queue) {
		value, err := top.TaskQueues.Row.Encode(&task.Row{Queue: &q})
		if err != nil {
			t.Fatal(err)
		}
		x.Of(top.TaskQueues.Name)(key, value)
	}
	entry := func(kind string, state task.State, ago time.Duration) *task.Entry {
		at := now.Add(-ago)
		return &task.Entry{Task: task.Task{ID: "tk", Kind: kind}, State: state, Due: at, Since: at, Until: at, Number: 1}
	}
	waiting := []*task.Entry{entry("call", task.Scheduled, time.Hour), entry("call", task.Scheduled, time.Hour)}
	put("a", task.Queue{Head: entry("call", task.Running, 90*time.Second), Waiting: waiting})
	put("b", task.Queue{Waiting: []*task.Entry{entry("call", task.Scheduled, -time.Hour)}})
	put("c", task.Queue{Head: entry("call", task.Parked, -time.Minute), Waiting: waiting})
	put("d", task.Queue{Head: entry("stopped", task.Parked, time.Hour), Stopped: "stopped"})
	put("e", task.Queue{Head: entry("paused", task.Running, time.Hour)})
	put("f", task.Queue{Waiting: []*task.Entry{entry("gone", task.Scheduled, time.Minute)}, Stopped: "gone"})
	put("g", task.Queue{Head: entry("call", task.Held, time.Hour)})

	kinds := task.Kinds{task.DefaultKind("call"), task.DefaultKind("stopped"), task.DefaultKind("paused")}
	loaded := false
	n := newTaskNeeds(kinds, top, &Tables{}, x)
	n.recovered, n.now = func() bool { return loaded }, func() time.Time { return now.Time() }
	n.paused = func(kind string) bool { return kind == "paused" }
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(n)
	if lines := metrictest.Lines(t, r); len(lines) > 0 {
		t.Errorf("while a table is loaded: %q", lines)
	}
	loaded = true
	want := []string{
		"millrace_task_oldest_due_seconds{kind=call} 90", "millrace_task_oldest_due_seconds{kind=other} 60",
		"millrace_task_parked_behind{kind=call} 2",
		"millrace_task_parked_keys{kind=call,state=held} 1", "millrace_task_parked_keys{kind=call,state=parked} 1",
		"millrace_task_parked_keys{kind=stopped,state=parked} 1",
	}
	if diff := cmp.Diff(want, metrictest.Moved(t, r)); diff != "" {
		t.Error(diff)
	}
	if all := metrictest.Lines(t, r); len(all) != 4*5 {
		t.Errorf("every kind is there from the start: %q", all)
	}
	n.now = func() time.Time { return now.Add(time.Hour).Time() }
	if got := metrictest.Moved(t, r)[0]; got != "millrace_task_oldest_due_seconds{kind=call} 3690" {
		t.Errorf("an hour later, without a change: %s", got)
	}
}
