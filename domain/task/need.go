package task

import "github.com/millrace/millrace/domain/instant"

// Need is what a queue waits for, as metrics tell it: the task whose turn it is, and since when it should run.
type Need struct {
	Kind string
	// State is that of the task.
	State State
	// Due is since when the task has waited for somebody to begin it; it may lie ahead. 0: nobody is to begin it now,
	// since a worker is at it, or it waits for what becomes of its dead letter.
	Due instant.Milli
	// Stopped: its kind is paused, or not declared.
	Stopped bool
	// Behind counts the tasks of the key that wait for this one to end.
	Behind int64
}

// Need returns what the queue waits for; false if it has no task, or the next one lies on a page. A run that was handed
// out is due until a worker claims it, so the time that runs wait for workers counts.
func (q *Queue) Need() (Need, bool) {
	if q == nil {
		return Need{}, false
	}
	if h := q.Head; h != nil {
		return Need{h.Task.Kind, h.State, h.needed(), q.Stopped != "", q.Depth() - 1}, true
	}
	var next *Entry
	for _, e := range q.Waiting { // by priority first
		if next == nil || e.Due < next.Due {
			next = e
		}
	}
	if next == nil {
		return Need{}, false
	}
	return Need{next.Task.Kind, next.StateAt(q.Now), next.Due, q.Stopped != "", 0}, true
}

// needed is Need.Due of a task that has begun.
func (e *Entry) needed() instant.Milli {
	switch {
	case e.State == Parked || e.State == Snoozed:
		return e.Until
	case e.State != Running || e.Claimed:
		return 0
	}
	since := e.Since
	for i := len(e.History.Runs) - 1; i >= 0 && e.History.Runs[i].Ending == RunUnclaimed; i-- {
		since = e.History.Runs[i].From // that one waited in vain, too
	}
	return since
}
