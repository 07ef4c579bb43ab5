package stream

import (
	"fmt"
	"hash/fnv"

	"github.com/lovoo/goka"
)

// Input subscribes the group to a topic. A record that the codec refuses, one without a value, and one whose callback
// panics become dead letters and the partition goes on.
func Input[Row, T any](g Group[Row], from Topic[T], cb func(*Context[Row], T)) goka.Edge {
	return goka.Input(from.Stream(), inputCodec[T]{from.Codec, from.EventTime != nil}, receive(g, from, cb))
}

// Loop subscribes the group to its own loop topic, by which a callback reaches other keys of the group (see Loopback).
func Loop[Row, T any](g Group[Row], codec Codec[T], cb func(*Context[Row], T)) goka.Edge {
	return goka.Loop(inputCodec[T]{Codec: codec}, receive(g, Topic[T]{}, cb))
}

func receive[Row, T any](g Group[Row], from Topic[T], cb func(*Context[Row], T)) goka.ProcessCallback {
	return func(gc goka.Context, v any) {
		c := newContext(gc, &g)
		m, _ := v.(*message[T])
		switch {
		case m == nil: // a tombstone: goka passes nil with NilProcess
			c.raw = []byte{}
			c.DeadLetter(DeadLetter{Reason: ReasonMalformed, Detail: "record without a value"})
		case m.clock != nil:
			c.clocks = append(c.clocks, *m.clock)
		case m.err != nil:
			c.raw = m.raw
			c.DeadLetter(DeadLetter{Reason: reasonOf(m.err), Detail: m.err.Error()})
		default:
			c.raw = m.raw
			c.guard(func() { cb(c, m.value) }, func() (Coordinates, []byte) {
				if from.Source == nil {
					return c.source, c.raw
				}
				return from.Source(m.value)
			})
			if from.EventTime != nil {
				c.Advance(from.EventTime(m.value))
			}
		}
		c.flush()
	}
}

// Timers gives the group its timer callback. Where the transport keeps no timers of its own, restore is called once for
// every row after the table was loaded: it sets again the timers that the row needs, and may Advance to the event time
// that the row has seen.
func Timers[Row any](g Group[Row], restore func(*Context[Row]), cb func(*Context[Row], Timer)) goka.Edge {
	return goka.Visitor(TimerVisit, func(gc goka.Context, meta any) {
		due, ok := meta.(DueTimers)
		if !ok {
			runVisit(gc, &g, restore)
			return
		}
		for _, timer := range due.Take(gc.Partition(), gc.Key()) {
			runVisit(gc, &g, func(c *Context[Row]) { cb(c, timer) })
		}
	})
}

// Sweep gives the group a callback that the transport calls for every row from time to time, for expiry.
func Sweep[Row any](g Group[Row], cb func(*Context[Row])) goka.Edge {
	return goka.Visitor(SweepVisit, func(gc goka.Context, _ any) { runVisit(gc, &g, cb) })
}

func runVisit[Row any](gc goka.Context, g *Group[Row], cb func(*Context[Row])) {
	c := newContext(gc, g)
	c.raw = []byte{}
	c.source.Topic, c.source.Offset = string(g.Table()), rowNumber(gc.Key())
	c.guard(func() { cb(c) }, func() (Coordinates, []byte) { return c.source, []byte(gc.Key()) })
	c.flush()
}

// rowNumber stands for the offset that a row does not have, so that the dead letters of two rows have two ids.
func rowNumber(key string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // hash.Hash never fails
	return int64(h.Sum64() >> 1)
}

// Persist gives the group its table.
func Persist[Row any](g Group[Row]) goka.Edge { return goka.Persist(outputCodec[Row]{Codec: g.Row}) }

// Output names a topic that callbacks Emit to.
func Output[T any](to Topic[T]) goka.Edge {
	return goka.Output(to.Stream(), outputCodec[T]{Codec: to.Codec, carriesTime: to.EventTime != nil})
}

// DeadLetters names the group's dead-letter topic as an output; every graph with an Input needs it.
func DeadLetters[Row any](g Group[Row]) goka.Edge {
	return goka.Output(goka.Stream(g.DeadLetters), Bytes{})
}

// Lookup gives the group read access to another group's whole table.
func Lookup[Other any](table Group[Other]) goka.Edge {
	return goka.Lookup(table.Table(), outputCodec[Other]{Codec: table.Row})
}

// Bytes is the goka codec of raw values.
type Bytes struct{}

// Encode returns v, which must be a []byte.
func (Bytes) Encode(v any) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("stream: cannot encode %T as bytes", v)
	}
	return b, nil
}

// Decode returns b.
func (Bytes) Decode(b []byte) (any, error) { return b, nil }

func newContext[Row any](gc goka.Context, g *Group[Row]) *Context[Row] {
	return &Context[Row]{goka: gc, group: g, source: Coordinates{
		Topic: string(gc.Topic()), Partition: gc.Partition(), Offset: gc.Offset(), Timestamp: gc.Timestamp(), Key: []byte(gc.Key()),
	}}
}

// guard runs a callback. The row is loaded first, since a failing goka read panics and that panic must reach goka.
func (c *Context[Row]) guard(cb func(), source func() (Coordinates, []byte)) {
	if c.group.Row != nil {
		c.Row()
	}
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		c.discard()
		from, value := source()
		c.DeadLetter(DeadLetter{Reason: ReasonCallbackPanic, Detail: fmt.Sprint(r), Source: from, Value: value})
	}()
	cb()
}
