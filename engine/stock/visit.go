package stock

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// visits serves timers and sweeps. Visits run one at a time, and only between the set-up and the clean-up of a session.
type visits struct {
	processor *goka.Processor

	running sync.Mutex // held during a visit
	due     bool       // the visit under way is one of due timers; guarded by running

	mu      sync.Mutex
	session context.Context // nil: none
	cancel  context.CancelFunc
}

// keys returns the keys that the visit under way is for; nil: all.
func (v *visits) keys(p *partition) []string {
	if !v.due {
		return nil
	}
	return p.dueKeys()
}

func (v *visits) begin(ctx context.Context) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.session, v.cancel = context.WithCancel(ctx)
}

// drain lets no new visit begin and waits, for a while, until the one under way is done.
func (v *visits) drain(patience time.Duration) {
	v.mu.Lock()
	v.session = nil
	v.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.running.Lock() // waits for the visit under way
		defer v.running.Unlock()
	}()
	select {
	case <-done:
	case <-time.After(patience):
	}
}

// end breaks off the visit under way and returns when no visit runs or will run.
func (v *visits) end() {
	v.mu.Lock()
	if v.cancel != nil {
		v.cancel()
	}
	v.session, v.cancel = nil, nil
	v.mu.Unlock()
	v.running.Lock() // waits for the visit under way
	defer v.running.Unlock()
}

// visit returns the number of keys visited. Errors are logged: at worst timers are late until the next try.
func (t *Transport) visit(name string, meta any) int64 {
	v := &t.visits
	v.running.Lock()
	defer v.running.Unlock()
	v.mu.Lock()
	ctx := v.session
	v.mu.Unlock()
	if ctx == nil {
		return 0
	}
	_, v.due = meta.(stream.DueTimers)
	n, err := v.processor.VisitAllWithStats(ctx, name, meta)
	if err != nil && ctx.Err() == nil && !errors.Is(err, goka.ErrVisitAborted) {
		t.config.Logger.Warn("visit", "group", t.graph.group, "visit", name, "error", err)
	}
	return n
}

// restore lets the rows set their timers again.
func (t *Transport) restore(ctx context.Context) {
	t.visits.begin(ctx)
	if t.graph.timers {
		t.visit(stream.TimerVisit, nil)
	}
	if ctx.Err() != nil {
		return
	}
	t.config.Metrics.setRecovered(t.graph.group, true)
	t.readyOnce.Do(func() { close(t.ready) })
}

// dueTimers is the meta value of timer visits.
type dueTimers struct{ transport *Transport }

// Take hands out one timer: there is one visit for each due timer, so that they are served in order over all keys.
func (d dueTimers) Take(number int32, key string) []stream.Timer {
	d.transport.mu.RLock()
	p := d.transport.partitions[number]
	d.transport.mu.RUnlock()
	if p == nil {
		return nil
	}
	timer, ok := p.take(key)
	if !ok {
		return nil
	}
	return []stream.Timer{timer}
}

// Called is of no meaning here: goka waits for the visit.
func (d dueTimers) Called(int32) {}

// Tick lets event time follow the wall clock on idle partitions and serves the timers that are due. It returns how many
// were served; they may have set further ones. Run calls it, unless Config.Tick is NoTick.
func (t *Transport) Tick() int64 {
	wall := t.config.Clock()
	due := false
	for _, p := range t.assigned() {
		p.idle(wall, t.config.IdleAfter)
		due = due || p.anyDue()
	}
	t.measure(wall)
	if !due || !t.graph.timers {
		return 0
	}
	return t.visit(stream.TimerVisit, dueTimers{t})
}

// Sweep calls the group's sweep callback for every row. Run calls it, unless Config.Tick is NoTick.
func (t *Transport) Sweep() int64 {
	if !t.graph.sweeps {
		return 0
	}
	return t.visit(stream.SweepVisit, nil)
}

func (t *Transport) drive(ctx context.Context) {
	if t.config.Tick == NoTick {
		return
	}
	ticker := time.NewTicker(t.config.Tick)
	defer ticker.Stop()
	swept := t.config.Clock()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		t.Tick()
		if now := t.config.Clock(); now.Sub(swept) >= t.config.SweepEvery {
			t.Sweep()
			swept = now
		}
	}
}

func (t *Transport) measure(wall time.Time) {
	m, group := t.config.Metrics, t.graph.group
	var low time.Time
	for _, p := range t.assigned() {
		if at := p.now(); low.IsZero() || !at.IsZero() && at.Before(low) {
			low = at
		}
		for _, c := range p.claims {
			m.setLag(group, c.topic, c.partition, c.behind())
		}
	}
	if !low.IsZero() {
		m.watermarkLag.WithLabelValues(group).Set(wall.Sub(low).Seconds())
	}
}
