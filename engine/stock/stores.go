package stock

import (
	"sync"

	"github.com/tidwall/btree"

	"github.com/millrace/millrace/stream"
)

// stores are all partitions of one table, as its reader holds them.
type stores struct {
	mu   sync.RWMutex
	part []*store
}

func newStores(n int32) *stores { return &stores{part: make([]*store, n)} }

func (s *stores) put(st *store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part[st.number] = st
}

func (s *stores) all() []*store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*store, 0, len(s.part))
	for _, st := range s.part {
		if st != nil {
			all = append(all, st)
		}
	}
	return all
}

func (s *stores) get(key string) ([]byte, bool) {
	s.mu.RLock()
	st := s.part[stream.Partition([]byte(key), int32(len(s.part)))]
	s.mu.RUnlock()
	if st == nil {
		return nil, false
	}
	v, _ := st.Get(key)
	return v, v != nil
}

func (s *stores) size() int {
	n := 0
	for _, st := range s.all() {
		n += st.size()
	}
	return n
}

// ascend merges snapshots of the partitions in key order.
func (s *stores) ascend(from string, fn func(key string, value []byte) bool) {
	var open []btree.MapIter[string, []byte]
	for _, st := range s.all() {
		it := st.snapshot().Iter()
		if it.Seek(from) {
			open = append(open, it)
		}
	}
	for len(open) > 0 {
		low := 0
		for i := range open {
			if open[i].Key() < open[low].Key() {
				low = i
			}
		}
		if !fn(open[low].Key(), open[low].Value()) {
			return
		}
		if !open[low].Next() {
			open = append(open[:low], open[low+1:]...)
		}
	}
}
