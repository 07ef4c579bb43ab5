package stock

import (
	"sync"
	"time"

	"github.com/millrace/millrace/stream"
)

// partition holds the event time and the timers of one assigned partition, from assignment to loss.
type partition struct {
	number int32

	mu        sync.Mutex
	watermark time.Time
	seen      time.Time // watermark when event time was last seen
	seenAt    time.Time // wall time of that; zero: never
	clocks    map[string]sources
	passed    time.Time // event time of the last clock passed on
	timers    timers
	claims    map[string]*claim
}

// sources are the latest clocks of one input topic, by source partition.
type sources struct {
	at    map[int32]time.Time
	total int32
}

func newPartition(number int32) *partition {
	return &partition{number: number, clocks: map[string]sources{}, timers: newTimers(), claims: map[string]*claim{}}
}

func (p *partition) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.watermark
}

// advance takes in an event time seen at a wall time.
func (p *partition) advance(t, wall time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raise(t)
	p.seen, p.seenAt = p.watermark, wall
}

func (p *partition) raise(t time.Time) {
	if t.After(p.watermark) {
		p.watermark = t
	}
}

// clock takes in a clock record of a topic. It returns the new minimum over the topic's sources if that must be passed on.
func (p *partition) clock(topic string, c stream.Clock, wall time.Time) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	total, source := c.Sources, c.Source
	if total == 0 { // a callback's own word
		total, source = 1, 0
	}
	s := p.clocks[topic]
	if s.total != total {
		s = sources{at: map[int32]time.Time{}, total: total}
	}
	if c.At.After(s.at[source]) {
		s.at[source] = c.At
	}
	p.clocks[topic] = s
	low, ok := p.lowestClock()
	if !ok || !low.After(p.passed) {
		return time.Time{}, false
	}
	p.passed = low
	p.raise(low)
	p.seen, p.seenAt = p.watermark, wall
	return low, true
}

// lowestClock is the minimum over all sources of all topics that send clocks, once each source has spoken.
func (p *partition) lowestClock() (low time.Time, ok bool) {
	for _, s := range p.clocks {
		if len(s.at) < int(s.total) {
			return time.Time{}, false
		}
		for _, at := range s.at {
			if !ok || at.Before(low) {
				low, ok = at, true
			}
		}
	}
	return low, ok
}

// idle lets event time follow the wall clock if nothing came for a while and nothing waits to be read: a slow reader is
// not an idle input.
func (p *partition) idle(wall time.Time, after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seenAt.IsZero() || after < 0 || wall.Sub(p.seenAt) < after {
		return
	}
	for _, c := range p.claims {
		if c.behind() > 0 {
			return
		}
	}
	p.raise(p.seen.Add(wall.Sub(p.seenAt)))
}

func (p *partition) setTimer(due time.Time, key, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timers.set(due, key, name)
}

func (p *partition) anyDue() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, ok := p.timers.tree.Min()
	return ok && !first.due.After(p.watermark)
}

func (p *partition) dueKeys() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.timers.due(p.watermark)
}

func (p *partition) take(key string) (stream.Timer, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.timers.take(p.watermark, key)
}
