package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/stream"
)

// letGo is how long a commit holds a rebalance back. It waits for a heartbeat; should the group lose its broker meanwhile,
// that wait ends only if the rebalance is let through.
const letGo = 2 * time.Second

// errOver says that records came for a session that must end.
var errOver = errors.New("engine: session over")

// turn runs one transaction, or finds that there is nothing to do.
func (s *session) turn(ctx context.Context) error {
	defer s.member.session.AllowRebalance()
	began := time.Now()
	n, err := s.fill(ctx, &began)
	if errors.Is(err, errOver) {
		return nil
	}
	if err != nil {
		return err
	}
	s.nextRequest()
	s.tick()
	if n == 0 && s.active == nil && !s.anyDue() {
		return nil
	}
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.settled(); err != nil {
		return err
	}
	served, err := s.callTimers()
	if err != nil {
		return err
	}
	visited, last, err := s.visitSome()
	if err != nil {
		return err
	}
	s.passClocks()
	done := time.Now()
	if err := s.commit(n, done); err != nil {
		if errors.Is(err, errAborted) {
			return nil // all of it comes again
		}
		return err
	}
	s.member.pace.handled(n, done.Sub(began))
	s.answer(served, visited, last)
	return nil
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
	return nil
}

// fill polls and hands out records until the interval is over or the batch full.
func (s *session) fill(ctx context.Context, began *time.Time) (int, error) {
	c := s.engine.config
	budget, n, bytes := s.member.pace.budget(), 0, 0
	s.left.Store(1) // so that marks do not come to 0 before all is handed out
	for n < budget && bytes < c.MaxBytes && (n == 0 || !s.engine.requests.any()) {
		wait := s.pollWait()
		if n > 0 {
			if wait = time.Until(began.Add(c.CommitInterval)); wait <= 0 {
				break
			}
		}
		fetches := s.poll(ctx, wait, budget-n)
		if err := s.check(fetches); err != nil {
			return n, err
		}
		got := fetches.NumRecords()
		if got == 0 {
			break
		}
		if n == 0 && s.over(ctx) {
			s.begun = true // so that tearDown's abort takes the position back
			return 0, errOver
		}
		if n == 0 {
			*began = time.Now()
		}
		if err := s.begin(); err != nil {
			return n, err
		}
		s.engine.pass(AfterPoll)
		n += got
		s.left.Add(int64(got))
		size, err := s.dispatch(fetches)
		if err != nil {
			return n, err
		}
		bytes += size
	}
	s.taken.Add(int64(n))
	return n, nil
}

func (s *session) pollWait() time.Duration {
	if s.active != nil {
		return time.Millisecond // it goes on
	}
	if t := s.engine.config.Tick; t != NoTick {
		return t
	}
	return time.Second
}

// poll waits for records. A request, a stop or a move ends the wait.
func (s *session) poll(ctx context.Context, wait time.Duration, most int) kgo.Fetches {
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-s.moved:
			cancel()
		case <-s.engine.requests.wake:
			cancel()
		case <-over:
		}
	}()
	return s.member.session.PollRecords(bounded, most)
}

// check tells errors that end something from those that pass.
func (s *session) check(fetches kgo.Fetches) error {
	var found error
	fetches.EachError(func(topic string, partition int32, err error) {
		var group *kgo.ErrGroupSession
		var loss *kgo.ErrDataLoss
		switch {
		case found != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.As(err, &group):
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

// dispatch hands records to goka and returns their size.
func (s *session) dispatch(fetches kgo.Fetches) (int, error) {
	size := 0
	var failed error
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if failed != nil || len(p.Records) == 0 {
			return
		}
		c := s.claim(p.Topic, p.Partition)
		if c == nil {
			failed = fmt.Errorf("%w: record of %s/%d, which is not ours", errRenew, p.Topic, p.Partition)
			return
		}
		for _, r := range p.Records {
			size += len(r.Key) + len(r.Value)
			select {
			case c.messages <- messageOf(r):
			case <-s.failed:
				failed = errClaim
				return
			}
		}
		c.took(p.Records[len(p.Records)-1])
	})
	return size, failed
}

// settled waits until all that was handed out is marked.
func (s *session) settled() error {
	if s.left.Add(-1) == 0 {
		return nil
	}
	patience := time.NewTimer(s.engine.config.patience())
	defer patience.Stop()
	select {
	case <-s.marked:
		return nil
	case <-s.failed:
		return errClaim
	case <-patience.C:
		return fmt.Errorf("%w: %d records are not done after %s", ErrBatch, s.left.Load(), s.engine.config.patience())
	}
}

// nextRequest takes up a request, if there is none under way.
func (s *session) nextRequest() {
	if s.active == nil {
		s.active = s.engine.requests.take()
	}
}

// tick lets idle partitions follow the wall clock and begins the sweep that is due.
func (s *session) tick() {
	e := s.engine
	wall := e.config.Clock()
	asked := s.active != nil && s.active.tick
	if !asked && (e.config.Tick == NoTick || time.Since(s.ticked) < e.config.Tick) {
		return
	}
	s.ticked = time.Now()
	if asked {
		s.lookNow()
	}
	behind := map[int32]bool{}
	for _, c := range s.all {
		behind[c.number] = behind[c.number] || c.behind() > 0
	}
	fresh := time.Since(time.Unix(0, s.looked.Load())) < lookAge
	for n, c := range e.assigned() {
		if fresh && !behind[n] {
			c.idle(wall, e.config.IdleAfter)
		}
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
	keys, err := s.slice(next, max(1, visitSlice/max(1, len(next))))
	if err != nil {
		return 0, false, err
	}
	if len(keys) > 0 {
		if n, err = s.visit(r.name, r.meta, keys); err != nil {
			return n, false, err
		}
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
	} else {
		r.n += visited
		r.from = r.next
	}
	if last {
		r.done <- answer{n: r.n}
		s.active = nil
	}
}

// passClocks sends, for each partition whose time moved by clock records, one record to each partition of each output that
// carries time.
func (s *session) passClocks() {
	e := s.engine
	for n, c := range e.assigned() {
		low, ok := c.pass()
		if !ok {
			continue
		}
		for _, edge := range e.graph.carriers {
			value, err := edge.Codec().Encode(stream.Clock{At: low, Source: n, Sources: s.member.partitions})
			if err != nil { // an edge that carries time encodes clocks
				s.member.produced(nil, err)
				return
			}
			for p := range s.member.partitions {
				s.member.produce(&kgo.Record{Topic: edge.Topic(), Partition: p, Key: s.member.clockKeys[p], Value: value})
			}
		}
	}
}

// position is added to transactions that took in no records: kgo would commit no offsets then, and without them the group
// does not notice that the sender no longer owns the partition. It says what is committed already, as the client read it
// once no transaction was pending.
func (s *session) position() func(*kmsg.TxnOffsetCommitRequest) error {
	committed := s.member.client.CommittedOffsets()
	return func(q *kmsg.TxnOffsetCommitRequest) error {
		if len(q.Topics) > 0 {
			return nil
		}
		for _, c := range s.all {
			at, ok := committed[c.topic][c.number]
			if !ok || at.Offset < 0 {
				continue
			}
			p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = c.number, at.Offset, at.Epoch, &q.MemberID
			t := kmsg.NewTxnOffsetCommitRequestTopic()
			t.Topic = c.topic
			t.Partitions = append(t.Partitions, p)
			q.Topics = append(q.Topics, t)
			return nil
		}
		return nil
	}
}
