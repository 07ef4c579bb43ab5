package engine

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
)

// place names a partition of a table.
type place struct {
	topic     string
	partition int32
}

// local is a store that this process keeps, over all sessions.
type local struct {
	place
	st   store.Store
	id   kadm.TopicID // of the topic that the store follows; set by restore
	used bool         // by one session, guarded by locals
	// refuse says why a record of the changelog cannot be taken, which ends the recovery; nil: all can. Set before
	// restore.
	refuse func(*kgo.Record) error
}

func (l *local) stamp(next int64, now time.Time) store.Stamp {
	return store.Stamp{Topic: l.id, Next: next, At: now}
}

// apply writes changelog records to the store as one step.
func (l *local) apply(records []*kgo.Record, next int64, now time.Time, onRow func(store.Row)) error {
	rows := make([]store.Row, len(records))
	for i, r := range records {
		if l.refuse != nil {
			if err := l.refuse(r); err != nil {
				return fmt.Errorf("engine: %s/%d, offset %d: %w", l.topic, l.partition, r.Offset, err)
			}
		}
		rows[i] = store.Row{Key: string(r.Key), Value: r.Value}
		if onRow != nil {
			onRow(rows[i])
		}
	}
	return l.st.Apply(rows, l.stamp(next, now))
}

// locals are the stores of an engine.
type locals struct {
	opener store.Opener
	users  sync.WaitGroup
	mu     sync.Mutex
	open   map[place]*local
}

// lastUse is how long a stop waits for goka to give the stores back; it does not wait for all that it began.
const lastUse = 10 * time.Second

// acquire returns the store of a partition, for one user at a time, who must release it.
func (s *locals) acquire(at place, corrupt func(error)) (*local, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.open[at]
	if l == nil {
		st, err := s.opener.Open(at.topic, at.partition)
		if errors.Is(err, store.ErrCorrupt) && st != nil {
			corrupt(err)
			err = nil
		}
		if err != nil {
			return nil, err
		}
		l = &local{place: at, st: st}
		if s.open == nil {
			s.open = map[place]*local{}
		}
		s.open[at] = l
	}
	if l.used {
		return nil, fmt.Errorf("engine: table %s/%d is in use twice, by a join and a look-up", at.topic, at.partition)
	}
	l.used = true
	s.users.Add(1)
	return l, nil
}

func (s *locals) release(l *local) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.used {
		l.used = false
		s.users.Done()
	}
}

func (s *locals) close(follower *follower) error {
	given := make(chan struct{})
	go func() {
		s.users.Wait()
		follower.loops.Wait()
		close(given)
	}()
	select {
	case <-given:
	case <-time.After(lastUse):
		return errors.New("engine: a table is still in use")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, l := range s.open {
		errs = append(errs, l.st.Close())
	}
	s.open = nil
	return errors.Join(errs...)
}

func (s *locals) get(at place) *local {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[at]
}
