package engine

import (
	"sync"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

var _ sarama.ConsumerGroupClaim = (*claim)(nil)

// claim is one topic of an assigned partition: what goka reads from, and how far it is.
type claim struct {
	topic    string
	number   int32
	offsets  *Offsets
	messages chan *sarama.ConsumerMessage

	mu     sync.Mutex
	next   int64 // everything below is committed, or is nothing to handle
	polled int64 // as next, with the transaction under way
	end    int64 // last known end of what may be read; -1: not known
}

func newClaim(topic string, number int32, offsets *Offsets, next int64) *claim {
	c := &claim{topic: topic, number: number, offsets: offsets, next: next, polled: next, end: -1,
		messages: make(chan *sarama.ConsumerMessage, channelSize)}
	offsets.raise(number, next)
	return c
}

func (c *claim) took(r *kgo.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polled = r.Offset + 1
}

func (c *claim) commit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = max(c.next, c.polled)
	c.end = max(c.end, c.next)
	c.offsets.raise(c.number, c.next)
}

func (c *claim) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polled = c.next
}

// looked takes in what a look at the log found: nothing to handle from next up to clear, and the end of what may be read.
func (c *claim) looked(clear, end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == c.polled { // else a transaction is under way
		c.next = max(c.next, clear)
		c.polled = c.next
		c.offsets.raise(c.number, c.next)
	}
	c.end = max(end, c.next)
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
