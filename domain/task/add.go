package task

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Add takes a task into the queue of its key, and starts it if nothing is before it.
func Add(q *Queue, key string, s *Submission, p Policy, now instant.Milli) (*Queue, []Effect) {
	t := take(q, key, p, now)
	kind, ok := p.Kinds.Find(s.Task.Kind)
	switch reason, detail := t.refuse(s, ok); {
	case reason != "":
		t.reject(reason, detail)
	case t.repeats(s, kind):
		t.emit(Repeated{&s.Task})
	default:
		t.enter(s, kind)
	}
	return t.settle()
}

func (t *turn) refuse(s *Submission, declared bool) (payment.Reason, string) {
	var found []fault
	if s.Task.Key != t.key {
		found = append(found, wrongKey())
	}
	if found = append(found, s.faults(declared, t.now.Add(MaxDelayed))...); len(found) > 0 {
		return found[0].reason, found[0].field + ": " + found[0].detail
	}
	if len(t.q.Pages) >= MaxPages {
		return payment.RowTooLarge, "more tasks of one key wait than its row has pages for: replay this letter later"
	}
	return "", ""
}

// enter gives a task that is new its place.
func (t *turn) enter(s *Submission, k Kind) {
	t.q.Last++
	e := &Entry{
		Task: s.Task, Number: t.q.Last, Priority: s.Priority, Arrived: t.now, Due: max(s.Due, t.now), State: Waiting,
		Since: t.now,
	}
	if k.Deadline > 0 {
		e.Deadline = e.Due.Add(k.Deadline)
	}
	t.put(e)
	arrived := *e
	arrived.State = e.StateAt(t.now)
	t.emit(Changed{&arrived, ""})
}

// fire takes the task of a schedule that is due. While one of its tasks waits already, another would add nothing.
func (t *turn) fire() {
	j := t.q.Job
	if j == nil || j.Next == 0 || j.Next > t.now {
		return
	}
	schedule, err := t.p.Parse(j.Spec)
	if err != nil { // it was parsed when it was declared; an older program may not know it
		t.q.Job = j.retire()
		t.reject(payment.InvalidField, "a schedule that this version cannot read: declare it again")
		return
	}
	next, task := j.fire(schedule, t.now)
	t.q.Job = next
	kind, ok := t.p.Kinds.Find(j.Kind)
	switch {
	case !ok: // withdrawn: there is nothing to run it by
	case len(t.q.Waiting) > 0:
		t.emit(Coalesced{task})
	default:
		t.enter(&Submission{Task: *task}, kind)
	}
}
