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
	handed  int64 // offset after the last record that had its turn
	future  int64 // latest event time that is believed in this transaction
	told    int64 // place that the group knows
	telling int64 // as told, with the transaction under way

	// Of callbacks, and of the session while none runs.
	advanced int64 // largest event time seen in this transaction

	mu     sync.Mutex
	next   int64 // everything below is committed, or is nothing to handle
	polled int64 // as next, with the transaction under way
	end    int64 // last known end of what may be read; -1: not known
	stamps []stamp
	look   look
}

// stamp is the watermark that callbacks see from a record on.
type stamp struct{ from, watermark int64 }

// look is what the last look at the claim's end found, for the session to take up once.
type look struct {
	fetches int64 // how often records came
	before  int64 // fetches at the look before
	at      time.Time
	atEnd   bool
	fresh   bool
}

func (g *graph) newClaim(topic string, number int32, next int64) *claim {
	t, input := g.times[topic]
	c := &claim{
		topic: topic, number: number, input: input, time: t, offsets: g.offsets[topic], messages: make(chan *sarama.ConsumerMessage, channelSize),
		handed: next, told: next, telling: next, advanced: watermark.None, next: next, polled: next, end: -1,
	}
	c.offsets.raise(number, next)
	return c
}

// fetched voids looks: records came.
func (c *claim) fetched() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look.fetches++
	c.look.fresh = false
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

// confirm takes over how far the transaction got.
func (c *claim) confirm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polled = max(c.polled, c.handed)
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
	c.handed, c.told = c.next, c.telling
	c.offsets.raise(c.number, c.next)
}

func (c *claim) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polled, c.handed, c.telling = c.next, c.next, c.told
	c.stamps, c.advanced = nil, watermark.None
}

// begin returns where a look begins, and which fetches it knows of; quiet: none since the look before.
func (c *claim) begin() (next, fetches int64, quiet bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	quiet = c.look.before == c.look.fetches
	c.look.before = c.look.fetches
	return c.next, c.look.fetches, quiet
}

// looked takes in what a look at the log found: nothing to handle from next up to clear, and the end of what may be
// read. Behind open transactions there may be more.
func (c *claim) looked(clear, end int64, open bool, fetches int64, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == c.polled { // else a transaction is under way
		c.next = max(c.next, clear)
		c.polled = c.next
		c.offsets.raise(c.number, c.next)
	}
	c.end = max(end, c.next)
	if fetches == c.look.fetches {
		c.look.at, c.look.atEnd, c.look.fresh = at, clear >= end && !open, true
	}
}

// found returns what the last look found, once. Not ok: there was none since, or records came.
func (c *claim) found() (at time.Time, atEnd, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ok, c.look.fresh = c.look.fresh, false
	return c.look.at, c.look.atEnd, ok
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
