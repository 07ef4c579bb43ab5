package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// errAborted says that the transaction was aborted and the positions taken back: the records come again.
var errAborted = errors.New("engine: transaction aborted")

// commit ends the transaction of n records; docs/adr/0006-commit-protocol.md says why in this order.
func (s *session) commit(n int, began time.Time) error {
	m, e := s.member, s.engine
	if err := s.keep(); err != nil {
		return err
	}
	rows, err := s.writeChanges()
	if err != nil {
		return s.again(err)
	}
	if err := s.flush(); err != nil {
		s.count(outcomeUnknown)
		return err
	}
	produceErr := m.consumeProduceError()
	if produceErr != nil {
		e.config.Logger.Warn("transaction is aborted", "group", e.graph.group, "error", produceErr)
		if err := s.abort(); err != nil {
			return err
		}
		if err := m.judge(produceErr); !errors.Is(err, errRenew) {
			return err
		}
		return errAborted
	}
	e.pass(BeforeCommit)
	committed, err := s.end(kgo.TryCommit)
	switch {
	case err != nil:
		s.count(outcomeUnknown)
		s.undo()
		return m.judge(err)
	case !committed:
		s.count(outcomeAborted)
		s.undo()
		return errAborted
	}
	s.count(outcomeCommitted)
	e.careful.Store(e.refused.Swap(false)) // where one was too large, more may be
	e.pass(AfterCommitBeforeLocalFlush)
	for _, t := range e.ownTables() {
		if err := t.commit(); err != nil {
			return err // the store is behind, the next start catches up
		}
	}
	for _, p := range s.parts {
		if err := p.commit(); err != nil {
			return err
		}
	}
	group := e.graph.group
	for reason, n := range e.letters.drain() {
		e.config.Metrics.deadLetters.WithLabelValues(group, reason).Add(float64(n))
	}
	now := e.config.Clock()
	e.arrivals.drain(func(at time.Time) {
		// clocks of two machines differ
		e.config.Metrics.endToEnd.WithLabelValues(group).Observe(max(0, now.Sub(at)).Seconds())
	})
	e.config.Metrics.commit.WithLabelValues(group).Observe(time.Since(began).Seconds())
	e.config.Metrics.records.WithLabelValues(group).Observe(float64(n))
	e.config.Metrics.overlay.WithLabelValues(group).Observe(float64(rows))
	return nil
}

// writeChanges sends each changed row and timer once. Nothing was sent if it fails.
func (s *session) writeChanges() (int, error) {
	rows := 0
	tables := s.engine.ownTables()
	changes := make([][]kgo.Record, len(tables))
	for i, t := range tables {
		var err error
		if changes[i], err = t.changes(); err != nil {
			return 0, err
		}
		rows += len(changes[i])
	}
	for i, t := range tables {
		s.send(changes[i], t.acknowledged)
	}
	for _, p := range s.parts {
		if p.timers != nil {
			s.send(p.timers.changes(), p.timers.acknowledged)
		}
	}
	return rows, nil
}

// send gives a transaction's changes of one partition to the brokers, which answer with their offsets.
func (s *session) send(changes []kgo.Record, acknowledged func(offset int64)) {
	promise := func(r *kgo.Record, err error) {
		if err != nil {
			s.member.produced(r, err)
			return
		}
		acknowledged(r.Offset)
	}
	for i := range changes {
		s.member.client.Produce(context.Background(), &changes[i], promise)
	}
}

// again aborts a transaction whose rows cannot be sent. The next one checks every row before it is written, so that the
// callback at fault is found and the others keep what they did.
func (s *session) again(err error) error {
	if s.engine.careful.Load() {
		return err // it would have been found
	}
	s.engine.config.Logger.Warn("transaction is aborted and begun again with care", "group", s.engine.graph.group,
		"error", err)
	if err := s.abort(); err != nil {
		return err
	}
	s.engine.careful.Store(true)
	s.engine.refused.Store(false)
	return errAborted
}

// flush waits until the brokers have all records.
func (s *session) flush() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.engine.config.TransactionTimeout)
	defer cancel()
	if err := s.member.client.Flush(ctx); err != nil {
		return fmt.Errorf("%w: records are not acknowledged after %s: %w", errRenew,
			s.engine.config.TransactionTimeout, err)
	}
	return nil
}

func (s *session) end(how kgo.TransactionEndTry) (bool, error) {
	s.begun = false
	watch := time.AfterFunc(maxRebalanceDelay, s.member.session.AllowRebalance)
	defer watch.Stop()
	ctx := kgo.PreTxnCommitFnContext(context.Background(), s.offsets)
	return s.member.session.End(ctx, how)
}

// abort ends the transaction, and takes everything back that it did.
func (s *session) abort() error {
	_, err := s.end(kgo.TryAbort)
	_ = s.member.consumeProduceError() // of records that the abort took back
	s.undo()
	s.count(outcomeAborted)
	if err != nil && !errors.Is(err, kerr.OperationNotAttempted) {
		return s.member.judge(err)
	}
	return nil
}

// undo takes back what the transaction did here. goka holds nothing else.
func (s *session) undo() {
	s.engine.letters.drain()
	s.engine.arrivals.drain(func(time.Time) {})
	for _, t := range s.engine.ownTables() {
		t.abort()
	}
	for _, p := range s.parts {
		p.abort()
	}
}

func (s *session) count(outcome string) {
	s.engine.config.Metrics.transactions.WithLabelValues(s.engine.graph.group, outcome).Inc()
}
