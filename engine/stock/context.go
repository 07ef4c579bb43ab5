package stock

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
	transport *Transport
	partition *partition
}

func (c *callContext) Watermark() time.Time { return c.partition.now() }

func (c *callContext) Advance(t time.Time) { c.partition.advance(t, c.transport.config.Clock()) }

func (c *callContext) SetTimer(due time.Time, name string) {
	c.partition.setTimer(due, c.Key(), name)
}

func (c *callContext) DeadLettered(reason string) {
	c.transport.config.Metrics.deadLetters.WithLabelValues(c.transport.graph.group, reason).Inc()
}

// Lookup reads our own store. goka's look-up fails while a processor stops, since the views stop first, and the callback
// under way would go on as if the table had no such row.
func (c *callContext) Lookup(topic goka.Table, key string) any {
	l, ok := c.transport.graph.lookups[string(topic)]
	if !ok {
		return c.gokaContext.Lookup(topic, key) // which fails as goka does
	}
	raw, ok := l.reader.stores.get(key)
	if !ok {
		return nil
	}
	v, err := l.codec.Decode(raw)
	if err != nil {
		c.Fail(fmt.Errorf("stock: table %s, key %q: %w", topic, key, err))
	}
	return v
}
