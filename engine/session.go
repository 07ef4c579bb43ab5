package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var _ sarama.ConsumerGroupSession = (*session)(nil)

// session is one assignment, from the set-up of goka's partitions to their clean-up. Its context is not the run's: a
// stop lets the batch under way come to its end.
type session struct {
	member    *member
	engine    *Engine
	processor *goka.Processor
	ctx       context.Context
	cancel    context.CancelFunc
	moved     <-chan struct{}

	claims map[string][]int32
	all    []*claim
	begun  bool // a transaction is open
	began  time.Time
	late   time.Time // when this transaction should come to its end
	slice  int       // how many rows the next transaction visits
	ticked time.Time
	swept  time.Time
	active *request             // visit under way
	parts  map[int32]*partition // not changed any more
	calls  *calls               // of timers, in this transaction
	called int                  // how many it began
	cut    bool                 // something of this transaction is left for the next
	rest   bool                 // the one before left something
	served atomic.Int64         // timers called
	waits  time.Time            // since when input waits for a look-up; zero: it does not
	said   time.Time            // when the log said so

	messages messages

	wake    chan struct{} // marks came that a partition waits for
	stirred chan struct{} // records were handled
	quiet   atomic.Int64  // time between two looks at the inputs, in ns, where nothing comes; 0: something has
	failed  chan struct{} // a claim ended by itself
	fail    func()
}

func (m *member) newSession(h sarama.ConsumerGroupHandler) *session {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moved = make(chan struct{})
	s := &session{
		member: m, engine: m.engine, moved: m.moved, claims: map[string][]int32{}, parts: map[int32]*partition{},
		wake: make(chan struct{}, 1), stirred: make(chan struct{}, 1), failed: make(chan struct{}),
		swept: m.engine.config.Clock(), slice: 1,
	}
	if len(m.fatal) > 0 {
		m.move()
	}
	s.fail = sync.OnceFunc(func() { close(s.failed) })
	s.processor, _ = h.(*goka.Processor)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, topic := range m.topics {
		s.claims[topic] = slices.Sorted(slices.Values(m.assigned[topic]))
		for _, n := range s.claims[topic] {
			if s.parts[n] == nil {
				s.parts[n] = m.engine.newPartition(n, m.partitions)
			}
		}
	}
	return s
}

// errClaim says that goka gave a partition up; Cleanup tells why.
var errClaim = errors.New("engine: a partition stopped")

// runSession runs one session. Errors end the client or the processor.
func (m *member) runSession(ctx context.Context, h sarama.ConsumerGroupHandler) error {
	s := m.newSession(h)
	m.engine.assign(s)
	err := s.setUp(ctx, h)
	var consumers sync.WaitGroup
	if err == nil && !s.over(ctx) {
		err = s.run(ctx, h, &consumers)
	}
	endErr := s.tearDown(h, &consumers, errors.Is(err, errRenew))
	switch {
	case err == nil, errors.Is(err, errClaim) && endErr != nil:
		return endErr
	case errors.Is(err, errRenew) && endErr != nil && !errors.Is(endErr, errRenew):
		return endErr // what goka says is worse
	}
	return err
}

// over tells whether the session must end.
func (s *session) over(ctx context.Context) bool { return ctx.Err() != nil || isClosed(s.moved) }

// setUp lets goka build its partitions and restore their tables, and restores their timers, which may take long:
// rebalances are allowed meanwhile.
func (s *session) setUp(ctx context.Context, h sarama.ConsumerGroupHandler) error {
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-s.moved:
			s.cancel()
		case <-ctx.Done():
			s.cancel()
		case <-done:
		}
	}()
	opened := make(chan error, 1)
	go func() {
		err := s.openTimers()
		if err != nil {
			s.cancel()
		}
		opened <- err
	}()
	err := h.Setup(s)
	if err != nil {
		s.cancel()
	}
	timersErr := <-opened
	switch {
	case s.over(ctx):
		return nil
	case err == nil, timersErr != nil && !errors.Is(timersErr, context.Canceled):
		return timersErr
	}
	return err
}

// openTimers restores the timers of all partitions, beside the tables.
func (s *session) openTimers() error {
	if s.engine.graph.timers == "" {
		return nil
	}
	all, err := s.engine.openTimetables(s.ctx, slices.Collect(maps.Keys(s.parts)))
	for n, t := range all {
		s.parts[n].timers = t
	}
	return err
}

func (s *session) run(ctx context.Context, h sarama.ConsumerGroupHandler, consumers *sync.WaitGroup) error {
	m, e := s.member, s.engine
	if err := s.makeClaims(ctx); err != nil {
		if s.over(ctx) {
			return nil
		}
		return err
	}
	for _, c := range s.all {
		consumers.Go(func() {
			_ = h.ConsumeClaim(s, c) // Cleanup tells what went wrong
			if s.ctx.Err() == nil {
				s.fail()
			}
		})
	}
	// A flag left over from the rebalance that made this session would abort the first transaction. Whether another
	// rebalance began since is seen by moved.
	if _, err := m.session.End(context.Background(), kgo.TryAbort); err != nil {
		return m.judge(err)
	}
	if err := s.restoreTime(); err != nil {
		return err
	}
	m.client.ResumeFetchTopics(m.topics...)
	e.serve(true)
	e.readyOnce.Do(func() { close(e.ready) })
	every := min(s.tickWait(), 200*time.Millisecond)
	consumers.Go(func() { s.watch(every) })
	for !s.over(ctx) {
		if err := s.runTransaction(ctx); err != nil {
			return err
		}
	}
	return nil
}

// makeClaims finds out where each claim begins.
func (s *session) makeClaims(ctx context.Context) error {
	client, err := s.engine.link.acquire()
	if err != nil {
		return err
	}
	defer s.engine.link.release()
	admin, g := kadm.NewClient(client), &s.engine.graph
	committed, err := s.committed(ctx, admin)
	if err != nil {
		return err
	}
	starts, err := offsets(ctx, admin.ListStartOffsets, s.member.topics...)
	if err != nil {
		return fmt.Errorf("%w: %w", errRenew, err)
	}
	for topic, numbers := range s.claims {
		for _, n := range numbers {
			start, _ := starts.Lookup(topic, n)
			next, p := start.Offset, s.parts[n]
			if at, ok := committed.Lookup(topic, n); ok && at.At >= 0 {
				next = at.At
				if topic == g.home {
					p.text, p.texted = at.Metadata, at.Metadata
				}
			}
			c := g.newClaim(topic, n, next)
			s.all, p.claims = append(s.all, c), append(p.claims, c)
		}
	}
	return nil
}

// committed returns the group's offsets once no transaction is pending that could change them, or until the session is
// over.
func (s *session) committed(ctx context.Context, admin *kadm.Client) (all kadm.OffsetResponses, err error) {
	ctx, cancel := context.WithCancel(kadm.RequireStable(ctx))
	defer cancel()
	asked := make(chan struct{})
	defer close(asked)
	go func() {
		select {
		case <-s.moved:
			cancel()
		case <-asked:
		}
	}()
	err = patiently(ctx, func() (err error) {
		if all, err = admin.FetchOffsets(ctx, s.engine.graph.group); err == nil {
			err = all.Error()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: committed offsets: %w", errRenew, err)
	}
	return all, nil
}

// tearDown ends goka's partitions, then the transaction: nothing may be produced into the next one. The transaction of
// a client that is to be replaced is ended by its successor, which claims the same transactional id.
func (s *session) tearDown(h sarama.ConsumerGroupHandler, consumers *sync.WaitGroup, renew bool) error {
	m, e := s.member, s.engine
	m.client.PauseFetchTopics(m.topics...)
	s.cancel()
	consumers.Wait()
	_ = s.closeCalls() // Cleanup tells what went wrong
	err := h.Cleanup(s)
	if s.begun && renew {
		s.undo()
	} else if s.begun {
		if endErr := s.abort(); err == nil {
			err = endErr
		}
	}
	for _, p := range s.parts {
		if p.timers != nil {
			p.timers.close()
		}
	}
	e.lose()
	m.session.AllowRebalance()
	s.reply(ErrVisit)
	return err
}

// Claims and the rest is what goka wants of a session.
func (s *session) Claims() map[string][]int32 { return s.claims }

func (s *session) MemberID() string { id, _ := s.member.client.GroupMetadata(); return id }

func (s *session) GenerationID() int32 { _, n := s.member.client.GroupMetadata(); return n }

func (s *session) MarkOffset(_ string, number int32, _ int64, _ string) { s.mark(number) }
func (s *session) MarkMessage(m *sarama.ConsumerMessage, _ string)      { s.mark(m.Partition) }
func (s *session) Commit()                                              {}
func (s *session) ResetOffset(string, int32, int64, string)             {}
func (s *session) Context() context.Context                             { return s.ctx }

// assign begins a session.
func (e *Engine) assign(s *session) {
	e.serve(false)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.opens, e.partitions = s.ctx, s.parts
	e.show()
}

// lose ends a session.
func (e *Engine) lose() {
	e.serve(false)
	e.config.Metrics.forget(e.graph.group, e.graph.table)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.opens, e.partitions, e.tables = nil, nil, map[int32]*table{}
	e.show()
}
