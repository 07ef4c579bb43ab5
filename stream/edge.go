package stream

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/lovoo/goka"
)

// Input subscribes the group to a topic. A record that the codec refuses, one without a value, and one whose callback
// panics or asks for what does not fit into a record, become dead letters and the partition goes on, unless the policy
// is Halt.
func Input[Row, T any](g Group[Row], from Topic[T], cb func(*Context[Row], T)) goka.Edge {
	return goka.Input(from.Stream(), inputCodec[T]{from.Codec, from.Time, g.Clock}, receive(g, from, cb))
}

// Loop subscribes the group to its own loop topic, by which a callback reaches other keys of the group (see Loopback).
func Loop[Row, T any](g Group[Row], codec Codec[T], cb func(*Context[Row], T)) goka.Edge {
	return goka.Loop(inputCodec[T]{Codec: codec, clock: g.Clock}, receive(g, Topic[T]{}, cb))
}

func receive[Row, T any](g Group[Row], from Topic[T], cb func(*Context[Row], T)) goka.ProcessCallback {
	return func(gc goka.Context, v any) {
		c := newContext(gc, &g)
		if from.OnError != ByGroup {
			c.policy = from.OnError
		}
		m, _ := v.(*message[T])
		switch {
		case m == nil: // a tombstone: goka passes nil with NilProcess
			c.raw = []byte{}
			c.reject(DeadLetter{Reason: ReasonMalformed, Detail: "record without a value"})
		case m.err != nil:
			c.raw = m.raw
			c.reject(DeadLetter{Reason: reasonOf(m.err, ReasonMalformed), Detail: m.err.Error()})
		default:
			c.raw = m.raw
			c.call(func() { cb(c, m.value) }, func() (Coordinates, []byte) {
				if from.Source == nil {
					return c.Source(), c.raw
				}
				return from.Source(m.value)
			})
			if from.EventTime != nil && from.Time == OwnTime {
				c.Advance(from.EventTime(m.value))
			}
		}
		c.flush()
	}
}

// Timers gives the group its timer callback.
func Timers[Row any](g Group[Row], cb func(*Context[Row], Timer)) goka.Edge {
	return goka.Visitor(TimerVisit, func(gc goka.Context, meta any) {
		due := meta.(DueTimers) // whoever calls these visits keeps the timers
		for _, timer := range due.Pop(gc.Partition(), gc.Key()) {
			runVisit(gc, &g, timer, func(c *Context[Row]) { cb(c, timer) })
		}
		due.Called(gc.Partition())
	})
}

// Sweep gives the group a callback that the transport calls for every row from time to time, for expiry.
func Sweep[Row any](g Group[Row], cb func(*Context[Row])) goka.Edge {
	return goka.Visitor(SweepVisit, func(gc goka.Context, _ any) { runVisit(gc, &g, Timer{}, cb) })
}

// runVisit calls cb for a row, or for one of its timers.
func runVisit[Row any](gc goka.Context, g *Group[Row], timer Timer, cb func(*Context[Row])) {
	c := newContext(gc, g)
	c.raw = []byte{}
	c.source.Topic, c.source.Offset = string(g.Table()), number(gc.Key(), timer)
	c.call(func() { cb(c) }, func() (Coordinates, []byte) { return c.Source(), []byte(gc.Key()) })
	c.flush()
}

// number stands for the offset that a row or timer does not have, so that the dead letters of two have two ids.
func number(key string, timer Timer) int64 {
	b := []byte(key)
	if timer != (Timer{}) {
		b = binary.BigEndian.AppendUint64(append(b, 0), uint64(timer.Due.UnixMilli()))
		b = append(b, timer.Name...)
	}
	h := fnv.New64a()
	_, _ = h.Write(b) // hash.Hash never fails
	return int64(h.Sum64() >> 1)
}

// Persist gives the group its table. A transport may keep rows decoded over several callbacks, see Codec.
func Persist[Row any](g Group[Row]) goka.Edge {
	codec := rowCodec[Row]{outputCodec[Row]{Codec: g.Row}, g.Clock, g.Heartbeat}
	if amender, ok := g.Row.(Amender[Row]); ok {
		return goka.Persist(amendingCodec[Row]{codec, amender})
	}
	return goka.Persist(codec)
}

// rowCodec marks the edge of Persist.
type rowCodec[Row any] struct {
	outputCodec[Row]
	clock     Clock
	heartbeat time.Duration
}

func (rowCodec[Row]) sharesRows() {}

// amendingCodec is the rowCodec of an Amender, which it shows to the transport without its type.
type amendingCodec[Row any] struct {
	rowCodec[Row]
	amender Amender[Row]
}

func (c amendingCodec[Row]) EncodeAfter(v, before any, raw []byte) ([]byte, error) {
	row, ok := v.(Row)
	last, known := before.(Row)
	if !ok || !known {
		return c.Encode(v)
	}
	return c.amender.EncodeAfter(row, last, raw)
}

// SharesRows tells whether e was made by Persist: its rows are never changed once they are set or read.
func SharesRows(e goka.Edge) bool {
	_, ok := e.Codec().(interface{ sharesRows() })
	return ok
}

// Output names a topic that callbacks Emit to.
func Output[T any](to Topic[T]) goka.Edge {
	return goka.Output(to.Stream(), outputCodec[T]{Codec: to.Codec, time: to.Time})
}

// DeadLetters names the group's dead-letter topic as an output; every graph with an Input needs it.
func DeadLetters[Row any](g Group[Row]) goka.Edge {
	return goka.Output(goka.Stream(g.DeadLetters), Bytes{})
}

// Lookup gives the group read access to another group's whole table.
func Lookup[Other any](table Group[Other]) goka.Edge {
	return goka.Lookup(table.Table(), outputCodec[Other]{Codec: table.Row})
}

// CurrentLookup is Lookup of a table with a Heartbeat, for callbacks whose outcome hangs on it: while what the
// transport has of the table, any partition of it, is older than maxAge by the wall clock, it hands the group no input.
func CurrentLookup[Other any](table Group[Other], maxAge time.Duration) goka.Edge {
	return goka.Lookup(table.Table(), lookupCodec[Other]{outputCodec[Other]{Codec: table.Row}, maxAge})
}

type lookupCodec[Other any] struct {
	outputCodec[Other]
	age time.Duration
}

func (c lookupCodec[Other]) maxAge() time.Duration { return c.age }

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
	return &Context[Row]{goka: gc, group: g, policy: g.OnError, source: Coordinates{
		Topic: string(gc.Topic()), Partition: gc.Partition(), Offset: gc.Offset(), Timestamp: gc.Timestamp(),
	}}
}

// call runs a callback and applies its row and emits, or rejects its record. The row is loaded first, since a failing
// goka read panics and that panic must reach goka.
func (c *Context[Row]) call(cb func(), source func() (Coordinates, []byte)) {
	if c.group.Row != nil {
		c.Row()
	}
	d, ok := guard(cb)
	if ok {
		err := c.write()
		if err == nil {
			return
		}
		d = DeadLetter{Reason: reasonOf(err, ReasonCallbackPanic), Detail: err.Error()}
	}
	d.Source, d.Value = source()
	c.reject(d)
}

func guard(cb func()) (d DeadLetter, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			d, ok = DeadLetter{Reason: ReasonCallbackPanic, Detail: fmt.Sprint(r)}, false
		}
	}()
	cb()
	return d, true
}
