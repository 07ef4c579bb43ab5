package engine

import "time"

// pace bounds a transaction to about one commit interval of work: a poll of a long backlog would make it many times
// that.
type pace struct {
	most     int
	interval time.Duration
	rate     float64 // records handled in a second, as of late; 0: not known
}

const (
	firstBatch = 1000 // while nothing is known
	leastBatch = 1000 // below, transactions cost more than records
	leastKnown = 500  // a smaller batch tells nothing about the rate, unless it was slow
	slow       = 5    // intervals that a batch may take at most, however slow the callbacks are
)

func (p *pace) budget() int {
	if p.rate == 0 {
		return min(firstBatch, p.most)
	}
	inTime := func(intervals float64) int { return int(p.rate * p.interval.Seconds() * intervals) }
	return min(p.most, max(1, inTime(1), min(leastBatch, inTime(slow))))
}

func (p *pace) handled(n int, took time.Duration) {
	if took <= 0 || n < leastKnown && took < slow*p.interval {
		return
	}
	now := float64(n) / took.Seconds()
	if p.rate == 0 {
		p.rate = now
	}
	p.rate = (p.rate + now) / 2
}
