package engine

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/stream"
)

var (
	_ stream.Writer      = (*callContext)(nil)
	_ stream.Adder       = (*callContext)(nil)
	_ stream.ReasonError = refusal{}
)

// refusal says why an effect cannot be: the callback's fault, not ours.
type refusal struct {
	reason string
	error
}

func (r refusal) DeadLetterReason() string { return r.reason }
func (r refusal) Unwrap() error            { return r.error }

// recordLimit is the largest key and value with their headers, in bytes.
func (e *Engine) recordLimit() int { return int(e.config.Client.MaxRecord) - rowSlack }

// fits refuses what is too large for a record. The key is named, never the value.
func (e *Engine) fits(topic, key string, size int) error {
	if most := e.recordLimit(); size > most {
		e.refused.Store(true)
		return refusal{stream.ReasonRowTooLarge,
			fmt.Errorf("%w: %s, key %.64q has %d bytes, at most %d", ErrRowTooLarge, topic, key, size, most)}
	}
	return nil
}

func checkKey(key string) error {
	if err := store.Check(key); err != nil {
		return refusal{stream.ReasonMalformed, fmt.Errorf("key %.64q: %w", key, err)}
	}
	return nil
}

// RecordLimit implements stream.Writer.
func (c *callContext) RecordLimit() int { return c.engine.recordLimit() }

// Write implements stream.Writer.
func (c *callContext) Write(x stream.Effects) error {
	var records []kgo.Record
	if len(x.Emits) > 0 {
		records = make([]kgo.Record, len(x.Emits))
	}
	for i := range x.Emits {
		if err := c.encode(&x.Emits[i], &records[i]); err != nil {
			return err
		}
	}
	for _, t := range x.Timers {
		if err := c.checkTimer(t.Name); err != nil {
			return err
		}
	}
	if len(x.Sums) > 0 && c.table == nil {
		return errNoSums
	}
	if err := c.writeRow(x); err != nil { // the last that can fail
		return err
	}
	for _, s := range x.Sums {
		c.table.add(s)
	}
	for _, t := range x.Timers {
		c.setTimer(t.Due, t.Name)
	}
	for i := range records {
		c.send(&x.Emits[i], &records[i])
	}
	return nil
}

// send sends an emit, by goka as long as it may have default headers to add. Goka cannot give a record its timestamp.
func (c *callContext) send(x *stream.Emitted, r *kgo.Record) {
	switch {
	case c.engine.bare.Load() || !x.Stamp.IsZero():
		c.member.produce(r)
		c.engine.pass(AfterEmit)
	case x.Topic == "":
		c.gokaContext.Loopback(x.Key, x.Value)
		c.failed(r.Topic, x.Key)
	default:
		c.gokaContext.Emit(x.Topic, x.Key, x.Value)
		c.failed(r.Topic, x.Key)
	}
}

// Add implements stream.Adder.
func (c *callContext) Add(name string, n *big.Int) {
	if c.table == nil {
		c.Fail(c.named(errNoSums))
		return
	}
	c.table.add(stream.Sum{Name: name, N: n})
}

var errNoSums = errors.New("engine: the group keeps sums, but it has no table")

// checkTimer refuses a timer whose record could be too large: within it, a key may have twice its length.
func (c *callContext) checkTimer(name string) error {
	g := &c.engine.graph
	if g.timers == "" {
		return fmt.Errorf("engine: group %s sets a timer, but its graph has no stream.Timers", g.group)
	}
	return c.engine.fits(g.timers, c.Key(), 2*len(c.Key())+len(name)+timer.Overhead)
}

func (c *callContext) setTimer(due time.Time, name string) {
	c.partition.timers.set(timer.Timer{Due: ceil(due), Key: c.Key(), Name: name})
}

func (c *callContext) writeRow(x stream.Effects) error {
	switch {
	case !x.Changed:
		return nil
	case c.table == nil:
		c.gokaContext.Delete() // which fails as goka does
		return errors.New("engine: the group has no table")
	case x.Row == nil:
		if err := c.table.Delete(c.Key()); err != nil {
			return err
		}
	default:
		if err := c.table.put(c.Key(), x.Row); err != nil {
			return err
		}
	}
	c.engine.pass(AfterStateWrite)
	return nil
}

// encode makes the record of an emit and finds out whether it can be sent.
func (c *callContext) encode(x *stream.Emitted, to *kgo.Record) error {
	topic := string(x.Topic)
	if topic == "" {
		topic = c.engine.graph.loop
	}
	codec := c.engine.graph.outputs[topic]
	if codec == nil {
		c.gokaContext.Emit(x.Topic, x.Key, x.Value) // which fails as goka does
		return fmt.Errorf("engine: no output %q", topic)
	}
	var value []byte
	if x.Value != nil {
		var err error
		if value, err = encode(codec, x.Value); err != nil {
			return fmt.Errorf("emit to %s, key %.64q: %w", topic, x.Key, err)
		}
	}
	if err := c.engine.fits(topic, x.Key, len(x.Key)+len(value)); err != nil {
		return err
	}
	*to = kgo.Record{Topic: topic, Partition: byKey, Key: []byte(x.Key), Value: value, Timestamp: x.Stamp}
	return nil
}

// Value implements goka.Context.
func (c *callContext) Value() any {
	if c.table == nil || !c.engine.graph.shares {
		return c.gokaContext.Value()
	}
	row, err := c.table.row(c.Key())
	if err != nil {
		c.Fail(fmt.Errorf("engine: row of %s: %w", c.where(), err))
	}
	return row
}

// SetValue implements goka.Context. What has options, or is wrong, is goka's: see table.Set.
func (c *callContext) SetValue(value any, options ...goka.ContextOption) {
	if c.table == nil || value == nil || len(options) > 0 {
		if c.table != nil {
			c.table.caller = c
		}
		c.gokaContext.SetValue(value, options...)
		return
	}
	if err := c.writeRow(stream.Effects{Changed: true, Row: value}); err != nil {
		c.Fail(c.named(err))
	}
}

// Emit implements goka.Context. What has options, or is wrong, is goka's.
func (c *callContext) Emit(topic goka.Stream, key string, value any, options ...goka.ContextOption) {
	g := &c.engine.graph
	if len(options) == 0 && c.engine.bare.Load() && string(topic) != g.loop && g.outputs[string(topic)] != nil {
		c.emit(stream.Emitted{Topic: topic, Key: key, Value: value})
		return
	}
	c.gokaContext.Emit(topic, key, value, options...)
	c.failed(string(topic), key)
}

// Loopback implements goka.Context.
func (c *callContext) Loopback(key string, value any, options ...goka.ContextOption) {
	if len(options) == 0 && c.engine.bare.Load() && c.engine.graph.loop != "" && value != nil {
		c.emit(stream.Emitted{Key: key, Value: value})
		return
	}
	c.gokaContext.Loopback(key, value, options...)
	c.failed(c.engine.graph.loop, key)
}

func (c *callContext) emit(x stream.Emitted) {
	r := new(kgo.Record)
	if err := c.encode(&x, r); err != nil {
		c.Fail(c.named(err))
		return
	}
	c.send(&x, r)
}

// failed ends the processor if the producer refused what goka has just given it: goka would, too, but does not say for
// which record.
func (c *callContext) failed(topic, key string) {
	if r := c.engine.badEmit.Load(); r != nil && r.topic == topic && r.key == key {
		c.Fail(c.named(r.err))
	}
}

// badEmit is an emit that the producer refused.
type badEmit struct {
	topic, key string
	err        error
}

func (c *callContext) where() string {
	return fmt.Sprintf("%s-%d-%d, key %.64q", c.Topic(), c.Partition(), c.Offset(), c.Key())
}

func (c *callContext) named(err error) error { return fmt.Errorf("callback of %s: %w", c.where(), err) }

// Fail implements goka.Context. goka keeps no more of an error than its text.
func (c *callContext) Fail(err error) {
	c.engine.cause.CompareAndSwap(nil, &err)
	c.gokaContext.Fail(err)
}
