package task

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Outcome is what a worker says about a run.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Fail    Outcome = "fail"
	Snooze  Outcome = "snooze" // call me again after a while; this was no attempt
	Working Outcome = "working"
)

// Outcomes returns every outcome.
func Outcomes() []Outcome { return []Outcome{OK, Fail, Snooze, Working} }

// Bounds of a snooze.
const (
	MinSnooze = time.Millisecond
	MaxSnooze = 30 * 24 * time.Hour
)

// Answer is what a worker says about one run: the record of `task-results`, keyed by the ordering key.
type Answer struct {
	TaskID  string
	Run     int64
	Outcome Outcome
	// Code and Error are of Fail: a short code that policies know, and a text for people.
	Code, Error string
	// For is how long a Snooze is, MinSnooze to MaxSnooze.
	For time.Duration
}

// Answered takes what a worker says. The answer counts before what is due at now, so an answer that waited for the
// group, not the group for it, is in time. Of a run that was given up only a success counts.
func Answered(q *Queue, key string, a *Answer, p Policy, now instant.Milli) (*Queue, []Effect) {
	t := take(q, key, p, now)
	t.answer(a)
	return t.settle()
}

func (t *turn) answer(a *Answer) {
	h := t.q.Head
	if h == nil || h.Task.ID != a.TaskID || a.Run < 1 || a.Run > h.Run {
		t.emit(Stale{a})
		return
	}
	current := h.State == Running && a.Run == h.Run
	switch {
	case a.Outcome == OK:
		t.succeed(h, a, current)
	case a.Outcome == Snooze && (a.For < MinSnooze || a.For > MaxSnooze):
		t.reject(payment.InvalidField, fmt.Sprintf("for: write %s to %s", MinSnooze, MaxSnooze))
	case a.Outcome != Fail && a.Outcome != Snooze && a.Outcome != Working:
		t.reject(payment.InvalidField, "outcome: write ok, fail, snooze or working")
	case !current:
		t.emit(Stale{a})
	case a.Outcome == Fail:
		t.fail(h, Past{Ending: RunFailed, Code: cut(a.Code, MaxCode), Error: cut(a.Error, MaxError)})
	case a.Outcome == Snooze:
		t.snooze(h, t.now.Add(a.For))
	default:
		next := *h
		next.Until = max(h.Until, t.limit(h, t.kind(h)))
		t.q.Head = &next
	}
}

// succeed ends the task, by its current run or by one that was given up too early.
func (t *turn) succeed(h *Entry, a *Answer, current bool) {
	next := *h
	past := Past{Run: a.Run, From: t.now, To: t.now, Ending: RunSucceeded}
	if current {
		past.From = h.Since
	}
	next.History = h.History.with(past)
	t.conclude(&next, Succeeded)
}

// snooze puts the head off without spending an attempt. Its deadline stays.
func (t *turn) snooze(h *Entry, until instant.Milli) {
	next := *h
	next.History = t.past(h, Past{Ending: RunSnoozed})
	switch {
	case h.Cancelled:
		t.conclude(&next, Cancelled)
	case h.Deadline != 0 && until >= h.Deadline:
		t.exhaust(&next, WhyDeadline)
	default:
		next.Until = until
		t.begin(&next, Snoozed)
	}
}
