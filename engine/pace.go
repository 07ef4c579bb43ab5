package engine

import "time"

// pace bounds a transaction to about one commit interval of work: a poll of a long backlog would make it many times that.
type pace struct {
	most     int
	interval time.Duration
	rate     float64 // records handled in a second, as of late; 0: not known
}

const (
	firstBatch = 4000 // while nothing is known
	leastBatch = 1000 // below, transactions cost more than records
	leastKnown = 500  // a smaller batch tells nothing about the rate
)

func (p *pace) budget() int {
	if p.rate == 0 {
		return min(firstBatch, p.most)
	}
	return min(p.most, max(leastBatch, int(p.rate*p.interval.Seconds())))
}

func (p *pace) handled(n int, took time.Duration) {
	if n < leastKnown || took <= 0 {
		return
	}
	now := float64(n) / took.Seconds()
	if p.rate == 0 {
		p.rate = now
	}
	p.rate = (p.rate + now) / 2
}
