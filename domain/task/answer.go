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
	Snooze  Outcome = "snooze"  // call me again after a while; this was no attempt
	Working Outcome = "working" // the run is under way: the first such answer claims it, later ones are heartbeats
)

// Outcomes returns every outcome.
func Outcomes() []Outcome { return []Outcome{OK, Fail, Snooze, Working} }

// MaxOutput bounds what a handler hands back, in bytes.
const MaxOutput = 8 << 10

// CodeOutputTooLarge is the error code of a run that handed back more than MaxOutput.
const CodeOutputTooLarge = "output_too_large"

// Bounds of a snooze.
const (
	MinSnooze = time.Millisecond
	MaxSnooze = 30 * 24 * time.Hour
)

// Answer is what a worker says about one run: the record of `task-results`, keyed by the ordering key.
type Answer struct {
	TaskID string
	// Kind is that of the run's task.
	Kind    string
	Run     int64
	Outcome Outcome
	// Code and Error are of Fail: a short code that policies know, and a text for people.
	Code, Error string
	// For is how long a Snooze is, MinSnooze to MaxSnooze.
	For time.Duration
	// Output is what the handler hands back with an OK: JSON, at most MaxOutput bytes. Longer, and the run has failed.
	Output []byte
}

// checked returns a failure in place of a success with an output that nobody has room for.
func (a *Answer) checked() *Answer {
	if a.Outcome != OK || len(a.Output) <= MaxOutput {
		return a
	}
	return a.Failed(CodeOutputTooLarge, fmt.Sprintf("the handler handed back %d bytes: write at most %d", len(a.Output),
		MaxOutput))
}

// Failed returns the answer as a failure, for a reason that the handler did not see.
func (a *Answer) Failed(code, detail string) *Answer {
	return &Answer{TaskID: a.TaskID, Kind: a.Kind, Run: a.Run, Outcome: Fail, Code: code, Error: detail}
}

// Answered takes what a worker says. The answer counts before what is due at now, so an answer that waited for the
// group, not the group for it, is in time. Of a run that was given up only a success counts.
func Answered(q *Queue, key string, a *Answer, p Policy, now instant.Milli) (*Queue, []Effect) {
	t := take(q, key, p, now)
	t.answer(a)
	return t.settle()
}

func (t *turn) answer(a *Answer) {
	a = a.checked()
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
		t.putOff(h, t.now.Add(a.For), RunSnoozed)
	default:
		next := *h
		next.Claimed, next.Until = true, t.limit(h, t.kind(h).patience())
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

// putOff makes the head wait until a time without spending an attempt. Its deadline stays.
func (t *turn) putOff(h *Entry, until instant.Milli, ending Ending) {
	next := *h
	next.History = t.past(h, Past{Ending: ending})
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
