package mission

import (
	"sync"
	"sync/atomic"

	"github.com/millrace/millrace/domain/problem"
)

// Index keeps compiled missions as they come from the catalog. Any number of readers may take Snapshots while one or
// more writers change it.
type Index struct {
	mu       sync.Mutex
	missions map[string]*Plan // by key
	last     *Snapshot        // that was built
	current  atomic.Pointer[Snapshot]
}

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{missions: map[string]*Plan{}} }

// Put sets the mission kept under key, whatever the key means to the caller. A mission that was never active is left
// out: no payment counts for it and no user sees it. One that is not valid changes nothing, and its problems are
// returned.
func (x *Index) Put(key string, h *History) problem.List {
	if !h.Activated {
		x.Remove(key)
		return nil
	}
	p, problems := Compile(h)
	if len(problems) > 0 {
		return problems
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.missions[key] = p
	x.current.Store(nil)
	return nil
}

// Remove takes out what is kept under key.
func (x *Index) Remove(key string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, ok := x.missions[key]; ok {
		delete(x.missions, key)
		x.current.Store(nil)
	}
}

// Snapshot returns the missions as they are now. It is built anew after a change only.
func (x *Index) Snapshot() *Snapshot {
	if s := x.current.Load(); s != nil {
		return s
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if s := x.current.Load(); s != nil {
		return s
	}
	list := make([]*Plan, 0, len(x.missions))
	for _, p := range x.missions {
		list = append(list, p)
	}
	s := newSnapshot(list) // sorts
	if x.last != nil {
		s.follow(x.last)
	}
	x.last = s
	x.current.Store(s)
	return s
}
