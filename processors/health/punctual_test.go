package health_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/processors/health"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

// TestTheLastWindowClosesWithoutInput: within max(idle_after, end + grace - last event time) + 1 s of the last input,
// by the injected wall clock, and never before that maximum. Strangers write the attempts here, as they write payments
// before intake: what is idle is found out where input enters; the groups behind it add a commit each, no wall time of
// their own.
func TestTheLastWindowClosesWithoutInput(t *testing.T) {
	const closes = 70 * time.Second // from the window's start
	for _, partitions := range []int32{1, 3} {
		for _, idleAfter := range []time.Duration{5 * time.Second, 40 * time.Second, 90 * time.Second} {
			for _, last := range []time.Duration{0, 35 * time.Second, 59999 * time.Millisecond} {
				name := fmt.Sprintf("%d partitions, idle after %v, last event at %v", partitions, idleAfter, last)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					took := untilLastWindow(t, partitions, idleAfter, last)
					if due := max(idleAfter, closes-last); took < due || took > due+time.Second {
						t.Errorf("closed after %v, want %v to %v", took, due, due+time.Second)
					}
				})
			}
		}
	}
}

// untilLastWindow returns the wall time between the last input, an attempt so long after the start of its window, and
// the window's final.
func untilLastWindow(t *testing.T, partitions int32, idleAfter, last time.Duration) time.Duration {
	t.Helper()
	cfg := config(partitions, health.NewMetrics(nil))
	cfg.IdleAfter = idleAfter
	cfg.Build = func() streamtest.Processor {
		p := topology.New(topology.Config{Partitions: partitions, Replication: 1})
		p.Attempts.Time = stream.OwnTime
		return streamtest.Processor{Graph: health.Graph(health.DefaultConfig(), p, health.NewIndex(), health.NewMetrics(nil))}
	}
	h := streamtest.New(t, cfg)
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).Add(last)
	h.ConsumeText("attempts", "upi/sbi/razorpay", "upi/sbi/razorpay success "+at.Format(time.RFC3339Nano)+" 40")
	for took := time.Duration(0); took < 5*time.Minute; {
		if len(h.Emitted("health-windows")) > 0 {
			return took
		}
		took += time.Second
		h.Wall(time.Second)
	}
	t.Fatal("no final in 5 minutes")
	return 0
}
