package timer

import (
	"fmt"
	"slices"

	"github.com/tidwall/btree"
)

// Index is the order of one partition's timers.
//
// near holds every pending timer up to the horizon. Those behind it are in the store, or in far if the open transaction
// set them. changes says how the open transaction differs from the store.
type Index struct {
	store Store
	limit int

	near    *btree.BTreeG[Timer]
	horizon Timer
	reach   reach

	far     *btree.BTreeG[Timer]
	changes map[Timer]bool // true: set
}

// reach tells what the horizon is.
type reach uint8

const (
	nothing reach = iota // nothing was read yet
	some                 // Index.horizon
	all                  // the store was read to its end
)

// New returns the index of the timers in a store. The config must be valid.
func New(c Config, s Store) *Index {
	x := &Index{store: s, limit: c.Near}
	x.Abort()
	return x
}

func tree() *btree.BTreeG[Timer] {
	return btree.NewBTreeGOptions(Timer.Less, btree.Options{NoLocks: true})
}

// Set adds a timer, unless it is there.
func (x *Index) Set(t Timer) {
	if !x.within(t) {
		x.changes[t] = true // if it is in the store already, that is all the same
		x.far.Set(t)
		return
	}
	if _, there := x.near.Set(t); there {
		return
	}
	x.changes[t] = true
	if x.near.Len() > 2*x.limit {
		x.shrink()
	}
}

func (x *Index) within(t Timer) bool {
	return x.reach == all || x.reach == some && !x.horizon.Less(t)
}

// shrink forgets the far half: it is in the store, or put into far.
func (x *Index) shrink() {
	for x.near.Len() > x.limit {
		t, _ := x.near.PopMax()
		if x.changes[t] {
			x.far.Set(t)
		}
	}
	x.horizon, _ = x.near.Max()
	x.reach = some
}

// First returns the timer that fires first, if there is one. Errors are those of the store, or a key in it that is
// malformed.
func (x *Index) First() (Timer, bool, error) {
	for x.near.Len() == 0 && x.reach != all {
		if err := x.load(); err != nil {
			return Timer{}, false, err
		}
	}
	t, ok := x.near.Min()
	return t, ok, nil
}

// Due returns the due time of the first timer, or Never.
func (x *Index) Due() (int64, error) {
	t, ok, err := x.First()
	if err != nil || !ok {
		return Never, err
	}
	return t.Due, nil
}

// Ahead returns the keys of the timers that fire next if nobody sets another one meanwhile: at most n of those due at
// the given time or before, at least one if any is. A key may come several times.
func (x *Index) Ahead(at int64, n int) ([]string, error) {
	if _, _, err := x.First(); err != nil {
		return nil, err
	}
	var keys []string
	x.near.Scan(func(t Timer) bool {
		if t.Due > at || len(keys) == n {
			return false
		}
		keys = append(keys, t.Key)
		return true
	})
	return keys, nil
}

// Pop removes and returns the first timer, if it is due at the given time or before.
func (x *Index) Pop(at int64) (Timer, bool, error) {
	t, ok, err := x.First()
	if err != nil || !ok || t.Due > at {
		return Timer{}, false, err
	}
	x.near.PopMin()
	x.changes[t] = false // it may be in the store, whoever set it
	return t, true, nil
}

// load moves the horizon by at most limit timers of the store, and as many of far as come before the new one.
func (x *Index) load() error {
	from := ""
	if x.reach == some {
		from = string(AppendKey(nil, x.horizon))
	}
	read, last, reached, bad := 0, x.horizon, all, error(nil)
	err := x.store.Ascend(from, func(key string) bool {
		if read == x.limit {
			reached = some
			return false
		}
		var t Timer
		if t, bad = ParseKey(key); bad != nil {
			return false
		}
		if x.reach == some && !x.horizon.Less(t) {
			return true
		}
		read, last = read+1, t
		if _, changed := x.changes[t]; !changed { // set: it comes from far
			x.near.Set(t)
		}
		return true
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		x.near.Clear()
		return fmt.Errorf("timer: load: %w", err)
	}
	x.horizon, x.reach = last, reached
	for {
		t, ok := x.far.Min()
		if !ok || !x.within(t) {
			break
		}
		x.far.PopMin()
		x.near.Set(t)
	}
	if x.near.Len() > 2*x.limit {
		x.shrink()
	}
	return nil
}

// Change is what the open transaction did to one timer.
type Change struct {
	Timer   Timer
	Pending bool // else it fired: a tombstone
}

// Changes returns, in order, one change for each timer that was set or fired since the last Commit or Abort.
func (x *Index) Changes() []Change {
	out := make([]Change, 0, len(x.changes))
	for t, pending := range x.changes {
		out = append(out, Change{t, pending})
	}
	slices.SortFunc(out, func(a, b Change) int {
		switch {
		case a.Timer.Less(b.Timer):
			return -1
		case b.Timer.Less(a.Timer):
			return 1
		}
		return 0
	})
	return out
}

// Commit tells that the changes are in the store.
func (x *Index) Commit() {
	clear(x.changes)
	x.far.Clear()
}

// Abort forgets everything since the last Commit.
func (x *Index) Abort() {
	x.near, x.far, x.changes = tree(), tree(), map[Timer]bool{}
	x.horizon, x.reach = Timer{}, nothing
}

// Near returns how many timers are in memory, and whether these are all.
func (x *Index) Near() (n int, complete bool) { return x.near.Len() + x.far.Len(), x.reach == all }
