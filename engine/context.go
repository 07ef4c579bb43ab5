package engine

import (
	"fmt"
	"time"

	"github.com/lovoo/goka"
)

// gokaContext renames the embedded field: goka.Context has a method Context.
type gokaContext = goka.Context

// callContext is the goka.Context that callbacks get. It implements stream.Transport and stream.Observer.
type callContext struct {
	gokaContext
	engine    *Engine
	partition *partition
	table     *table // nil: the group has none
	member    *member
}

// Watermark implements stream.Transport: a record sees that of its place in the log, a timer, visit or sweep that of
// now.
func (c *callContext) Watermark() time.Time {
	if own := c.partition.claim(string(c.Topic())); own != nil {
		return timeOf(own.stamped(c.Offset()))
	}
	return timeOf(c.partition.now.Load())
}

// Advance implements stream.Transport. It counts at the end of the transaction.
func (c *callContext) Advance(t time.Time) {
	if own := c.partition.claim(string(c.Topic())); own != nil {
		own.advance(t.UnixMilli())
	}
}

// DeadLettered implements stream.Observer.
func (c *callContext) DeadLettered(reason string) { c.engine.letters.add(reason) }

// Finished implements stream.Observer. It is measured at the end of the transaction.
func (c *callContext) Finished(arrived time.Time) { c.engine.arrivals.add(arrived) }

// Lookup reads our own store. goka's look-up fails while a processor stops, since the views stop first, and the
// callback under way would go on as if the table had no such row.
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
