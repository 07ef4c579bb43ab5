package engine

import (
	"fmt"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// gokaContext renames the embedded field: goka.Context has a method Context.
type gokaContext = goka.Context

// callContext is the goka.Context that callbacks get. It implements stream.Transport and stream.Observer.
type callContext struct {
	gokaContext
	engine *Engine
	clock  *clock
	table  *table // nil: the group has none
	member *member
}

// Watermark implements stream.Transport.
func (c *callContext) Watermark() time.Time { return c.clock.now() }

// Advance implements stream.Transport.
func (c *callContext) Advance(t time.Time) { c.clock.advance(t, c.engine.config.Clock()) }

// SetTimer implements stream.Transport.
func (c *callContext) SetTimer(due time.Time, name string) { c.clock.setTimer(due, c.Key(), name) }

// Clock implements stream.Transport. The batch passes the new minimum on when its timers were called.
func (c *callContext) Clock(r stream.Clock) {
	c.clock.source(string(c.Topic()), r, c.engine.config.Clock())
}

// DeadLettered implements stream.Observer.
func (c *callContext) DeadLettered(reason string) {
	c.engine.config.Metrics.deadLetters.WithLabelValues(c.engine.graph.group, reason).Inc()
}

// Lookup reads our own store. goka's look-up fails while a processor stops, since the views stop first, and the callback
// under way would go on as if the table had no such row.
func (c *callContext) Lookup(topic goka.Table, key string) any {
	l, ok := c.engine.graph.lookups[string(topic)]
	if !ok {
		return c.gokaContext.Lookup(topic, key) // which fails as goka does
	}
	raw, err := l.parts.get(key)
	if err == nil && raw == nil {
		return nil
	}
	var v any
	if err == nil {
		v, err = l.codec.Decode(raw)
	}
	if err != nil {
		c.Fail(fmt.Errorf("engine: table %s, key %q: %w", topic, key, err))
	}
	return v
}
