package engine

import (
	"sync"

	"github.com/tidwall/btree"

	"github.com/millrace/millrace/engine/timer"
)

// timers are those of one partition while it is ours, until timetable takes their place. The callbacks of a partition set timers while the session asks for
// the next: all methods are safe for concurrent use.
type timers struct {
	mu   sync.Mutex
	tree *btree.BTreeG[timer.Timer]
	kept *btree.BTreeG[timer.Timer] // as of the last commit; a copy costs nothing until one of the two changes
}

func newTimers() *timers {
	t := &timers{tree: btree.NewBTreeGOptions(timer.Timer.Less, btree.Options{NoLocks: true})}
	t.kept = t.tree.Copy()
	return t
}

func (t *timers) set(x timer.Timer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tree.Set(x)
}

// due returns the due time of the first timer, or timer.Never.
func (t *timers) due() (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if first, ok := t.tree.Min(); ok {
		return first.Due, nil
	}
	return timer.Never, nil
}

// ahead returns the keys of up to n timers due by then, in the order in which they must be called if nobody sets another one
// meanwhile. A key may come several times.
func (t *timers) ahead(by int64, n int) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var keys []string
	t.tree.Scan(func(x timer.Timer) bool {
		if x.Due > by || len(keys) == n {
			return false
		}
		keys = append(keys, x.Key)
		return true
	})
	return keys, nil
}

// take removes and returns the first timer, if it is due by then and of the given key.
func (t *timers) take(by int64, key string) (timer.Timer, bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first, ok := t.tree.Min()
	if !ok || first.Due > by || first.Key != key {
		return timer.Timer{}, false, nil
	}
	t.tree.PopMin()
	return first, true, nil
}

func (t *timers) near() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tree.Len()
}

func (t *timers) commit() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = t.tree.Copy()
}

func (t *timers) abort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tree = t.kept.Copy()
}
