package task

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/instant"
)

// keyOfUser tells whether an ordering key is a user's: the user's id, or KIND/ID of a trigger.
func keyOfUser(key, user string) bool { return key == user || strings.HasSuffix(key, "/"+user) }

// of tells whether a task of an ordering key is a user's: by the key, or by the user_id of its payload.
func (t *Task) of(key, user string) bool {
	if keyOfUser(key, user) {
		return true
	}
	var p struct {
		UserID string `json:"user_id"`
	}
	return json.Unmarshal(t.Payload, &p) == nil && p.UserID == user
}

// mayPay tells whether money depends on the task: its reward counts as spent, or as taken back, from the moment on at
// which the task was written.
func (t *Task) mayPay() bool { return t.Kind == RewardPayout || t.Kind == RewardClawback }

// Holds tells whether a row, kept under a key of its own, has something of a user.
func (r *Row) Holds(rowKey, user string) bool {
	key, _ := KeyOf(rowKey)
	if r.Bucket != nil {
		return false
	}
	if keyOfUser(key, user) {
		return true
	}
	entries := r.Queued()
	if r.Filed != nil {
		entries = []*Entry{r.Filed.Entry}
	}
	return slices.ContainsFunc(entries, func(e *Entry) bool { return e.Task.of(key, user) })
}

// Erase makes a queue forget a user. What waits ends, and leaves no trace; a run under way is not called back, so its
// task ends with the answer. Payouts and claw-backs go on, since their rewards count as paid: nothing is kept of them
// once they have ended.
func Erase(q *Queue, key, user string, p Policy, now instant.Milli) (*Queue, []Effect) {
	if q == nil {
		return nil, nil
	}
	t := take(q, key, p, now)
	if keyOfUser(key, user) {
		t.q.Seen, t.q.Verdicts = nil, nil
	}
	waiting := slices.Clone(t.q.Waiting)
	t.q.Waiting = nil
	for _, e := range waiting {
		if e.Task.of(key, user) {
			e = e.erase()
		}
		if !e.Erased || e.Task.mayPay() {
			t.q.Waiting = append(t.q.Waiting, e)
			continue
		}
		t.conclude(e, Cancelled)
	}
	switch h := t.q.Head; {
	case h == nil || !h.Task.of(key, user):
	case h.State == Running || h.Task.mayPay():
		t.q.Head = h.erase()
	default:
		t.conclude(h.erase(), Cancelled)
	}
	return t.settle()
}

// Erase returns the page without what it has of a user: the queue drops the tasks when their page comes back.
func (p *Page) Erase(key, user string) *Page {
	next := &Page{slices.Clone(p.Entries)}
	for i, e := range next.Entries {
		if e.Task.of(key, user) {
			next.Entries[i] = e.erase()
		}
	}
	return next
}

// erase returns the entry as that of a user who is forgotten.
func (e *Entry) erase() *Entry {
	next := *e
	next.Erased = true
	if !e.Task.mayPay() {
		next.Cancelled, next.Task.Payload, next.History = true, nil, History{}
	}
	return &next
}
