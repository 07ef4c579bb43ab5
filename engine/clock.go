package engine

import (
	"maps"
	"sync"
	"time"

	"github.com/millrace/millrace/stream"
)

// clock is the event time and the timers of one assigned partition. It is the one place that knows how event time comes
// about; sessions tell it what happens and ask what is due. What a transaction changed is kept by commit and undone by
// abort: records that come again must find the time that they found before.
//
// Time is the largest that earlier records carried, the minimum over all sources of the clock records that came in, and,
// once the partition is idle and read to its end, the wall time passed since its last record. It is not stored: a session
// rebuilds it from the rows, see stream.Timers.
type clock struct {
	number int32

	mu   sync.Mutex
	is   moment
	kept moment
}

// moment is the state of a clock.
type moment struct {
	watermark time.Time
	seen      time.Time // watermark when event time was last seen
	seenAt    time.Time // wall time of that; zero: never
	sources   map[string]sources
	low       time.Time // minimum over the sources
	passed    time.Time // the last low that was passed on
	timers    timers
}

// sources are the latest clocks of one input topic, by source partition. They are replaced, never changed.
type sources struct {
	at    map[int32]time.Time
	total int32
}

func newClock(number int32) *clock {
	c := &clock{number: number, is: moment{sources: map[string]sources{}, timers: newTimers()}}
	c.commit()
	return c
}

func (m moment) copy() moment {
	m.sources, m.timers = maps.Clone(m.sources), m.timers.copy()
	return m
}

func (c *clock) commit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = c.is.copy()
}

func (c *clock) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.is = c.kept.copy()
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.is.watermark
}

// advance takes in an event time seen at a wall time.
func (c *clock) advance(t, wall time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.is.saw(t, wall)
}

func (m *moment) saw(t, wall time.Time) {
	m.raise(t)
	m.seen, m.seenAt = m.watermark, wall
}

func (m *moment) raise(t time.Time) {
	if t.After(m.watermark) {
		m.watermark = t
	}
}

// source takes in a clock record of a topic.
func (c *clock) source(topic string, r stream.Clock, wall time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	total, source := r.Sources, r.Source
	if total == 0 { // a callback's own word
		total, source = 1, 0
	}
	s := sources{at: map[int32]time.Time{}, total: total}
	if old := c.is.sources[topic]; old.total == total {
		maps.Copy(s.at, old.at)
	}
	if r.At.After(s.at[source]) {
		s.at[source] = r.At
	}
	c.is.sources[topic] = s
	if low, ok := c.is.lowest(); ok && low.After(c.is.low) {
		c.is.low = low
		c.is.saw(low, wall)
	}
}

// lowest is the minimum over all sources of all topics that send clocks, once each source has spoken.
func (m *moment) lowest() (low time.Time, ok bool) {
	for _, s := range m.sources {
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

// pass returns the time that is to be passed on now: a clock promises that nothing earlier follows, so not while a timer
// is due.
func (c *clock) pass() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.is.low.After(c.is.passed) || c.is.timers.anyDue(c.is.watermark) {
		return time.Time{}, false
	}
	c.is.passed = c.is.low
	return c.is.low, true
}

func (c *clock) toPass() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.is.low.After(c.is.passed)
}

// idle lets event time follow the wall clock if nothing came for a while. The caller knows that nothing waits to be read.
func (c *clock) idle(wall time.Time, after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is.seenAt.IsZero() || after < 0 || wall.Sub(c.is.seenAt) < after {
		return
	}
	c.is.raise(c.is.seen.Add(wall.Sub(c.is.seenAt)))
}

func (c *clock) setTimer(due time.Time, key, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.is.timers.set(due, key, name)
}

func (c *clock) anyDue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.is.timers.anyDue(c.is.watermark)
}

// due returns the keys of up to n due timers, in the order in which they must be called; a key may come several times.
func (c *clock) due(n int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.is.timers.due(c.is.watermark, n)
}

func (c *clock) take(key string) (stream.Timer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.is.timers.take(c.is.watermark, key)
}

func (c *clock) timers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.is.timers.tree.Len()
}
