package routing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/processors/routing"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

// traced records what the group sends to its trace.
type traced struct{ changes []string }

func (w *traced) StatusChanged(r *health.StatusRecord) {
	w.changes = append(w.changes, r.Key()+" "+r.Previous.String()+" "+r.State.String())
}

// TestTrace: every change of status reaches the trace, as it is published.
func TestTrace(t *testing.T) {
	var w traced
	cfg := config(routing.NewMetrics(nil))
	cfg.Build = func() streamtest.Processor {
		c := routing.DefaultConfig()
		c.Trace = &w
		return streamtest.Processor{Graph: routing.Graph(c, topology.New(topology.Config{Partitions: 1, Replication: 1}), routing.NewMetrics(nil))}
	}
	h := streamtest.New(t, cfg)
	h.ConsumeText("health-scores", "upi", "upi/sbi/razorpay 2026-03-01T10:01:00Z 60%")
	h.Advance(time.Date(2026, 3, 1, 10, 1, 10, 0, time.UTC))
	want := []string{"upi up degraded", "upi/sbi up degraded", "upi/sbi/razorpay up degraded"}
	slices.Sort(w.changes)
	if !slices.Equal(w.changes, want) || len(h.Emitted("health-status")) != len(want) {
		t.Errorf("traced %v, want %v", w.changes, want)
	}
}
