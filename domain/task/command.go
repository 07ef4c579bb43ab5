package task

import (
	"fmt"
	"slices"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

// Op is what a command asks for.
type Op string

// The operations.
const (
	OpCancel  Op = "cancel"  // end a task
	OpRetry   Op = "retry"   // run a task now that waits for its time
	OpSnooze  Op = "snooze"  // put a task off until a time
	OpReplay  Op = "replay"  // run a dead letter again
	OpDiscard Op = "discard" // give a dead letter up, which nobody will replay; a key that it holds goes on
	OpDeclare Op = "declare" // put a schedule in force
	OpRetire  Op = "retire"  // withdraw it
)

// Ops returns every operation.
func Ops() []Op {
	return []Op{OpCancel, OpRetry, OpSnooze, OpReplay, OpDiscard, OpDeclare, OpRetire}
}

// Command is what people, and a deployment that declares schedules, ask of a key: the record of `task-commands`.
type Command struct {
	ID     string
	Op     Op
	TaskID string // of OpCancel, OpRetry, OpSnooze
	// Until is of OpSnooze.
	Until instant.Milli
	// Letter is the dead letter's entry, of OpReplay and OpDiscard. Payload replaces that of its task in a replay,
	// unless it is nil.
	Letter  *Entry
	Payload []byte
	// Kind and Plan are of OpDeclare and OpRetire, where the key is JobKey.
	Kind string
	Plan Plan
	// Actor is the person who asks, of OpCancel, OpRetry and OpSnooze, and Proof says how that was proved. Decisions
	// on dead letters have theirs where they were made.
	Actor string
	Proof audit.Proof
}

// MaxDoomed is how many tasks on pages may wait for their cancellation.
const MaxDoomed = 256

// Doom is a task to be cancelled when its page comes, if it arrived no later than Upto.
type Doom struct {
	ID   string
	Upto int64
}

// Judge gives a command its verdict, which the queue keeps. One that has its verdict changes nothing. A schedule that
// is declared again after it was another one, or was retired, is the exception: it is in force again.
func Judge(q *Queue, key string, c *Command, p Policy, now instant.Milli) (*Queue, []Effect) {
	if _, ok := q.Verdict(c.ID); ok && c.Op != OpDeclare {
		return q, nil
	}
	t := take(q, key, p, now)
	before := t.find(c.TaskID)
	result, refusal := t.judge(c)
	v := verdict.Verdict{CommandID: c.ID, Result: result, At: t.now}
	if refusal != "" {
		v.Result, v.Problems = verdict.Refused, problem.One("", problem.InvalidState, refusal)
	}
	t.q.Verdicts = t.q.Verdicts.With(v)
	t.audit(c, v, before)
	return t.settle()
}

func (t *turn) judge(c *Command) (verdict.Result, string) {
	switch c.Op {
	case OpCancel:
		return t.cancel(c.TaskID)
	case OpRetry:
		return t.move(c.TaskID, t.now)
	case OpSnooze:
		if c.Until <= t.now || c.Until > t.now.Add(MaxSnooze) {
			return "", fmt.Sprintf("until: write a time from now on to %s ahead", MaxSnooze)
		}
		return t.move(c.TaskID, c.Until)
	case OpReplay:
		return t.replay(c)
	case OpDiscard:
		return t.discard(c)
	case OpDeclare:
		return t.declare(c)
	case OpRetire:
		if t.q.Job == nil || t.q.Job.Retired {
			return verdict.Unchanged, ""
		}
		t.q.Job = t.q.Job.retire()
		return verdict.Applied, ""
	}
	return "", "op: write " + problem.AnyOf(Ops())
}

// cancel ends a task, or sees to it that it ends: a run under way is not called back, and a page is not at hand.
func (t *turn) cancel(id string) (verdict.Result, string) {
	e := t.find(id)
	switch {
	case e == nil && len(t.q.Pages) == 0:
		return "", "no task of this id waits"
	case e == nil && len(t.q.Doomed) >= MaxDoomed:
		return "", "too many tasks of this key wait for their cancellation: try again later"
	case e == nil:
		t.q.Doomed = append(slices.Clip(t.q.Doomed), Doom{id, t.q.Last})
	case e.Cancelled:
		return verdict.Unchanged, ""
	case e.State == Running:
		next := *e
		next.Cancelled = true
		t.q.Head = &next
	default:
		t.take(e)
		t.conclude(e, Cancelled)
	}
	return verdict.Applied, ""
}

func (t *turn) doomed(e *Entry) bool {
	i := slices.IndexFunc(t.q.Doomed, func(d Doom) bool { return d.ID == e.Task.ID && e.Number <= d.Upto })
	if i < 0 {
		return false
	}
	t.q.Doomed = slices.Concat(t.q.Doomed[:i], t.q.Doomed[i+1:])
	return true
}

// move changes when a task that waits runs: now, or later.
func (t *turn) move(id string, at instant.Milli) (verdict.Result, string) {
	e := t.find(id)
	switch {
	case e == nil && len(t.q.Pages) > 0:
		return "", fmt.Sprintf("the task is none of the next %d of its key: wait, or cancel it", MaxWaiting/2)
	case e == nil:
		return "", "no task of this id waits"
	case e.State == Running:
		return "", "the task runs: wait for its answer, or cancel it"
	case e.State == Held:
		return "", "the task is a dead letter: replay it, or discard it"
	case e.State == Waiting && (e.Due == at || e.Due <= t.now && at <= t.now):
		return verdict.Unchanged, ""
	}
	next := *e
	if e.State == Waiting {
		t.take(e)
		next.Due = at
		if e.Deadline != 0 {
			next.Deadline = at.Add(e.Deadline.Sub(e.Due))
		}
		t.put(&next)
		return verdict.Applied, ""
	}
	next.Until = at
	t.q.Head = &next
	return verdict.Applied, ""
}

// discard gives a dead letter up. Its key may have gone on long ago; one that it holds goes on now.
func (t *turn) discard(c *Command) (verdict.Result, string) {
	if !t.addresses(c.Letter) {
		return "", wantLetter
	}
	switch e := t.find(c.Letter.Task.ID); {
	case e == nil:
		t.emit(Discarded{c.Letter})
	case e.State != Held: // it was replayed meanwhile
		return verdict.Unchanged, ""
	default:
		t.emit(Discarded{e})
		t.conclude(e, Exhausted)
	}
	return verdict.Applied, ""
}

const wantLetter = "letter: write the entry of a dead letter of this key"

func (t *turn) addresses(letter *Entry) bool {
	return letter != nil && letter.Task.Key == t.key && named(letter.Task.ID, MaxID)
}

// replay gives a dead letter another life, at the place that it had: before all that came after it.
func (t *turn) replay(c *Command) (verdict.Result, string) {
	if !t.addresses(c.Letter) {
		return "", wantLetter
	}
	if len(c.Payload) > MaxPayload {
		return "", fmt.Sprintf("payload: write at most %d bytes", MaxPayload)
	}
	// Its letter counts as replayed already, so it is taken in any case: it waits if its kind is not declared.
	kind := t.kind(c.Letter)
	next := *c.Letter
	before := t.find(next.Task.ID)
	if before != nil && before.State != Held {
		return verdict.Unchanged, ""
	}
	if before != nil {
		next = *before
	}
	if c.Payload != nil {
		next.Task.Payload = c.Payload
	}
	next.Attempts, next.Cancelled, next.Claimed, next.Until, next.Deadline = 0, false, false, t.now, 0
	if kind.Deadline > 0 {
		next.Deadline = t.now.Add(kind.Deadline)
	}
	if before != nil {
		t.begin(&next, Parked)
		return verdict.Applied, ""
	}
	next.State, next.Since, next.Until = Waiting, t.now, 0
	t.put(&next)
	t.emit(Changed{&next, Exhausted})
	return verdict.Applied, ""
}

func (t *turn) declare(c *Command) (verdict.Result, string) {
	if t.key != JobKey(c.Kind, c.Plan.Name) {
		return "", "key: write " + JobKey("KIND", "NAME")
	}
	if err := c.Plan.validate(); err != nil {
		return "", err.Error()
	}
	schedule, err := t.p.Parse(c.Plan.Spec)
	if err != nil {
		return "", err.Error()
	}
	next := t.q.Job.declare(c.Kind, c.Plan, schedule, t.now)
	if t.q.Job.same(next) {
		return verdict.Unchanged, ""
	}
	t.q.Job = next
	return verdict.Applied, ""
}
