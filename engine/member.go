package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/stream"
)

// claimTime is how long the transactional id may take to become ours, and with it the predecessor's transaction to end.
const claimTime = 30 * time.Second

// member is a transactional client in its group.
type member struct {
	engine     *Engine
	topics     []string
	partitions int32
	clockKeys  [][]byte // a key of each partition, for watermark records
	session    *kgo.GroupTransactSession
	client     *kgo.Client
	close      func() // kgo's own must not run twice at once
	pace       pace
	changed    chan struct{} // there is a new assignment
	fatal      chan error    // ends the processor

	mu        sync.Mutex
	assigned  map[string][]int32
	moved     chan struct{} // closed when the assignment of the session under way no longer holds
	produceEr error         // the first of the transaction
}

// join makes the client and claims the transactional id at once: kgo would do it at the first produce, and until then
// the transaction of a dead predecessor would hold up every reader. last is the member id of a client that this one
// replaces; nil: it is the first.
func (e *Engine) join(ctx context.Context, topics []string, last *string) (*member, error) {
	parts, err := (&topicManager{e}).Partitions(topics[0])
	if err != nil && !errors.Is(err, ErrTopic) {
		err = fmt.Errorf("%w: %w", errRenew, err)
	}
	if err != nil {
		return nil, err
	}
	if err := e.checkBroker(ctx); err != nil {
		return nil, err
	}
	if last != nil {
		if err := e.checkSlot(ctx, *last); err != nil {
			return nil, err
		}
	}
	m := &member{
		engine: e, topics: topics, partitions: int32(len(parts)), changed: make(chan struct{}, 1),
		fatal:    make(chan error, 1),
		assigned: map[string][]int32{}, moved: make(chan struct{}),
		pace: pace{most: e.config.MaxRecords, interval: e.config.CommitInterval},
	}
	for _, key := range stream.KeysFor(m.partitions) {
		m.clockKeys = append(m.clockKeys, []byte(key))
	}
	opts, err := e.config.Client.Options()
	if err != nil {
		return nil, err
	}
	// kgo closes a client only when the group has answered its join, which may have to wait for a member that is gone.
	// A static member has nothing to tell the group, so requests under way end with the client.
	life, end := context.WithCancel(context.Background())
	if m.session, err = kgo.NewGroupTransactSession(append(opts,
		append(m.options(), kgo.WithContext(life))...)...); err != nil {
		end()
		return nil, fmt.Errorf("engine: %w", err)
	}
	m.client = m.session.Client()
	m.close = sync.OnceFunc(func() {
		end()
		m.session.CloseAllowingRebalance()
	})
	m.client.PauseFetchTopics(topics...) // until the tables are there
	bounded, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	if _, _, err := m.client.ProducerID(bounded); err != nil {
		m.close()
		return nil, m.judge(fmt.Errorf("claim transactional id: %w", err))
	}
	e.mu.Lock()
	e.member = m
	e.show()
	e.mu.Unlock()
	return m, nil
}

func (m *member) options() []kgo.Opt {
	c := m.engine.config
	id := c.identity(m.engine.graph.group)
	return []kgo.Opt{
		kgo.ConsumerGroup(m.engine.graph.group),
		kgo.InstanceID(id),
		kgo.TransactionalID(id),
		kgo.TransactionTimeout(c.TransactionTimeout),
		kgo.SessionTimeout(c.SessionTimeout),
		kgo.HeartbeatInterval(min(c.SessionTimeout/10, time.Second)),
		kgo.RebalanceTimeout(max(c.SessionTimeout, 30*time.Second)),
		kgo.ConsumeTopics(m.topics...),
		// A first start begins at the start; a position that the log no longer has is an error (the default goes back).
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.Balancers(kgo.RangeBalancer()), // goka wants the same partitions of each topic
		kgo.BlockRebalanceOnPoll(),
		kgo.MaxBufferedRecords(1 << 20),
		// Records wait for company until their batch is full or the commit sends them, which waits for nothing.
		kgo.ProducerLinger(min(c.CommitInterval, time.Minute)),
		kgo.FetchMaxWait(longFetchWait),
		kgo.FetchMaxPartitionBytes(max(1<<20, 2*c.Client.MaxRecord)),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
			return func(r *kgo.Record, n int) int {
				if r.Partition != byKey {
					return int(r.Partition)
				}
				return int(stream.Partition(r.Key, int32(n)))
			}
		})),
		kgo.OnPartitionsAssigned(m.onAssigned),
		kgo.OnPartitionsRevoked(m.onRevoked),
		kgo.OnPartitionsLost(m.onRevoked),
		kgo.WithHooks(m.hooks()...),
	}
}

// onAssigned takes over a whole assignment, as an eager balancer hands it out. What was assigned before is gone,
// whether or not that was said: when a session of the group fails while its revocation waits for us, kgo can forget to
// tell.
func (m *member) onAssigned(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.assigned = parts
	m.move()
	select {
	case m.changed <- struct{}{}:
	default: // it is known already
	}
}

func (m *member) onRevoked(_ context.Context, client *kgo.Client, parts map[string][]int32) {
	client.PauseFetchTopics(m.topics...) // no record of the next assignment before its tables are there
	m.mu.Lock()
	defer m.mu.Unlock()
	for topic, gone := range parts {
		m.assigned[topic] = slices.DeleteFunc(m.assigned[topic], func(p int32) bool { return slices.Contains(gone, p) })
	}
	m.move()
}

// move ends the session under way. The caller holds the lock.
func (m *member) move() {
	if !isClosed(m.moved) {
		close(m.moved)
	}
}

// OnGroupManageError is kgo's hook for errors by which it leaves the group for a while.
func (m *member) OnGroupManageError(err error) {
	switch {
	case errors.Is(err, kgo.ErrClientClosed): // by us
		return
	case !fenced(err) && !errors.Is(err, kerr.GroupAuthorizationFailed):
		m.engine.config.Logger.Warn("group", "group", m.engine.graph.group, "error", err)
		return
	}
	m.fail(m.judge(err))
}

func (m *member) fail(err error) {
	select {
	case m.fatal <- err:
	default: // one is enough
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.move()
}

// produced keeps the first error: a commit that ignored it would lose the record.
func (m *member) produced(_ *kgo.Record, err error) {
	if err == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.produceEr == nil {
		m.produceEr = err
	}
}

// consumeProduceError returns the first error of a produce, once.
func (m *member) consumeProduceError() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.produceEr
	m.produceEr = nil
	return err
}

func fenced(err error) bool {
	return errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) ||
		errors.Is(err, kerr.FencedInstanceID)
}

// judge says what an error means: the end, or a new client.
func (m *member) judge(err error) error {
	switch {
	case fenced(err):
		return fmt.Errorf("%w %q: %w", ErrFenced, m.engine.config.identity(m.engine.graph.group), err)
	case errors.Is(err, kerr.TransactionalIDAuthorizationFailed), errors.Is(err, kerr.GroupAuthorizationFailed),
		errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.InvalidTransactionTimeout),
		errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge),
		errors.Is(err, kerr.InvalidRecord),
		errors.Is(err, ErrText):
		return fmt.Errorf("engine: %w", err)
	default:
		return fmt.Errorf("%w: %w", errRenew, err)
	}
}

// checkSlot refuses to take a slot back from whoever has it by now: without it, two processes would fence each other
// for ever.
func (e *Engine) checkSlot(ctx context.Context, memberID string) error {
	client, err := e.link.acquire()
	if err != nil {
		return err
	}
	defer e.link.release()
	groups, err := kadm.NewClient(client).DescribeGroups(ctx, e.graph.group)
	if err != nil {
		return fmt.Errorf("%w: %w", errRenew, err)
	}
	own := e.config.identity(e.graph.group)
	for _, other := range groups[e.graph.group].Members {
		if other.InstanceID != nil && *other.InstanceID == own && other.MemberID != memberID {
			return fmt.Errorf("%w %q: member %s", ErrFenced, own, other.MemberID)
		}
	}
	return nil
}

// leave closes the client. The membership stays, unless the engine is drained. It returns the member's id.
func (m *member) leave() string {
	id, _ := m.client.GroupMetadata()
	m.close()
	e := m.engine
	if !e.drain.Load() {
		return id
	}
	client, err := e.link.acquire()
	if err != nil {
		return id
	}
	defer e.link.release()
	own := e.config.identity(e.graph.group)
	ctx, cancel := context.WithTimeout(context.Background(), e.config.StopPatience)
	defer cancel()
	left, err := kadm.NewClient(client).LeaveGroup(ctx,
		kadm.LeaveGroup(e.graph.group).InstanceIDs(own).Reason("drained"))
	if err == nil {
		err = left[own].Err
	}
	if err != nil {
		e.config.Logger.Warn("the membership ends by the session timeout", "group", e.graph.group, "error", err)
	}
	return id
}

// serve runs sessions until the context ends (nil) or an error ends the client or the processor.
func (m *member) serve(ctx context.Context, h sarama.ConsumerGroupHandler) error {
	give := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(m.engine.config.StopPatience, m.close)
		<-m.client.Context().Done()
		timer.Stop()
	})
	defer give()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-m.fatal:
			return err
		case <-m.changed:
		}
		err := m.runSession(ctx, h)
		select {
		case fatal := <-m.fatal:
			return fatal
		default:
		}
		if err != nil {
			return err
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
