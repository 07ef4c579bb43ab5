package health_test

import (
	"slices"
	"testing"

	domain "github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/processors/health"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

// traced records what the group sends to its trace.
type traced struct{ ends []string }

func (w *traced) WindowClosed(r *domain.WindowRecord) {
	w.ends = append(w.ends, r.Key()+" "+clock(r.End))
}

// TestTrace: every final reaches the trace, empty ones too; a silence and a correction are not.
func TestTrace(t *testing.T) {
	var w traced
	cfg := config(1, health.NewMetrics(nil))
	cfg.Build = func() streamtest.Processor {
		c := health.DefaultConfig()
		c.Trace = &w
		return streamtest.Processor{Graph: health.Graph(c, topology.New(topology.Config{Partitions: 1, Replication: 1}), health.NewIndex(), health.NewMetrics(nil))}
	}
	h := streamtest.New(t, cfg)
	for _, clock := range []string{"10:00:00", "10:02:20", "10:00:30"} {
		h.ConsumeText("attempts", "upi/sbi/g", "upi/sbi/g success 2026-03-01T"+clock+"Z 1")
	}
	if want := []string{"upi/sbi/g 10:01:00", "upi/sbi/g 10:02:00"}; !slices.Equal(w.ends, want) {
		t.Errorf("traced %v, want %v", w.ends, want)
	}
}
