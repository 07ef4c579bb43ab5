package task

import (
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Run is one call of a handler: the record of `task-runs`.
type Run struct {
	Task Task
	// Number counts the runs of the task, from 1. The answer names it.
	Number int64
	// Attempt is 1 + the failures before, since the task came or was replayed.
	Attempt int64
	// IdempotencyKey is the same for all runs of the task.
	IdempotencyKey string
	// Mode is that of the kind as it was handed out.
	Mode Mode
	At   instant.Milli
	// Until is when the run is given up, unless a worker claims it before: then it has the kind's timeout from that
	// time on, and from each heartbeat.
	Until instant.Milli
}

// Unclaimed is how long a run waits for a worker. Then it is handed out again, and spends no attempt. Workers drop a
// run that is so old.
const Unclaimed = 24 * time.Hour

// Why says why a task is exhausted.
type Why string

// Why it is.
const (
	WhyAttempts     Why = "attempts"      // it failed as often as its kind allows
	WhyNonRetryable Why = "non_retryable" // by an error after which its kind allows no attempt
	WhyDeadline     Why = "deadline"      // its time is over
)

// Whys returns every Why.
func Whys() []Why { return []Why{WhyAttempts, WhyNonRetryable, WhyDeadline} }

// Letter is a task as a dead letter, with its whole history. A replay sends the entry back.
type Letter struct {
	Entry *Entry
	Why   Why
}

// CodeTimeout is the error code of a run that was not answered in time.
const CodeTimeout = "timeout"

// CodeInvalidPayload is the error code of a payout or a claw-back that cannot be read. It is not tried again: its
// letter can be edited.
const CodeInvalidPayload = "invalid_payload"

// start hands the entry out, unless something holds it back. It tells whether the entry has ended, and so the next one
// may start.
func (t *turn) start(e *Entry) (ended bool) {
	kind, _ := t.p.Kinds.Find(e.Task.Kind)
	switch {
	case e.Deadline != 0 && t.now >= e.Deadline:
		t.take(e)
		t.exhaust(e, WhyDeadline)
		return true
	case !t.p.runs(e.Task.Kind):
		t.q.Stopped = e.Task.Kind
		t.blocked = e
		return false
	case !t.token(kind):
		t.blocked = e
		return false
	}
	t.take(e)
	next := *e
	next.Run++
	next.Claimed, next.Until = false, t.limit(e, Unclaimed)
	t.emit(Started{Run{
		Task: e.Task, Number: next.Run, Attempt: e.Attempts + 1, IdempotencyKey: e.IdempotencyKey(), Mode: kind.Mode,
		At: t.now, Until: next.Until,
	}})
	if kind.Persist == Never {
		next.History = next.History.with(Past{Run: next.Run, From: t.now, To: t.now, Ending: RunSent})
		t.conclude(&next, Sent)
		return true
	}
	t.begin(&next, Running)
	return false
}

// limit returns when a run that may take d from now on is given up.
func (t *turn) limit(e *Entry, d time.Duration) instant.Milli {
	until := t.now.Add(d)
	if e.Deadline != 0 {
		until = min(until, e.Deadline)
	}
	return until
}

// expire gives up a run that was not answered in time. Its worker may be dead, or its answer late. One that no worker
// took was no attempt.
func (t *turn) expire(e *Entry) {
	switch {
	case e.Claimed:
		t.fail(e, Past{Ending: RunTimedOut, Code: CodeTimeout})
	default:
		t.putOff(e, t.now, RunUnclaimed)
	}
}

// Overdue tells whether the run that is out has waited for a worker for too long. No timer says so: there would be one
// for each run, a day long. A sweep does.
func (q *Queue) Overdue(now instant.Milli) bool {
	return q != nil && q.Head != nil && q.Head.State == Running && q.Head.Until <= now
}

// fail spends an attempt and parks the key, or exhausts the task.
func (t *turn) fail(e *Entry, p Past) {
	next := *e
	next.Attempts++
	next.History = t.past(e, p)
	kind := t.kind(e)
	until := t.now.Add(kind.Retry.Delay(e.Task.ID, next.Attempts))
	switch {
	case e.Cancelled:
		t.conclude(&next, Cancelled)
	case !kind.Retry.retryable(p.Code):
		t.exhaust(&next, WhyNonRetryable)
	case next.Attempts >= kind.Retry.MaxAttempts:
		t.exhaust(&next, WhyAttempts)
	case e.Deadline != 0 && until >= e.Deadline:
		t.exhaust(&next, WhyDeadline)
	default:
		next.Until = until
		t.begin(&next, Parked)
	}
}

// past returns the history with the end of the entry's run.
func (t *turn) past(e *Entry, p Past) History {
	p.Run, p.From, p.To = e.Run, e.Since, t.now
	return e.History.with(p)
}

// exhaust makes a dead letter of the task. What it then does to its key is up to the kind.
func (t *turn) exhaust(e *Entry, why Why) {
	t.emit(Lettered{Letter{e, why}})
	if t.kind(e).OnExhausted == Hold {
		next := *e
		next.Until = 0
		t.begin(&next, Held)
		return
	}
	t.conclude(e, Exhausted)
}

// begin makes e the head, in a state. Those who call it have changed e already, and nobody else has it.
func (t *turn) begin(e *Entry, s State) {
	from := e.State
	e.State, e.Since = s, t.now
	t.q.Head = e
	t.emit(Changed{e, from})
}

// conclude ends the task.
func (t *turn) conclude(e *Entry, s State) {
	last := *e
	last.State, last.Since, last.Until = s, t.now, 0
	if t.q.Head != nil && t.q.Head.Task.ID == e.Task.ID {
		t.q.Head = nil
	}
	t.emit(Changed{&last, e.State})
	if k := t.kind(e); k.Persist == Always && !e.Erased {
		t.emit(Filed{FiledKey(t.key, e.Task.ID), &last, k.History})
	}
}
