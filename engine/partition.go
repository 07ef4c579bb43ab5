package engine

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// partition is one assigned partition while it is ours: records that wait for their turn, event time and timers.
// Package watermark decides on time, and its documentation numbers the steps; what a transaction changed is kept by
// commit and undone by abort, so that records that come again find the time that they found before.
type partition struct {
	number int32
	claims []*claim
	time   *watermark.Partition // nil: no input has event time, and the group does not go by the wall clock
	timers *timetable           // nil: the group has none

	// Of the session's goroutine.
	queue      []batch // polled, and not yet handed out
	kept       []batch // queue as of the last commit
	dispatched int64   // records and timer calls that goka was given
	passed     int64   // marks that were passed to time
	resume     bool    // time may have something to do before the next record
	rose       time.Time
	warned     time.Time
	text       string            // time as last committed, where there is no table
	texted     string            // as text, with the transaction under way
	wrote      position.Position // as last written

	window window
	began  int64 // dispatched when the transaction began

	running atomic.Pointer[callContext] // the callback that began last
	marked  atomic.Int64                // records and timer calls that are done
	awaited atomic.Int64                // marks at which the session goes on; 0: it does not wait
	now     atomic.Int64                // watermark
}

// batch is what one fetch brought of one topic.
type batch struct {
	claim   *claim
	records []*kgo.Record
}

func (e *Engine) newPartition(number, count int32) *partition {
	g := &e.graph
	p := &partition{number: number, resume: true, rose: e.config.Clock(), window: window{slow: e.config.slow()}}
	p.now.Store(watermark.None)
	if len(g.timed) > 0 || g.wall {
		p.time = watermark.New(e.config.time(), g.group, number, count, g.timers != "", g.timed...)
	}
	return p
}

func (p *partition) claim(topic string) *claim {
	for _, c := range p.claims {
		if c.topic == topic {
			return c
		}
	}
	return nil
}

// buffer appends fetched records to the queue.
func (p *partition) buffer(c *claim, records []*kgo.Record) {
	p.queue = append(p.queue, batch{c, records})
	c.fetched()
}

// empty tells whether there is no record whose turn it is.
func (p *partition) empty() bool {
	for len(p.queue) > 0 {
		if len(p.queue[0].records) > 0 {
			return false
		}
		p.queue = p.queue[1:]
	}
	p.queue = nil
	return true
}

// next returns the record whose turn it is; there is one.
func (p *partition) next() (*claim, *kgo.Record) {
	b := &p.queue[0]
	r := b.records[0]
	b.records = b.records[1:]
	return b.claim, r
}

func (p *partition) waiting() int {
	n := 0
	for _, b := range p.queue {
		n += len(b.records)
	}
	return n
}

// step returns what comes before the next record.
func (p *partition) step() (watermark.Step, error) {
	if p.time == nil {
		return watermark.Read, nil
	}
	p.passMarks()
	due := timer.Never
	if p.timers != nil {
		var err error
		if due, err = p.timers.due(); err != nil {
			return watermark.Read, err
		}
	}
	return p.time.Next(due), nil
}

// dispatch counts a record or timer call that goka is given.
func (p *partition) dispatch() {
	p.dispatched++
	p.window.room--
	if p.time != nil {
		p.time.Dispatched()
	}
}

// passMarks passes new marks to time.
func (p *partition) passMarks() {
	for marked := p.marked.Load(); p.passed < marked; p.passed++ {
		if p.time != nil {
			p.time.Marked()
		}
	}
}

// mark counts what is done, and tells whether the session waits for just that.
func (p *partition) mark() bool {
	if p.marked.Add(1) != p.awaited.Load() {
		return false
	}
	p.window.done.Store(time.Now().UnixNano())
	return true
}

// await tells whether there are fewer marks than that. If so, the mark that makes them up wakes the session.
func (p *partition) await(marks int64) bool {
	p.awaited.Store(marks)
	return p.marked.Load() < marks
}

// open is how many records and timer calls that goka was given are not done.
func (p *partition) open() int64 { return p.dispatched - p.marked.Load() }

// admit tells whether goka may be given another record or timer call. If not, it is asked again at that many marks; 0:
// not in this transaction, where late is when it should come to its end.
func (p *partition) admit(late time.Time) (ok bool, marks int64) {
	w := &p.window
	if w.room > 0 {
		return true, 0
	}
	if half := w.size() / 2; p.open() > half {
		return false, p.dispatched - half
	}
	now := time.Now()
	w.topUp(p.marked.Load(), p.open(), now)
	switch {
	case now.After(late) && p.dispatched > p.began: // one round is in each, so that all go on
		w.room = 0
		return false, 0
	case w.room <= 0:
		return false, p.dispatched - w.size()/2
	}
	return true, 0
}

// adoptWatermark makes the watermark that rose visible to callbacks.
func (p *partition) adoptWatermark(wall time.Time) {
	p.now.Store(p.time.Watermark())
	p.resume, p.rose = true, wall
}

// overdue tells whether the wall clock has passed a timer of a wall-timed group that was not called.
func (p *partition) overdue(wall time.Time) (bool, error) {
	now := wall.UnixMilli()
	if p.timers == nil || now <= p.now.Load() { // it would not be called yet
		return false, nil
	}
	due, err := p.timers.due()
	return due <= now, err
}

// observeEventTimes applies the event times that callbacks saw in topics of strangers.
func (p *partition) observeEventTimes(wall time.Time) {
	for _, c := range p.claims {
		if c.advanced != watermark.None && p.time.Seen(c.topic, c.advanced, wall.UnixMilli()) {
			p.adoptWatermark(wall)
		}
		c.advanced = watermark.None
	}
}

// observeEnds applies the last checks of the inputs' ends.
func (p *partition) observeEnds(wall time.Time) {
	if p.time == nil {
		return
	}
	for _, c := range p.claims {
		at, atEnd, ok := c.consumeCheck()
		if ok && p.time.Empty(c.topic, atEnd, at.UnixMilli()) {
			p.adoptWatermark(wall)
		}
	}
	p.time.Tick(wall.UnixMilli())
}

// commit is called when the brokers have committed.
func (p *partition) commit() error {
	if p.timers != nil {
		if err := p.timers.commit(); err != nil {
			return err
		}
	}
	p.kept, p.text = slices.Clone(p.queue), p.texted
	p.began, p.window.room = p.dispatched, 0
	if p.time != nil {
		p.time.Commit()
	}
	for _, c := range p.claims {
		c.commit()
	}
	return nil
}

// abort is called when nothing is open, or at the end of all.
func (p *partition) abort() {
	p.queue = slices.Clone(p.kept)
	p.passed, p.resume, p.wrote, p.texted = p.dispatched, true, nil, p.text
	p.began, p.window.room = p.dispatched, 0
	if p.time != nil {
		p.time.Abort()
		p.now.Store(p.time.Watermark())
	}
	if p.timers != nil {
		p.timers.abort()
	}
	for _, c := range p.claims {
		c.abort()
	}
}

// timeOf turns a watermark into what callbacks see.
func timeOf(ms int64) time.Time {
	if ms == watermark.None {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// ceil returns the millisecond at which a timer is due: not before its time.
func ceil(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

// Watermarks returns the event time of each partition assigned here; zero while nothing is known.
func (e *Engine) Watermarks() map[int32]time.Time {
	at := map[int32]time.Time{}
	for n, p := range e.assigned() {
		at[n] = timeOf(p.now.Load())
	}
	return at
}

// carried tells whether a record is the word of another group, and not for callbacks. What only looks like one is a bad
// record.
func (c *claim) carried(r *kgo.Record) (watermark.Record, bool) {
	if c.time != stream.Watermarked || !watermark.Is(r.Value) {
		return watermark.Record{}, false
	}
	w, err := watermark.Decode(r.Value)
	return w, err == nil
}
