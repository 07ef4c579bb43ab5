package task

import (
	"math"
	"slices"

	"github.com/tidwall/btree"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// Needs sums up what the keys wait for whose next task is of one kind.
type Needs struct {
	Kind string
	// Stopped: they wait for the kind to go on, which is paused or not declared.
	Stopped bool
	// Oldest is since when the task has waited that has waited longest for its run to begin, to the second; 0: none is
	// due.
	Oldest instant.Milli
	// Keys counts those whose first task does not run, by its state: parked, snoozed or held.
	Keys map[task.State]int64
	// Behind counts the tasks behind those.
	Behind int64
}

// tally is Needs as it is kept: how many keys are due, by second. So it costs as much as there are seconds, not keys,
// and the oldest is found at once, whatever waits.
type tally struct {
	due    btree.Map[int64, int64]
	keys   [4]int64 // by the place of the state in parkedStates, from 1
	behind int64
}

// tallyOf names a tally.
type tallyOf struct {
	kind    string
	stopped bool
}

// noDue is the due time of what nobody is to begin.
const noDue = math.MinInt64

// needed is what a row counts for in a tally; the zero value is that of a row that is no queue. There is one for every
// key, so it is small.
type needed struct {
	in     *tally
	due    int64 // in seconds
	behind int32 // a key has room for 262,144 tasks
	parked uint8 // the place of the state in parkedStates, from 1; 0: the task is not parked
}

func parkedStates() []task.State { return []task.State{task.Parked, task.Snoozed, task.Held} }

// needOf returns what a row counts for. The caller holds the lock.
func (x *Index) needOf(row *task.Row) needed {
	n, ok := row.Queue.Need()
	if !ok {
		return needed{}
	}
	of := tallyOf{n.Kind, n.Stopped}
	in := x.tallies[of]
	if in == nil {
		in = &tally{}
		x.tallies[of] = in
	}
	out := needed{in: in, due: noDue}
	if n.Due > 0 {
		out.due = int64(n.Due) / 1000
	}
	if i := slices.Index(parkedStates(), n.State); i >= 0 {
		out.parked, out.behind = uint8(i+1), int32(n.Behind) //nolint:gosec // both are small
	}
	return out
}

// count adds what a row counts for, or with by = -1 takes it away.
func (n needed) count(by int64) {
	if n.in == nil {
		return
	}
	if n.due != noDue {
		was, _ := n.in.due.Get(n.due)
		if was+by == 0 {
			n.in.due.Delete(n.due)
		} else {
			n.in.due.Set(n.due, was+by)
		}
	}
	if n.parked > 0 {
		n.in.keys[n.parked] += by
		n.in.behind += by * int64(n.behind)
	}
}

// Needs returns what keys wait for at now, one line for each kind and whether it is stopped.
func (x *Index) Needs(now instant.Milli) []Needs {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var out []Needs
	for of, t := range x.tallies {
		n := Needs{Kind: of.kind, Stopped: of.stopped, Keys: map[task.State]int64{}, Behind: t.behind}
		if first, _, ok := t.due.Min(); ok && instant.Milli(first*1000) <= now {
			n.Oldest = instant.Milli(first * 1000)
		}
		for i, state := range parkedStates() {
			n.Keys[state] = t.keys[i+1]
		}
		out = append(out, n)
	}
	return out
}
