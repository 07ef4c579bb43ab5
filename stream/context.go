package stream

import (
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/lovoo/goka"
)

// Context is what a callback sees: its key, the key's row, and where its effects go. Writes and emits are buffered and
// applied together after the callback returns; a callback that panics leaves nothing behind but a dead letter. It is
// valid within the callback only.
type Context[Row any] struct {
	goka  goka.Context
	group *Group[Row]

	source Coordinates
	raw    []byte

	row     Row
	has     bool
	loaded  bool
	changed bool

	emits       []Emitted
	deadLetters []DeadLetter
	timers      []Timer
	sums        []Sum
	advance     []time.Time
	finished    []time.Time

	policy Policy
	halted error // what ends the processor
}

// Emitter is a *Context of any row type, as Emit and Loopback take it.
type Emitter interface {
	emit(e Emitted)
}

func (c *Context[Row]) emit(e Emitted) { c.emits = append(c.emits, e) }

// Emit sends value to a topic that the graph names with Output.
func Emit[T any](c Emitter, to Topic[T], key string, value T) {
	e := Emitted{Topic: to.Stream(), Key: key, Value: value}
	if to.Stamp != nil {
		e.Stamp = to.Stamp(value)
	}
	c.emit(e)
}

// Tombstone sends a record without a value: in a compacted topic all earlier ones of the key go.
func Tombstone[T any](c Emitter, to Topic[T], key string) {
	c.emit(Emitted{Topic: to.Stream(), Key: key})
}

// Loopback sends value to another key of the group, where the callback given to Loop takes it.
func Loopback[T any](c Emitter, key string, value T) { c.emit(Emitted{Key: key, Value: value}) }

// Key returns the key of the record, timer or row at hand.
func (c *Context[Row]) Key() string { return c.goka.Key() }

// Partition returns the partition that the callback runs under.
func (c *Context[Row]) Partition() int32 { return c.goka.Partition() }

// Source returns the coordinates of the record at hand: of its own topic, not of what it stems from.
func (c *Context[Row]) Source() Coordinates {
	if c.source.Key == nil { // few callbacks ask
		c.source.Key = []byte(c.goka.Key())
	}
	return c.source
}

// Raw returns the bytes of the record at hand, nil in timers and sweeps. They must not be changed.
func (c *Context[Row]) Raw() []byte { return c.raw }

// Headers returns the headers of the record at hand.
func (c *Context[Row]) Headers() map[string][]byte { return c.goka.Headers() }

// Row returns the key's row as left by this callback, and whether there is one.
func (c *Context[Row]) Row() (Row, bool) {
	if !c.loaded {
		c.loaded = true
		if v := c.goka.Value(); v != nil {
			c.row, c.has = v.(Row)
		}
	}
	return c.row, c.has
}

// SetRow replaces the key's row.
func (c *Context[Row]) SetRow(row Row) {
	c.row, c.has, c.loaded, c.changed = row, true, true, true
}

// DeleteRow removes the key's row; its changelog gets a tombstone.
func (c *Context[Row]) DeleteRow() {
	var none Row
	c.row, c.has, c.loaded, c.changed = none, false, true, true
}

// Keep makes next the key's row in place of row: there is nothing to do if it is the same, and nil removes it.
func Keep[Row any](c *Context[*Row], row, next *Row) {
	switch next {
	case row:
	case nil:
		c.DeleteRow()
	default:
		c.SetRow(next)
	}
}

// Watermark returns the event time before which nothing more is expected on this partition; zero if nothing is known.
// In a group with WallClock it is now, see there.
func (c *Context[Row]) Watermark() time.Time {
	if t, ok := c.goka.(Transport); ok {
		return t.Watermark()
	}
	return time.Time{}
}

// Advance tells that event time t was seen, for inputs with OwnTime whose topic has no EventTime. It moves the
// watermark at the end of the transaction; in timers, sweeps and records of other topics it does nothing.
func (c *Context[Row]) Advance(t time.Time) { c.advance = append(c.advance, t) }

// SetTimer asks for a call of the group's timer callback under this key once the watermark reaches due, at millisecond
// precision, rounded up. The same (key, due, name) twice is one timer. One for the past is called when the watermark
// next rises (with WallClock: soon, in a later transaction). Timers survive restarts and rebalances and are not
// cancelled: the callback checks its row.
func (c *Context[Row]) SetTimer(due time.Time, name string) {
	c.timers = append(c.timers, Timer{due, name})
}

// Add adds n to a sum that the partition keeps beside its rows, for whoever reads the table (engine/sum): what rows
// that are deleted had to say of a whole, say. It counts with the callback's row and emits, once, or not at all. The
// sum is kept under its name for good. n must not be changed.
func (c *Context[Row]) Add(sum string, n *big.Int) { c.sums = append(c.sums, Sum{sum, n}) }

// Finishes tells that what arrived at a time is done with this callback's effects. The transport measures how long that
// took, up to the commit of the transaction. Zero: it is not known, and not measured.
func (c *Context[Row]) Finishes(arrived time.Time) {
	if !arrived.IsZero() {
		c.finished = append(c.finished, arrived)
	}
}

// DeadLetter files a record that cannot be used, see DeadLetter for the defaults.
func (c *Context[Row]) DeadLetter(d DeadLetter) { c.deadLetters = append(c.deadLetters, d) }

// discard undoes everything that a failed callback asked for.
func (c *Context[Row]) discard() {
	var none Row
	c.row, c.has, c.loaded, c.changed = none, false, false, false
	c.emits, c.deadLetters, c.timers, c.sums, c.advance, c.finished = nil, nil, nil, nil, nil, nil
}

// reject undoes what the callback asked for. Its record becomes a dead letter, or ends the processor.
func (c *Context[Row]) reject(d DeadLetter) {
	c.discard()
	if c.policy == Halt {
		c.halted = fmt.Errorf("%w by %s (key %.64q): %s: %.512s", ErrHalted, c.source, c.Key(), d.Reason, d.Detail)
		return
	}
	c.DeadLetter(d)
}

// flush applies what is buffered beside row and emits. It runs outside recover: a failing goka context panics on
// purpose, and goka deadlocks if that panic is caught.
func (c *Context[Row]) flush() {
	if c.halted != nil {
		c.goka.Fail(c.halted)
		return
	}
	c.flushDeadLetters()
	c.flushTime()
	if o, ok := c.goka.(Observer); ok {
		for _, arrived := range c.finished {
			o.Finished(arrived)
		}
	}
}

// write applies row, emits and timers: all of them, or it says why not. Outside of recover, as flush.
func (c *Context[Row]) write() error {
	if !c.changed && len(c.emits) == 0 && len(c.timers) == 0 && len(c.sums) == 0 {
		return nil
	}
	if w, ok := c.goka.(Writer); ok {
		x := Effects{Changed: c.changed, Emits: c.emits, Timers: c.timers, Sums: c.sums}
		if c.has {
			x.Row = c.row
		}
		c.timers, c.sums = nil, nil
		return w.Write(x)
	}
	switch {
	case c.changed && c.has:
		c.goka.SetValue(c.row)
	case c.changed:
		c.goka.Delete()
	}
	for _, e := range c.emits {
		if e.Topic == "" {
			c.goka.Loopback(e.Key, e.Value)
		} else {
			c.goka.Emit(e.Topic, e.Key, e.Value)
		}
	}
	return nil
}

func (c *Context[Row]) flushDeadLetters() {
	if len(c.deadLetters) == 0 {
		return
	}
	limit := DeadLetterLimit + 32<<10
	if w, ok := c.goka.(Writer); ok {
		limit = min(limit, w.RecordLimit())
	}
	seen := map[string]int{}
	for _, d := range c.deadLetters {
		if d.Source.Topic == "" {
			d.Source = c.Source()
		}
		if d.Value == nil {
			d.Value = c.raw
		}
		id := d.Source.String()
		if seen[id]++; seen[id] > 1 {
			id += "-" + strconv.Itoa(seen[id]-1)
		}
		value, headers := d.record(c.group.Name, c.goka.Headers(), limit-len(id))
		c.goka.Emit(goka.Stream(c.group.DeadLetters), id, value, goka.WithCtxEmitHeaders(headers))
		if o, ok := c.goka.(Observer); ok {
			o.DeadLettered(d.Reason)
		}
	}
}

func (c *Context[Row]) flushTime() {
	if len(c.timers) > 0 { // write has not taken them
		c.goka.Fail(fmt.Errorf("stream: group %s sets a timer, but its transport has none", c.group.Name))
		return
	}
	if len(c.sums) > 0 {
		c.goka.Fail(fmt.Errorf("stream: group %s keeps sums, but its transport has none", c.group.Name))
		return
	}
	if len(c.advance) == 0 {
		return
	}
	if t, ok := c.goka.(Transport); ok {
		for _, at := range c.advance {
			t.Advance(at)
		}
	}
}
