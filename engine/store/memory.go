package store

import (
	"sync"

	"github.com/tidwall/btree"
)

// Memory opens stores that live no longer than they are open.
type Memory struct{}

// Open returns an empty store.
func (Memory) Open(string, int32) (Store, error) {
	return &memory{rows: new(btree.Map[string, []byte])}, nil
}

type memory struct {
	mu    sync.RWMutex
	rows  *btree.Map[string, []byte]
	stamp Stamp
}

func (m *memory) Get(key string) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, _ := m.rows.Get(key)
	return v, nil
}

func (m *memory) Ascend(from, to string, fn func(string, []byte) bool) error {
	m.mu.Lock() // Copy changes both trees' ownership marks
	rows := m.rows.Copy()
	m.mu.Unlock()
	rows.Ascend(from, func(key string, value []byte) bool {
		return (to == "" || key < to) && fn(key, value)
	})
	return nil
}

// Apply copies the values: they are often part of a whole fetched batch, which would live as long as the row.
func (m *memory) Apply(rows []Row, stamp Stamp) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range rows {
		if r.Value == nil {
			m.rows.Delete(r.Key)
			continue
		}
		m.rows.Set(r.Key, append(make([]byte, 0, len(r.Value)), r.Value...))
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
	m.rows, m.stamp = new(btree.Map[string, []byte]), Stamp{}
	return nil
}

func (m *memory) Close() error { return nil }
