package main

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/engine/watermark"
)

// reading is a final as its reader sees it.
type reading struct {
	closed time.Time // its end plus grace
	read   time.Time
}

// watch reads finals as they are committed.
type watch struct {
	cancel   context.CancelFunc
	done     chan struct{}
	readings []reading
}

func (g *rig) watch(ctx context.Context) (*watch, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(g.addr), kgo.ConsumeTopics(g.topology.HealthWindows.Name),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		defer client.Close()
		for ctx.Err() == nil {
			fetches := client.PollFetches(ctx)
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) { w.record(r, now) })
		}
	}()
	return w, nil
}

func (w *watch) record(r *kgo.Record, now time.Time) {
	if watermark.Is(r.Value) {
		return
	}
	if record, err := (healthcodec.WindowRecord{}).Decode(r.Value); err == nil && !record.Silent {
		w.readings = append(w.readings, reading{record.ClosedAt.Time(), now})
	}
}

// stop ends the reading.
func (w *watch) stop() *watch {
	w.cancel()
	<-w.done
	return w
}

// between returns the delays of what closed from one time to another, and how many different times that were.
func (w *watch) between(from, to time.Time) ([]time.Duration, int) {
	var delays []time.Duration
	ends := map[time.Time]bool{}
	for _, r := range w.readings {
		if r.closed.After(from) && r.closed.Before(to) {
			delays = append(delays, r.read.Sub(r.closed))
			ends[r.closed] = true
		}
	}
	return delays, len(ends)
}
