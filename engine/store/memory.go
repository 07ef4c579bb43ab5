package store

import (
	"sync"
	"sync/atomic"
)

// Memory opens stores that live no longer than they are open. A store copies what it is given into chunks of up to 256
// KiB, or of one row if that is large: the collector finds hundreds of rows in one object, and nothing to follow in it
// (ADR 20). A store takes at most 1.6 times the bytes of its keys and values, 48 bytes a row, and 32 KiB. A value that
// somebody keeps keeps its chunk: who needs a part of it for long copies that.
type Memory struct{}

// Open returns an empty store.
func (Memory) Open(string, int32) (Store, error) { return &memory{rows: newTree()}, nil }

type memory struct {
	mu     sync.RWMutex
	rows   tree
	walked atomic.Bool // the root may be under a walk; set with mu held for reading
	stamp  Stamp
}

func (m *memory) Get(key string) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.rows.get(key), nil
}

func (m *memory) Ascend(from, to string, fn func(string, []byte) bool) error {
	m.mu.RLock()
	root, chunks := m.rows.root, m.rows.space.chunks
	m.walked.Store(true)
	m.mu.RUnlock()
	root.ascend(chunks, from, to, fn)
	return nil
}

func (m *memory) Apply(rows []Row, stamp Stamp) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(rows) > 0 && m.walked.Swap(false) {
		m.rows.share()
	}
	for _, r := range rows {
		if r.Value == nil {
			m.rows.delete(r.Key)
		} else {
			m.rows.set(r.Key, r.Value)
		}
	}
	m.stamp = stamp
	return nil
}

func (m *memory) Stamp() Stamp {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.stamp
}

func (m *memory) Wipe() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows, m.stamp = newTree(), Stamp{}
	return nil
}

func (m *memory) Close() error { return nil }
