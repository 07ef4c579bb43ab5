package engine

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/watermark"
)

// dispatchReady dispatches what is buffered, of each partition as much as its watermark and timers allow now.
func (s *session) dispatchReady() error {
	for _, p := range s.parts {
		marks, err := s.advance(p)
		if err != nil {
			return err
		}
		if marks > 0 && !p.await(marks) { // they have come meanwhile
			s.signal()
		}
	}
	return nil
}

// advance hands out records of a partition in the order of their logs, until none is left, until this transaction has
// enough, or until it waits for marks: of others, while as many are open as may be, or of all, since a watermark that
// rose lets records behind it pass only when those before it are done and its timers were called. Other partitions need
// not wait. It returns how many marks it waits for, 0 for none.
func (s *session) advance(p *partition) (marks int64, err error) {
	for {
		step := watermark.Read
		if p.resume {
			if step, err = p.step(); err != nil {
				return 0, err
			}
			p.resume = step != watermark.Read
		}
		if step == watermark.Wait {
			return p.dispatched, nil
		}
		if step == watermark.Read && p.empty() {
			return 0, nil
		}
		if step == watermark.Fire && s.spent() {
			s.cut = true
			return 0, nil
		}
		if ok, marks := p.admit(s.late); !ok {
			s.cut = s.cut || marks == 0
			return marks, nil
		}
		if step == watermark.Fire {
			err = s.call(p)
		} else {
			err = s.dispatch(p.next())
		}
		if err != nil {
			return 0, err
		}
	}
}

// dispatch applies a watermark of another group, or gives a record to goka.
func (s *session) dispatch(c *claim, r *kgo.Record) error {
	p := s.parts[c.number]
	c.dispatched = r.Offset + 1
	if w, ok := c.carried(r); ok {
		if p.time.Observe(c.topic, w) {
			p.adoptWatermark(s.engine.config.Clock())
		}
		return nil
	}
	if p.time != nil {
		c.stamp(r.Offset, p.now.Load())
	}
	p.dispatch()
	m := s.messages.of(r)
	select {
	case c.messages <- m: // alone it costs a third
		return nil
	default:
	}
	select {
	case c.messages <- m:
		return nil
	case <-s.failed:
		return errClaim
	}
}

// spent tells whether this transaction has called enough timers: the others are called by the next, before anything
// else.
func (s *session) spent() bool {
	return s.called >= s.engine.config.MaxRecords || s.called >= leastBatch &&
		time.Since(s.began) > s.engine.config.CommitInterval
}

// drain goes on until nothing is open: all is handed out and marked, but for what is cut off for the next transaction.
func (s *session) drain() error {
	limit := s.engine.config.longest()
	patience := time.NewTimer(time.Until(s.began.Add(limit)))
	defer patience.Stop()
	for {
		again, open := false, false
		for _, p := range s.parts {
			marks, err := s.advance(p)
			if err != nil {
				return err
			}
			waits := marks > 0
			if !waits {
				marks = p.dispatched
			}
			if p.await(marks) {
				open = true
			} else if waits {
				again = true // the marks have come meanwhile
			}
		}
		if again {
			continue
		}
		if !open {
			break
		}
		select {
		case <-s.wake:
		case <-s.failed:
			return errClaim
		case <-patience.C:
			return s.tooLong(limit)
		}
	}
	for _, c := range s.all {
		c.recordPolled()
	}
	return nil
}

// tooLong names what is not done: of each partition the callback that began last.
func (s *session) tooLong(limit time.Duration) error {
	var where []string
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		p := s.parts[n]
		if p.open() == 0 {
			continue
		}
		if c := p.running.Load(); c != nil {
			where = append(where, fmt.Sprintf("%s/%d offset %d, key %q", c.Topic(), n, c.Offset(), c.Key()))
		}
	}
	return fmt.Errorf("%w: after %s these are not done: %s", ErrBatch, limit, strings.Join(where, "; "))
}

func (s *session) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// mark counts a record whose callback and emits are done.
func (s *session) mark(number int32) {
	if s.parts[number].mark() {
		s.signal()
	}
}

// waiting returns how many polled records were cut off.
func (s *session) waiting() int {
	n := 0
	for _, p := range s.parts {
		n += p.waiting()
	}
	return n
}

// pending tells whether there is something to do without new records.
func (s *session) pending() (bool, error) {
	for _, p := range s.parts {
		if len(p.queue) > 0 {
			return true, nil
		}
		if p.time == nil {
			continue
		}
		if p.resume {
			step, err := p.step()
			if err != nil || step != watermark.Read {
				return true, err
			}
			p.resume = false
		}
		p.passMarks()
		if s.engine.graph.wall && s.engine.config.Tick != NoTick {
			wall := s.engine.config.Clock()
			if due, err := p.overdue(wall); due || err != nil {
				return due, err
			}
			if beat := s.engine.graph.beat; beat > 0 && wall.Sub(timeOf(p.now.Load())) >= beat {
				return true, nil
			}
		}
		if len(s.engine.graph.carriers) > 0 && p.time.HasUpdate() {
			return true, nil
		}
	}
	return false, nil
}

// announceActive announces, before anything else of the transaction, that a partition is no longer idle.
func (s *session) announceActive(p *partition) {
	if p.time == nil || len(s.engine.graph.carriers) == 0 {
		return
	}
	if w, ok := p.time.AnnounceActive(); ok {
		s.announce(w)
	}
}

// forward announces the watermark of each partition, now that its timers were called.
func (s *session) forward() {
	for _, p := range s.parts {
		if p.time == nil || len(s.engine.graph.carriers) == 0 {
			continue
		}
		p.passMarks()
		if w, ok := p.time.Forward(); ok {
			s.announce(w)
		}
	}
}

// announce sends a watermark to every partition of every output that carries event time.
func (s *session) announce(w watermark.Record) {
	value := w.Append(nil)
	for _, topic := range s.engine.graph.carriers {
		for n := range s.member.partitions {
			s.member.produce(&kgo.Record{Topic: topic, Partition: n, Key: s.member.clockKeys[n], Value: value})
		}
	}
}

const (
	// stallAfter is how long the watermark may stand still before a warning names the source it waits for, and
	// warnEvery the time between two such warnings.
	stallAfter = 30 * time.Second
	warnEvery  = 5 * time.Minute
)

// warn logs which source the watermark waits for.
func (s *session) warn(p *partition, wall time.Time) {
	if p.time == nil || wall.Sub(p.rose) < stallAfter || wall.Sub(p.warned) < warnEvery {
		return
	}
	slowest := p.time.Slowest()
	if slowest.Topic == "" {
		return // nobody has said anything yet
	}
	p.warned = wall
	level := slog.LevelWarn
	if s.engine.config.MayStand {
		level = slog.LevelInfo
	}
	s.engine.config.Logger.Log(context.Background(), level, "event time stands still", "group", s.engine.graph.group,
		"partition", p.number,
		"watermark", timeOf(p.time.Watermark()), "since", p.rose, "waits_for_topic", slowest.Topic, "waits_for_group",
		slowest.Origin,
		"waits_for_partition", slowest.Source, "at", timeOf(slowest.Time))
}
