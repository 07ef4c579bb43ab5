package engine

import (
	"time"

	"github.com/tidwall/btree"

	"github.com/millrace/millrace/stream"
)

// timers is the index of one partition's timers, in order of due time, key and name.
type timers struct{ tree *btree.BTreeG[pendingTimer] }

type pendingTimer struct {
	due  time.Time
	key  string
	name string
}

func newTimers() timers {
	return timers{btree.NewBTreeGOptions(pendingTimer.less, btree.Options{NoLocks: true})}
}

func (a pendingTimer) less(b pendingTimer) bool {
	if c := a.due.Compare(b.due); c != 0 {
		return c < 0
	}
	if a.key != b.key {
		return a.key < b.key
	}
	return a.name < b.name
}

// copy costs nothing until one of the two changes.
func (t timers) copy() timers { return timers{t.tree.Copy()} }

func (t timers) set(due time.Time, key, name string) { t.tree.Set(pendingTimer{due, key, name}) }

func (t timers) anyDue(at time.Time) bool {
	first, ok := t.tree.Min()
	return ok && !first.due.After(at)
}

func (t timers) due(at time.Time, n int) []string {
	keys := []string{}
	t.tree.Scan(func(x pendingTimer) bool {
		if x.due.After(at) || len(keys) == n {
			return false
		}
		keys = append(keys, x.key)
		return true
	})
	return keys
}

// take removes and returns the first timer of key that is due. Visits come in the order of due, so that it is nearly
// always the first of all.
func (t timers) take(at time.Time, key string) (stream.Timer, bool) {
	var found pendingTimer
	ok := false
	t.tree.Scan(func(x pendingTimer) bool {
		if x.due.After(at) {
			return false
		}
		if x.key == key {
			found, ok = x, true
		}
		return !ok
	})
	if !ok {
		return stream.Timer{}, false
	}
	t.tree.Delete(found)
	return stream.Timer{Due: found.due, Name: found.name}, true
}
