package task

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// turn is one decision about a queue: a copy to write to, and the effects.
type turn struct {
	q       *Queue
	key     string
	p       Policy
	now     instant.Milli
	effects []Effect
	// blocked is the task whose turn it is, and that cannot start yet.
	blocked *Entry
	grown   bool // more waits than before
}

func take(q *Queue, key string, p Policy, now instant.Milli) *turn {
	next := Queue{}
	if q != nil {
		next = *q
	}
	next.Now = max(next.Now, now)
	return &turn{q: &next, key: key, p: p, now: next.Now}
}

func (t *turn) emit(e Effect) { t.effects = append(t.effects, e) }

func (t *turn) reject(r payment.Reason, detail string) { t.emit(Rejected{r, detail}) }

// kind returns the kind of a task that is here already; one that was withdrawn meanwhile ends by the defaults.
func (t *turn) kind(e *Entry) Kind {
	if k, ok := t.p.Kinds.Find(e.Task.Kind); ok {
		return k
	}
	return DefaultKind(e.Task.Kind)
}

// AdvanceTo does what is due at now.
func AdvanceTo(q *Queue, key string, p Policy, now instant.Milli) (*Queue, []Effect) {
	if q == nil {
		return nil, nil
	}
	return take(q, key, p, now).settle()
}

// Settle follows a change of the policy: a key goes on whose kind was paused or not declared, and a schedule is retired
// that the deployment declares no more. It returns q itself if that changes nothing.
func Settle(q *Queue, key string, p Policy, now instant.Milli) (*Queue, []Effect) {
	if q == nil {
		return nil, nil
	}
	retire := q.Job != nil && !q.Job.Retired && !p.Kinds.plans(q.Job.Kind, q.Job.Name)
	if !retire && (q.Stopped == "" || !p.runs(q.Stopped)) {
		return q, nil
	}
	t := take(q, key, p, now)
	if retire {
		t.q.Job = q.Job.retire()
	}
	return t.settle()
}

// settle does what is due, and returns the queue and all effects.
func (t *turn) settle() (*Queue, []Effect) {
	t.fire()
	for t.step() {
	}
	t.spill()
	t.fetch()
	t.forget()
	t.wake()
	return t.q, t.effects
}

// step does one thing that is due, and tells whether another may be.
func (t *turn) step() bool {
	t.q.Stopped, t.blocked = "", nil
	h := t.q.Head
	switch {
	case h == nil:
		e := t.candidate()
		return e != nil && t.start(e)
	case h.State == Held || h.Until > t.now:
		return false
	case h.State == Running:
		t.expire(h)
		return true
	default: // parked or snoozed until now
		return t.start(h)
	}
}

// candidate returns the due task that comes first; nil if it is on a page, or none is due.
func (t *turn) candidate() *Entry {
	best := firstDue(t.q.Waiting, t.now)
	for _, p := range t.q.Pages {
		if p.Due <= t.now && (best == nil || p.rank().compare(best.rank()) < 0) {
			return nil
		}
	}
	return best
}

func firstDue(waiting []*Entry, now instant.Milli) *Entry {
	for _, e := range waiting { // by priority, and in each by due time
		if e.Due <= now {
			return e
		}
	}
	return nil
}

// put takes an entry among those that wait.
func (t *turn) put(e *Entry) {
	i, _ := slices.BinarySearchFunc(t.q.Waiting, e.rank(), func(w *Entry, r rank) int { return w.rank().compare(r) })
	t.q.Waiting = slices.Insert(slices.Clip(t.q.Waiting), i, e)
	t.grown = true
}

// take removes an entry from those that wait.
func (t *turn) take(e *Entry) {
	if i := slices.Index(t.q.Waiting, e); i >= 0 {
		t.q.Waiting = slices.Concat(t.q.Waiting[:i], t.q.Waiting[i+1:])
	}
}

// find returns the task with an id, if it is in the row.
func (t *turn) find(id string) *Entry {
	if h := t.q.Head; h != nil && h.Task.ID == id {
		return h
	}
	if i := slices.IndexFunc(t.q.Waiting, func(e *Entry) bool { return e.Task.ID == id }); i >= 0 {
		return t.q.Waiting[i]
	}
	return nil
}

// wake asks for the one time at which there is something to do, unless an earlier call will come anyway.
func (t *turn) wake() {
	next := t.next()
	if t.q.Wake <= t.now {
		t.q.Wake = 0
	}
	if next == 0 || t.q.Wake != 0 && t.q.Wake <= next {
		return
	}
	t.q.Wake = next
	t.emit(Due{next})
}

// next returns the next time at which there is something to do; 0 if only a record can change anything.
func (t *turn) next() instant.Milli {
	var n soonest
	if j := t.q.Job; j != nil {
		n.after(t.now, j.Next)
	}
	if b := t.blocked; b != nil {
		n.after(t.now, b.Deadline)
		n.after(t.now, t.q.Token.At)
	}
	if h := t.q.Head; h != nil {
		if h.State != Running || h.Claimed || h.Until == h.Deadline {
			n.after(t.now, h.Until) // see Overdue
		}
		return n.at
	}
	for _, e := range t.q.Waiting {
		n.after(t.now, e.Due)
	}
	for _, p := range t.q.Pages {
		n.after(t.now, p.Due.Add(-fetchAhead))
		n.after(t.now, p.Due)
	}
	if n.at == 0 && !t.q.busy() {
		n.after(t.now, t.kept())
	}
	return n.at
}

// soonest is the least of some times.
type soonest struct{ at instant.Milli }

func (s *soonest) after(now, t instant.Milli) {
	if t > now && (s.at == 0 || t < s.at) {
		s.at = t
	}
}
