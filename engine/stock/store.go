package stock

import (
	"bytes"
	"sync"

	"github.com/lovoo/goka/storage"
	"github.com/tidwall/btree"
)

// store is one partition of a table, in memory and in key order. It is safe for one writer and any number of readers.
type store struct {
	number int32 // partition
	reader *reader
	visit  func() []string // keys of a visit under way; nil: all

	mu     sync.RWMutex
	rows   *btree.Map[string, []byte]
	offset int64
	stored bool
}

// newStore returns an empty store; reader is nil for a processor's own table.
func newStore(partition int32, r *reader) *store {
	return &store{number: partition, reader: r, rows: new(btree.Map[string, []byte])}
}

// Open does nothing: a store begins empty and goka fills it from the changelog.
func (s *store) Open() error { return nil }

// Close drops the rows, which may belong to another process by now; but those of a reader stay readable.
func (s *store) Close() error {
	if s.reader != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = new(btree.Map[string, []byte])
	return nil
}

func (s *store) Has(key string) (bool, error) {
	v, _ := s.Get(key)
	return v != nil, nil
}

func (s *store) Get(key string) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, _ := s.rows.Get(key)
	return v, nil
}

// Set keeps a copy: what recovery hands in is part of a whole fetched batch, which would live as long as the row.
func (s *store) Set(key string, value []byte) error {
	value = append(make([]byte, 0, len(value)), value...)
	s.mu.Lock()
	s.rows.Set(key, value)
	s.mu.Unlock()
	s.reader.changed(key, value)
	return nil
}

func (s *store) Delete(key string) error {
	s.mu.Lock()
	s.rows.Delete(key)
	s.mu.Unlock()
	s.reader.changed(key, nil)
	return nil
}

func (s *store) GetOffset(def int64) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.stored {
		return def, nil
	}
	return s.offset, nil
}

func (s *store) SetOffset(offset int64) error {
	s.mu.Lock()
	s.offset, s.stored = offset, true
	s.mu.Unlock()
	s.reader.applied(s.number, offset)
	return nil
}

func (s *store) MarkRecovered() error {
	s.reader.recovered(s.number)
	return nil
}

// snapshot returns the rows as they are now; it costs nothing until the next write.
func (s *store) snapshot() *btree.Map[string, []byte] {
	s.mu.Lock() // Copy changes both trees' ownership marks
	defer s.mu.Unlock()
	return s.rows.Copy()
}

func (s *store) size() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rows.Len()
}

// Iterator goes over all rows, or over the keys of the visit under way.
func (s *store) Iterator() (storage.Iterator, error) {
	if s.visit != nil {
		if keys := s.visit(); keys != nil {
			return &keyIterator{store: s, keys: keys, at: -1}, nil
		}
	}
	return newRowIterator(s.snapshot(), nil, nil), nil
}

func (s *store) IteratorWithRange(start, limit []byte) (storage.Iterator, error) {
	return newRowIterator(s.snapshot(), start, limit), nil
}

// rowIterator goes over a snapshot.
type rowIterator struct {
	iter    btree.MapIter[string, []byte]
	limit   []byte
	pending bool // the position was set but not yet returned by Next
	found   bool
}

func newRowIterator(rows *btree.Map[string, []byte], start, limit []byte) *rowIterator {
	it := &rowIterator{iter: rows.Iter(), limit: bytes.Clone(limit)}
	it.Seek(start)
	return it
}

func (it *rowIterator) Seek(key []byte) bool {
	it.pending, it.found = true, it.iter.Seek(string(key))
	return it.found
}

func (it *rowIterator) Next() bool {
	if it.pending {
		it.pending = false
	} else {
		it.found = it.found && it.iter.Next()
	}
	if it.found && len(it.limit) > 0 && it.iter.Key() >= string(it.limit) {
		it.found = false
	}
	return it.found
}

func (it *rowIterator) Key() []byte            { return []byte(it.iter.Key()) }
func (it *rowIterator) Value() ([]byte, error) { return it.iter.Value(), nil }
func (it *rowIterator) Err() error             { return nil }
func (it *rowIterator) Release()               {}

// keyIterator goes over given keys, whether or not they have a row.
type keyIterator struct {
	store *store
	keys  []string
	at    int
}

func (it *keyIterator) Next() bool             { it.at++; return it.at < len(it.keys) }
func (it *keyIterator) Key() []byte            { return []byte(it.keys[it.at]) }
func (it *keyIterator) Value() ([]byte, error) { return it.store.Get(it.keys[it.at]) }
func (it *keyIterator) Err() error             { return nil }
func (it *keyIterator) Release()               {}

// Seek is not needed by visits.
func (it *keyIterator) Seek([]byte) bool { return false }
