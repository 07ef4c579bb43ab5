package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/stream"
)

// maxRebalanceDelay is how long a commit holds a rebalance back. The commit waits for a heartbeat. If the group loses
// its broker meanwhile, that wait ends only if the rebalance is let through.
const maxRebalanceDelay = 2 * time.Second

// errSessionOver: records were polled for a session that must end.
var errSessionOver = errors.New("engine: session over")

// runTransaction runs one transaction, or finds that there is nothing to do.
func (s *session) runTransaction(ctx context.Context) error {
	defer s.member.session.AllowRebalance()
	s.rest, s.cut = s.cut, false
	s.begins()
	n, waited := 0, s.waiting()
	if !s.waitForLookups(ctx) {
		var err error
		n, err = s.fill(ctx)
		if errors.Is(err, errSessionOver) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if n == 0 {
		s.begins()
	}
	s.nextRequest()
	s.tick()
	if n == 0 && s.active == nil {
		if work, err := s.pending(); err != nil || !work {
			return err
		}
	}
	served := s.served.Load()
	if err := s.completeBatch(); err != nil {
		return err
	}
	visited, last, err := s.visitSome()
	if err != nil {
		return err
	}
	s.forward()
	done := time.Now()
	if err := s.commit(n, done); err != nil {
		if errors.Is(err, errAborted) {
			return nil // all of it comes again
		}
		return err
	}
	s.member.pace.handled(waited+n-s.waiting(), done.Sub(s.began))
	if n > 0 {
		s.stir()
	}
	s.answer(s.served.Load()-served, visited, last)
	return nil
}

// begins notes that the work of a transaction begins now.
func (s *session) begins() {
	s.began = time.Now()
	s.late = s.began.Add(s.engine.config.enough())
}

// completeBatch brings the transaction to the point where nothing is open: all records are marked, due timers were
// called, and event time is what forward will send.
func (s *session) completeBatch() error {
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.drain(); err != nil {
		return err
	}
	wall := s.engine.config.Clock()
	for _, p := range s.parts {
		if p.time != nil {
			p.observeEventTimes(wall)
		}
	}
	if err := s.drain(); err != nil {
		return err
	}
	return s.closeCalls()
}

// begin opens the transaction.
func (s *session) begin() error {
	if s.begun {
		return nil
	}
	if err := s.member.session.Begin(); err != nil {
		return s.member.judge(err)
	}
	s.begun = true
	latest, wall := s.engine.config.latest(), s.engine.config.Clock()
	for _, p := range s.parts {
		if s.engine.graph.wall && p.time.Reach(wall.UnixMilli()) {
			p.adoptWatermark(wall)
		}
		for _, c := range p.claims {
			c.future = latest
		}
		s.announceActive(p)
	}
	return nil
}

// fill polls and hands out records until the interval is over or the batch full.
func (s *session) fill(ctx context.Context) (int, error) {
	c := s.engine.config
	budget, n, bytes := s.member.pace.budget()-s.waiting(), 0, 0
	for n < budget && bytes < c.MaxBytes && (n == 0 || !s.engine.requests.any()) {
		var wait time.Duration
		if n == 0 {
			wait = s.pollWait()
		} else if wait = time.Until(s.began.Add(c.CommitInterval)); wait <= 0 {
			break
		}
		fetches, woken := s.poll(ctx, wait, budget-n)
		if err := s.check(fetches); err != nil {
			return n, err
		}
		got := fetches.NumRecords()
		if got == 0 && !woken {
			break
		}
		if n == 0 && s.over(ctx) {
			s.begun = true // so that tearDown's abort takes the position back
			return 0, errSessionOver
		}
		if n == 0 {
			s.begins()
		}
		if got > 0 {
			s.engine.pass(AfterPoll)
		}
		n += got
		size, err := s.buffer(fetches)
		if err != nil {
			return n, err
		}
		bytes += size
		if !s.begun {
			continue
		}
		if err := s.dispatchReady(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// pollWait is how long to wait for records: until the next tick, or what is due by the wall clock before it.
func (s *session) pollWait() time.Duration {
	wait := s.tickWait()
	if s.active != nil || s.rest || s.engine.config.Tick == NoTick {
		return wait
	}
	if !s.engine.graph.current() { // else a table may become too old meanwhile
		wait = max(wait, min(time.Duration(s.quiet.Load()), mostQuiet))
	}
	if s.engine.graph.wall {
		wait = max(time.Millisecond, s.untilDue(wait))
	}
	return wait
}

// mostQuiet bounds the time between two ticks of a group that nothing reaches.
const mostQuiet = time.Second

// tickWait is how long a session with nothing to do does nothing.
func (s *session) tickWait() time.Duration {
	if s.active != nil || s.rest {
		return time.Millisecond // it goes on
	}
	if t := s.engine.config.Tick; t != NoTick {
		return t
	}
	return time.Second
}

// untilDue returns the time until the wall clock passes the next timer or heartbeat, at most most.
func (s *session) untilDue(most time.Duration) time.Duration {
	wall, beat := s.engine.config.Clock(), s.engine.graph.beat
	for _, p := range s.parts {
		now := p.now.Load()
		if beat > 0 {
			most = min(most, timeOf(now).Add(beat).Sub(wall))
		}
		if p.timers == nil {
			continue
		}
		if due, err := p.timers.due(); err == nil { // else pending says so
			most = min(most, time.UnixMilli(max(due, now+1)).Sub(wall))
		}
	}
	return most
}

// poll waits for records. A request, a stop or a move ends the wait, and marks that a partition waits for: woken.
func (s *session) poll(ctx context.Context, wait time.Duration, most int) (fetches kgo.Fetches, woken bool) {
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	over, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-s.moved:
			cancel()
		case <-s.engine.requests.wake:
			cancel()
		case <-s.wake:
			woken = true
			cancel()
		case <-over:
		}
	}()
	fetches = s.member.session.PollRecords(bounded, most)
	close(over)
	<-watched
	return fetches, woken
}

// check tells errors that end something from those that pass.
func (s *session) check(fetches kgo.Fetches) error {
	var found error
	fetches.EachError(func(topic string, partition int32, err error) {
		var group *kgo.ErrGroupSession
		var loss *kgo.ErrDataLoss
		switch {
		case found != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
			errors.As(err, &group):
		case errors.Is(err, kgo.ErrClientClosed), errors.Is(err, kerr.UnknownServerError), kerr.IsRetriable(err):
			found = fmt.Errorf("%w: %w", errRenew, err)
		case errors.Is(err, kerr.OffsetOutOfRange), errors.As(err, &loss):
			found = fmt.Errorf("%w: %s/%d: %w", ErrDataLoss, topic, partition, err)
		default:
			found = fmt.Errorf("engine: input %s/%d: %w", topic, partition, err)
		}
	})
	return found
}

// buffer appends fetched records to their partitions' queues, and returns their size. A partition that was idle first
// announces that it is active.
func (s *session) buffer(fetches kgo.Fetches) (size int, failed error) {
	wall := s.engine.config.Clock().UnixMilli()
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		if failed != nil || len(f.Records) == 0 {
			return
		}
		p := s.parts[f.Partition]
		var c *claim
		if p != nil {
			c = p.claim(f.Topic)
		}
		if c == nil {
			failed = fmt.Errorf("%w: record of %s/%d, which is not ours", errRenew, f.Topic, f.Partition)
			return
		}
		for _, r := range f.Records {
			size += len(r.Key) + len(r.Value)
		}
		p.buffer(c, f.Records)
		if failed = s.begin(); failed == nil && p.time != nil {
			p.time.Fetched(c.topic, wall)
			s.announceActive(p)
		}
	})
	return size, failed
}

// nextRequest takes up a request, if there is none under way.
func (s *session) nextRequest() {
	if s.active == nil {
		s.active = s.engine.requests.pop()
	}
}

// tick takes up what is known of idle inputs and begins the sweep that is due.
func (s *session) tick() {
	e := s.engine
	wall := e.config.Clock()
	asked := s.active != nil && s.active.tick
	if !asked && (e.config.Tick == NoTick || time.Since(s.ticked) < e.config.Tick) {
		return
	}
	s.ticked = time.Now()
	if asked {
		s.checkEndsNow()
	}
	for _, p := range s.parts {
		p.observeEnds(wall)
		s.warn(p, wall)
	}
	if e.config.Tick != NoTick && e.graph.sweeps && s.active == nil && wall.Sub(s.swept) >= e.config.SweepEvery {
		s.swept = wall
		s.active = &request{name: stream.SweepVisit, done: make(chan answer, 1)}
	}
}

// visitSome calls the visitor asked for, for some rows, and tells whether they were the last.
func (s *session) visitSome() (n int64, last bool, err error) {
	r := s.active
	if r == nil || r.tick {
		return 0, true, nil
	}
	if r.from == nil {
		r.from = s.cursors()
	}
	next := maps.Clone(r.from)
	keys, err := s.list(next, max(1, s.slice/max(1, len(next))))
	if err != nil {
		return 0, false, err
	}
	if len(keys) > 0 {
		began := time.Now()
		if n, err = s.visit(r.name, r.meta, keys); err != nil {
			return n, false, err
		}
		s.slice = nextSlice(s.slice, time.Since(began), s.engine.config.enough())
	}
	r.next = next
	return n, len(next) == 0, nil
}

// answer tells the asker what was done, once it is committed.
func (s *session) answer(served, visited int64, last bool) {
	r := s.active
	if r == nil {
		return
	}
	if r.tick {
		r.n += served
		last = !s.cut
	} else {
		r.n += visited
		r.from = r.next
	}
	if last {
		r.done <- answer{n: r.n}
		s.active = nil
	}
}
