package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lovoo/goka/storage"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// replica is a partition of a table that others write: looked up, joined, or our own on standby. goka reads on from
// where Open left off, one record at a time.
type replica struct {
	engine *Engine
	local  *local
	parts  *replicas // nil: nobody waits for it

	mu      sync.Mutex
	pending []store.Row
	beat    atomic.Int64 // as of when the rows are, in ms, as the group that writes them says; 0: not known
}

func (r *replica) Open() error {
	var onRow func(store.Row)
	if r.parts != nil {
		onRow = r.changed
	}
	if err := r.engine.restore(r.engine.opening(), r.local, onRow); err != nil {
		return err
	}
	r.raise()
	return nil
}

// Close gives the store back; it stays readable, and open for the next session.
func (r *replica) Close() error {
	r.engine.locals.release(r.local)
	return nil
}

func (r *replica) raise() {
	if r.parts != nil {
		r.parts.offsets.raise(r.local.partition, r.local.st.Stamp().Next)
	}
}

func (r *replica) Get(key string) ([]byte, error) {
	if position.IsReserved(key) {
		return nil, nil // a row of the other group's engine
	}
	return r.local.st.Get(key)
}

func (r *replica) Has(key string) (bool, error) {
	v, err := r.Get(key)
	return v != nil, err
}

// Set waits for the offset, so that both become one step.
func (r *replica) Set(key string, value []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = append(r.pending, store.Row{Key: key, Value: value})
	return nil
}

func (r *replica) Delete(key string) error { return r.Set(key, nil) }

func (r *replica) GetOffset(def int64) (int64, error) {
	if next := r.local.st.Stamp().Next; next > 0 {
		return next - 1, nil
	}
	return def, nil
}

func (r *replica) SetOffset(offset int64) error {
	r.mu.Lock()
	rows := r.pending
	r.pending = nil
	r.mu.Unlock()
	if err := r.local.st.Apply(rows, r.local.stamp(offset+1, r.engine.config.Clock())); err != nil {
		return err
	}
	for _, row := range rows {
		if r.parts != nil {
			r.changed(row)
		}
	}
	r.raise()
	return nil
}

func (r *replica) changed(row store.Row) {
	if row.Key == watermark.RowPrefix {
		if at, ok := watermark.ParseTime(row.Value); ok {
			r.beat.Store(at)
		}
	}
	r.parts.changed(row)
}

func (r *replica) MarkRecovered() error { return nil }

func (r *replica) Iterator() (storage.Iterator, error) { return r.IteratorWithRange(nil, nil) }

func (r *replica) IteratorWithRange(start, limit []byte) (storage.Iterator, error) {
	it := &rowIterator{at: -1}
	err := r.local.st.Ascend(string(start), string(limit), func(key string, value []byte) bool {
		if !position.IsReserved(key) {
			it.rows = append(it.rows, store.Row{Key: key, Value: value})
		}
		return true
	})
	return it, err
}

// rowIterator goes over rows in memory.
type rowIterator struct {
	rows []store.Row
	at   int
}

func (it *rowIterator) Next() bool             { it.at++; return it.at < len(it.rows) }
func (it *rowIterator) Key() []byte            { return []byte(it.rows[it.at].Key) }
func (it *rowIterator) Value() ([]byte, error) { return it.rows[it.at].Value, nil }
func (it *rowIterator) Err() error             { return nil }
func (it *rowIterator) Release()               {}

func (it *rowIterator) Seek(key []byte) bool {
	it.at = -1
	for it.at+1 < len(it.rows) && it.rows[it.at+1].Key < string(key) {
		it.at++
	}
	return it.at+1 < len(it.rows)
}

// replicas are all partitions of a table that callbacks look up.
type replicas struct {
	offsets *Offsets

	mu       sync.RWMutex
	part     map[int32]*replica
	onChange func(key string, value []byte) // may be nil; serialised by calls
	calls    sync.Mutex
}

func newReplicas(onChange func(string, []byte)) *replicas {
	return &replicas{offsets: new(Offsets), part: map[int32]*replica{}, onChange: onChange}
}

func (s *replicas) put(r *replica) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part[r.local.partition] = r
}

// get reads by our own placement: goka's View.find panics for keys whose hash is MinInt32.
func (s *replicas) get(key string) ([]byte, error) {
	s.mu.RLock()
	r := s.part[stream.Partition([]byte(key), int32(len(s.part)))]
	s.mu.RUnlock()
	if r == nil {
		return nil, context.Canceled
	}
	return r.Get(key)
}

// asOf returns as of when all of the table is, as its group says; zero where any partition is not here, or says
// nothing.
func (s *replicas) asOf() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	oldest := int64(0)
	for _, r := range s.part {
		at := r.beat.Load()
		if at == 0 {
			return time.Time{}
		}
		if oldest == 0 || at < oldest {
			oldest = at
		}
	}
	if oldest == 0 {
		return time.Time{}
	}
	return time.UnixMilli(oldest)
}

func (s *replicas) changed(row store.Row) {
	if s.onChange == nil || position.IsReserved(row.Key) {
		return
	}
	s.calls.Lock()
	defer s.calls.Unlock()
	s.onChange(row.Key, row.Value)
}
