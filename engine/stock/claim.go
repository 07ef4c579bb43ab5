package stock

import "sync"

// claim follows one topic of an assigned partition: what is under way, what is done, what is left.
type claim struct {
	topic     string
	partition int32
	offsets   *Offsets

	mu      sync.Mutex
	running int
	next    int64        // one past the highest record done
	highest func() int64 // high watermark as of the last fetch; nil until consumption begins
}

func (c *claim) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running++
}

// done tells that a record and all it emitted is acknowledged. Marks may come out of order, so the offsets that others wait
// for move on only when nothing is under way.
func (c *claim) done(next int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	c.next = max(c.next, next)
	if c.running == 0 {
		c.offsets.raise(c.partition, c.next)
	}
}

func (c *claim) start(next int64, highest func() int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.highest = highest
	c.next = max(c.next, next)
	if c.running == 0 {
		c.offsets.raise(c.partition, c.next)
	}
}

// behind returns the number of records not yet done, at least 1 before consumption begins.
func (c *claim) behind() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.highest == nil {
		return 1
	}
	return max(0, c.highest()-c.next)
}
