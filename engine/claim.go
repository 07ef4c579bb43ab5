package engine

import (
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

var _ sarama.ConsumerGroupClaim = (*claim)(nil)

// claim is one topic of an assigned partition: what goka reads from, how far it is, and as of when.
type claim struct {
	topic    string
	number   int32
	input    bool // not the loop
	time     stream.Time
	offsets  *Offsets
	messages chan *sarama.ConsumerMessage

	// Of the session's goroutine.
	dispatched int64 // offset after the last record that was dispatched
	future     int64 // latest event time that is believed in this transaction
	committed  int64 // offset that the group has committed
	committing int64 // as committed, with the transaction under way

	// Of callbacks, and of the session while none runs.
	advanced int64 // largest event time seen in this transaction

	mu     sync.Mutex
	next   int64 // everything below is committed, or is nothing to handle
	polled int64 // as next, with the transaction under way
	end    int64 // last known end of what may be read; -1: not known
	stamps []stamp
	check  endCheck
}

// stamp is the watermark that callbacks see from a record on.
type stamp struct{ from, watermark int64 }

// endCheck is what the last check of the claim's end found, for the session to consume once.
type endCheck struct {
	fetches int64 // how often records came
	before  int64 // fetches at the check before
	at      time.Time
	atEnd   bool
	fresh   bool
}

func (g *graph) newClaim(topic string, number int32, next int64) *claim {
	t, input := g.times[topic]
	c := &claim{
		topic: topic, number: number, input: input, time: t, offsets: g.offsets[topic],
		messages:   make(chan *sarama.ConsumerMessage, channelSize),
		dispatched: next, committed: next, committing: next, advanced: watermark.None, next: next, polled: next,
		end: -1,
	}
	c.offsets.raise(number, next)
	return c
}

// fetched voids the last check: records came.
func (c *claim) fetched() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.check.fetches++
	c.check.fresh = false
}

// stamp notes what the records from an offset on see.
func (c *claim) stamp(from, watermark int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.stamps); n == 0 || c.stamps[n-1].watermark != watermark {
		c.stamps = append(c.stamps, stamp{from, watermark})
	}
}

// stamped returns the watermark of a record's place in the log. Records ask in their order.
func (c *claim) stamped(offset int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.stamps) > 1 && c.stamps[1].from <= offset {
		c.stamps = c.stamps[1:]
	}
	if len(c.stamps) == 0 {
		return watermark.None
	}
	return c.stamps[0].watermark
}

// advance takes in an event time that a callback saw.
func (c *claim) advance(at int64) {
	if c.time == stream.OwnTime && at <= c.future {
		c.advanced = max(c.advanced, at)
	}
}

// recordPolled records how far the transaction got.
func (c *claim) recordPolled() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polled = max(c.polled, c.dispatched)
}

// place is the offset to be read next if the transaction under way commits.
func (c *claim) place() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.next, c.polled)
}

func (c *claim) commit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = max(c.next, c.polled)
	c.end = max(c.end, c.next)
	c.dispatched, c.committed = c.next, c.committing
	c.offsets.raise(c.number, c.next)
}

func (c *claim) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polled, c.dispatched, c.committing = c.next, c.next, c.committed
	c.stamps, c.advanced = nil, watermark.None
}

// beginCheck returns where a check begins, and how many fetches it knows of; quiet: none since the check before.
func (c *claim) beginCheck() (next, fetches int64, quiet bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	quiet = c.check.before == c.check.fetches
	c.check.before = c.check.fetches
	return c.next, c.check.fetches, quiet
}

// observeEnd applies a check of the log: there is nothing to handle from next up to clear, and end is the last stable
// offset. With open transactions there may be more behind it.
func (c *claim) observeEnd(clear, end int64, open bool, fetches int64, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == c.polled { // else a transaction is under way
		c.next = max(c.next, clear)
		c.polled = c.next
		c.offsets.raise(c.number, c.next)
	}
	c.end = max(end, c.next)
	if fetches == c.check.fetches {
		c.check.at, c.check.atEnd, c.check.fresh = at, clear >= end && !open, true
	}
}

// consumeCheck returns what the last check found, once. Not ok: there was none since, or records came.
func (c *claim) consumeCheck() (at time.Time, atEnd, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ok, c.check.fresh = c.check.fresh, false
	return c.check.at, c.check.atEnd, ok
}

func (c *claim) position() (next, end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next, c.end
}

// behind returns the number of offsets not yet handled, at least 1 while the end is not known.
func (c *claim) behind() int64 {
	next, end := c.position()
	if end < 0 {
		return 1
	}
	return max(0, end-next)
}

func (c *claim) Topic() string                            { return c.topic }
func (c *claim) Partition() int32                         { return c.number }
func (c *claim) InitialOffset() int64                     { return sarama.OffsetOldest }
func (c *claim) Messages() <-chan *sarama.ConsumerMessage { return c.messages }

func (c *claim) HighWaterMarkOffset() int64 {
	_, end := c.position()
	return end
}
