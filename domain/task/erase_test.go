package task_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/task"
)

func of(id, kind, user string) task.Submission {
	return task.Submission{Task: task.Task{ID: id, Kind: kind, Payload: []byte(`{"user_id":"` + user + `","n":1}`)}}
}

func (w *world) erase(user string) {
	w.t.Helper()
	w.apply(task.Erase(w.queue, w.key, user, w.policy, w.now))
}

// left returns the tasks of the queue.
func (w *world) left() string {
	var out []string
	for _, e := range (&task.Row{Queue: w.queue}).Queued() {
		out = append(out, fmt.Sprintf("%s %s", e.Task.ID, e.State))
	}
	return strings.Join(out, ", ")
}

// kept returns the tasks of which something is kept.
func (w *world) kept() (out []string) {
	for _, e := range w.filed {
		out = append(out, e.Task.ID)
	}
	slices.Sort(out)
	return out
}

// What waits for a user who is forgotten ends; a run under way ends with its answer. Nothing of either is kept. Others'
// tasks of the key stay.
func TestAQueueForgetsAUser(t *testing.T) {
	kept := plain("call")
	kept.Persist, kept.History = task.Always, time.Hour
	w := newWorld(t, "shared", kept)
	for _, s := range []task.Submission{of("a", "call", "u1"), of("b", "call", "u1"), of("c", "call", "u2"), of("d", "call", "u1")} {
		w.add(s)
	}
	if row := (&task.Row{Queue: w.queue}); !row.Holds("shared", "u1") || !row.Holds("shared", "u2") || row.Holds("shared", "u") {
		t.Error("who is in the row")
	}
	w.erase("u1")
	if got := w.left(); got != "a running, c waiting" || len(w.kept()) > 0 {
		t.Errorf("%s; filed %v", got, w.kept())
	}
	if text := string(w.queue.Head.Task.Payload); text != "" {
		t.Errorf("the payload stays: %s", text)
	}
	if (&task.Row{Queue: w.queue}).Holds("shared", "u1") {
		t.Error("the row holds the user")
	}
	w.answer(w.last(), failed) // it is not tried again
	if got := w.left(); got != "c running" || len(w.kept()) > 0 {
		t.Errorf("%s; filed %v", got, w.kept())
	}
	w.answer(w.last(), task.Answer{Outcome: task.OK})
	if got := w.kept(); !slices.Equal(got, []string{"c"}) {
		t.Errorf("filed %v", got)
	}
}

// A payout of a user who is forgotten is paid, since its reward counts as spent, and then nothing is kept of it: not
// even the row of its key.
func TestAPayoutOfAForgottenUserIsPaid(t *testing.T) {
	for _, key := range []string{"u1", "thank/u1"} {
		w := newWorld(t, key, task.BuiltIn()...)
		w.add(of("p", task.RewardPayout, "u1"))
		w.add(of("q", task.RewardClawback, "u1"))
		w.erase("u1")
		if got := w.left(); got != "p running, q waiting" {
			t.Errorf("%s", got)
		}
		w.answer(w.last(), failed)
		w.advance(time.Hour)
		for range 2 {
			if run := w.last(); !strings.Contains(string(run.Task.Payload), `"u1"`) {
				t.Errorf("%s has no payload", run.Task.ID)
			}
			w.answer(w.last(), task.Answer{Outcome: task.OK})
			if f := w.kept(); len(f) > 0 {
				t.Errorf("filed %v", f)
			}
		}
		if !w.queue.Idle() {
			t.Errorf("the row stays: %+v", w.queue)
		}
	}
}

// Tasks on a page are dropped when it comes back; payouts are not.
func TestAPageForgetsAUser(t *testing.T) {
	page := &task.Page{}
	for _, s := range []task.Submission{of("a", "call", "u1"), of("b", "call", "u2"), of("c", task.RewardPayout, "u1")} {
		page.Entries = append(page.Entries, &task.Entry{Task: s.Task})
	}
	next := page.Erase("shared", "u1")
	for i, want := range []string{"", `{"user_id":"u2","n":1}`, `{"user_id":"u1","n":1}`} {
		if e := next.Entries[i]; string(e.Task.Payload) != want || e.Erased != (i != 1) {
			t.Errorf("%s: %s, erased %t", e.Task.ID, e.Task.Payload, e.Erased)
		}
	}
	if string(page.Entries[0].Task.Payload) == "" {
		t.Error("the page itself has changed")
	}
}
