package stock

import (
	"context"
	"sync"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// clocks holds clock records back until the timers that they make due were served and what those emitted is acknowledged:
// a clock promises that nothing earlier follows, and timers emit earlier things. Meanwhile the record is not marked, so
// whoever waits for its offset waits for its timers too. Only groups with timers need it.
type clocks struct {
	mu   sync.Mutex
	open bool // a session is under way
	held []heldClock
	wake chan struct{}
}

type heldClock struct {
	partition int32
	at        time.Time
	done      func(error) // marks the record
}

func newClocks() clocks { return clocks{wake: make(chan struct{}, 1)} }

// hold takes over a clock, or tells that no session is there to serve it.
func (c *clocks) hold(h func() heldClock) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return false
	}
	c.held = append(c.held, h())
	select {
	case c.wake <- struct{}{}:
	default: // it is awake already
	}
	return true
}

func (c *clocks) take() []heldClock {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.held
	c.held = nil
	return held
}

func (c *clocks) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = true
}

// end marks what is left, unserved, for goka waits for every mark before it stops: downstream, the next clock or the idle
// rule makes up for it.
func (c *clocks) end() {
	c.mu.Lock()
	c.open = false
	c.mu.Unlock()
	for _, h := range c.take() {
		h.done(nil)
	}
}

// serveClocks serves clocks until the context ends.
func (t *Transport) serveClocks(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.clocks.wake:
		}
		for _, h := range t.clocks.take() {
			for t.anyDue() && t.visit(stream.TimerVisit, dueTimers{t}) > 0 {
			}
			t.passOn(h)
		}
	}
}

func (t *Transport) anyDue() bool {
	for _, p := range t.assigned() {
		if p.anyDue() {
			return true
		}
	}
	return false
}

// passOn sends one record to each partition of each output that carries event time, and then marks the clock.
func (t *Transport) passOn(h heldClock) {
	var (
		mu     sync.Mutex
		left   = 1
		failed error
	)
	acked := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = err
		}
		if left--; left == 0 {
			h.done(failed)
		}
	}
	for _, e := range t.graph.carriers {
		value, err := e.Codec().Encode(t.clockOf(h.partition, h.at))
		if err != nil { // an edge that carries time encodes clocks
			acked(err)
			return
		}
		for _, key := range t.keys {
			mu.Lock()
			left++
			mu.Unlock()
			t.producer.Emit(e.Topic(), key, value).Then(acked)
		}
	}
	acked(nil)
}

func (t *Transport) clockOf(partition int32, at time.Time) stream.Clock {
	return stream.Clock{At: at, Source: partition, Sources: t.config.Partitions}
}

// Clock passes the new minimum on: at once where no timers can be due, else when they were served.
func (c *callContext) Clock(clock stream.Clock) {
	low, ok := c.partition.clock(string(c.Topic()), clock, c.transport.config.Clock())
	if !ok {
		return
	}
	t, number := c.transport, c.partition.number
	if t.graph.timers && t.clocks.hold(func() heldClock { return heldClock{number, low, c.DeferCommit()} }) {
		return
	}
	for _, e := range t.graph.carriers {
		for _, key := range t.keys {
			c.Emit(goka.Stream(e.Topic()), key, t.clockOf(number, low))
		}
	}
}
