package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/stream"
)

// timetable is the timers of one partition while it is ours. They are in the topic stream.TimerTopic names, which a
// local store follows as rows follow their changelog; the index above it says what the transaction under way did. The
// callbacks of a partition set timers while the session asks for the next: all methods are safe for concurrent use.
type timetable struct {
	engine *Engine
	local  *local

	mu      sync.Mutex
	index   *timer.Index
	rows    []store.Row // what the commit under way sends and applies
	written int64       // one past the highest offset that they got
}

// openTimetable restores the timers of a partition. A record in their topic that is none halts here: at the time when
// it would be due it is too late.
func (e *Engine) openTimetable(ctx context.Context, number int32) (*timetable, error) {
	at := place{stream.TimerTopic(e.graph.group), number}
	l, err := e.locals.acquire(at, func(err error) {
		e.config.Logger.Error("timers are rebuilt", "group", e.graph.group, "topic", at.topic, "partition", number,
			"error", err)
	})
	if err != nil {
		return nil, err
	}
	l.refuse = noTimer
	if err := e.restore(ctx, l, nil); err != nil {
		e.locals.release(l)
		return nil, err
	}
	return &timetable{engine: e, local: l, index: timer.New(timer.DefaultConfig(), timerKeys{l.st})}, nil
}

// openTimetables restores the timers of several partitions at once. All are open, or none.
func (e *Engine) openTimetables(ctx context.Context, numbers []int32) (map[int32]*timetable, error) {
	opened, errs := make([]*timetable, len(numbers)), make([]error, len(numbers))
	var work sync.WaitGroup
	for i, n := range numbers {
		work.Go(func() { opened[i], errs[i] = e.openTimetable(ctx, n) })
	}
	work.Wait()
	err := errors.Join(errs...)
	all := map[int32]*timetable{}
	for i, t := range opened {
		switch {
		case t == nil:
		case err != nil:
			t.close()
		default:
			all[numbers[i]] = t
		}
	}
	return all, err
}

// noTimer says why a record is no timer of ours.
func noTimer(r *kgo.Record) error {
	if _, err := timer.ParseKey(string(r.Key)); err != nil {
		return err
	}
	if r.Value == nil {
		return nil
	}
	return timer.CheckValue(r.Value)
}

// timerKeys shows a store as the index wants it.
type timerKeys struct{ st store.Store }

func (k timerKeys) Ascend(from string, fn func(string) bool) error {
	return k.st.Ascend(from, "", func(key string, _ []byte) bool { return fn(key) })
}

// close gives the store back; it stays open for the next session.
func (t *timetable) close() { t.engine.locals.release(t.local) }

func (t *timetable) set(x timer.Timer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.index.Set(x)
}

// due returns the due time of the first timer, or timer.Never.
func (t *timetable) due() (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.index.Due()
}

// ahead returns the keys of up to n timers due by then, in the order in which they must be called; see timer.Index.
func (t *timetable) ahead(by int64, n int) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.index.Ahead(by, n)
}

// pop removes and returns the timer to call now, if it is due by then and of the given key.
func (t *timetable) pop(by int64, key string) (timer.Timer, bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if first, ok, err := t.index.First(); err != nil || !ok || first.Key != key {
		return timer.Timer{}, false, err
	}
	return t.index.Pop(by)
}

// near returns how many timers are in memory: all, or the nearest.
func (t *timetable) near() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, _ := t.index.Near()
	return n
}

// changes returns what the transaction did, as records of the topic. No timer is set or taken between it and commit or
// abort.
func (t *timetable) changes() []kgo.Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	changes := t.index.Changes()
	t.rows = make([]store.Row, len(changes))
	records := make([]kgo.Record, len(changes))
	for i, c := range changes {
		key := timer.AppendKey(nil, c.Timer)
		t.rows[i].Key = string(key)
		if c.Pending {
			t.rows[i].Value = timer.Value()
		}
		records[i] = kgo.Record{Topic: t.local.topic, Partition: t.local.partition, Key: key, Value: t.rows[i].Value}
	}
	return records
}

// acknowledged runs on the client's goroutine.
func (t *timetable) acknowledged(offset int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written = max(t.written, offset+1)
}

// commit makes the transaction's timers the store's, with the position of the last.
func (t *timetable) commit() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rows) > 0 {
		if err := t.local.st.Apply(t.rows, t.local.stamp(t.written, t.engine.config.Clock())); err != nil {
			return fmt.Errorf("engine: timers: %w", err)
		}
	}
	t.rows = nil
	t.index.Commit()
	return nil
}

func (t *timetable) abort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = nil
	t.index.Abort()
}
