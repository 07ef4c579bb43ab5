package worker_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/worker"
)

// What a worker shows before it serves, while it does, and after it was told to stop.
func TestMetricsOfAWorker(t *testing.T) {
	w := newWorld(t)
	k := micro("call", func(_ context.Context, r *task.Run) worker.Result {
		if r.Task.ID == "bad" {
			return worker.Fail("busy", errors.New("later"))
		}
		return worker.OK(nil)
	})
	k.Concurrency = 7
	c := w.config(k)
	registry := prometheus.NewRegistry()
	c.Registerer = registry
	shown := func() []string { return metrictest.Moved(t, registry) }
	if _, err := worker.New(c); err != nil {
		t.Fatal(err)
	}
	if lines := shown(); len(lines) > 0 {
		t.Errorf("before it serves: %q", lines)
	}
	registry = prometheus.NewRegistry()
	c.Registerer = registry
	r := start(t, c)
	w.send(w.run("call", "good"), w.run("call", "bad"))
	if got := w.ended(2); got != "bad=fail/busy good=ok/" {
		t.Fatal(got)
	}
	// Counted once the answer is acknowledged; the last one may be on its way back to the worker.
	slots := "millrace_worker_slots{kind=call} 7"
	if lines := shown(); len(lines) == 0 || lines[len(lines)-1] != slots {
		t.Errorf("while it serves: %q, want %s", lines, slots)
	}
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"millrace_worker_runs_total{kind=call,outcome=fail} 1", "millrace_worker_runs_total{kind=call,outcome=ok} 1",
	}
	if diff := cmp.Diff(want, shown()); diff != "" {
		t.Errorf("after it was stopped: %s", diff)
	}
}
