package task_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/task"
)

// What a key waits for: a run that no worker has claimed, or a task that is due and held back. What is parked, under
// way, held or of a paused kind is nobody's delay.
func TestNeed(t *testing.T) {
	hold := plain("hold")
	hold.Retry.MaxAttempts, hold.OnExhausted = 1, task.Hold
	limited := plain("limited")
	limited.Limit = task.Limit{Runs: 1, Per: time.Hour}
	begin := func(kind string) *world {
		w := newWorld(t, "k", plain("call"), hold, limited)
		w.submit(kind, "a", "b", "c")
		return w
	}
	now := noon
	for name, c := range map[string]struct {
		w    *world
		do   func(w *world)
		want task.Need
	}{
		"handed out": {begin("call"), func(w *world) { w.advance(time.Hour) },
			task.Need{Kind: "call", State: task.Running, Due: now, Behind: 2}},
		"claimed": {begin("call"), func(w *world) { w.claim() }, task.Need{Kind: "call", State: task.Running, Behind: 2}},
		"parked": {begin("call"), func(w *world) { w.answer(w.last(), failed) },
			task.Need{Kind: "call", State: task.Parked, Due: now.Add(time.Second), Behind: 2}},
		"snoozed": {begin("call"), func(w *world) { w.answer(w.last(), task.Answer{Outcome: task.Snooze, For: time.Minute}) },
			task.Need{Kind: "call", State: task.Snoozed, Due: now.Add(time.Minute), Behind: 2}},
		"held": {begin("hold"), func(w *world) { w.answer(w.last(), failed) },
			task.Need{Kind: "hold", State: task.Held, Behind: 2}},
		"parked, then paused": {begin("call"), func(w *world) {
			w.answer(w.last(), failed)
			w.policy.Paused = func(string) bool { return true }
			w.advance(time.Hour)
		}, task.Need{Kind: "call", State: task.Parked, Due: now.Add(time.Second), Stopped: true, Behind: 2}},
		"limited": {begin("limited"), func(*world) {}, task.Need{Kind: "limited", State: task.Waiting, Due: now}},
		"later": {newWorld(t, "k", plain("call")), func(w *world) {
			w.add(task.Submission{Task: task.Task{ID: "late", Kind: "call"}, Due: now.Add(time.Hour), Priority: 4})
			w.add(task.Submission{Task: task.Task{ID: "soon", Kind: "call"}, Due: now.Add(time.Minute)})
		}, task.Need{Kind: "call", State: task.Scheduled, Due: now.Add(time.Minute)}},
		"no worker for days": {begin("call"), func(w *world) { w.advance(3 * 24 * time.Hour) },
			task.Need{Kind: "call", State: task.Running, Due: now, Behind: 2}},
	} {
		c.do(c.w)
		got, ok := c.w.queue.Need()
		if diff := cmp.Diff(c.want, got); diff != "" || !ok {
			t.Errorf("%s: %t %s", name, ok, diff)
		}
	}
	for name, q := range map[string]*task.Queue{"no row": nil, "nothing left": {Seen: []task.Seen{{}}}} {
		if need, ok := q.Need(); ok {
			t.Errorf("%s: %+v", name, need)
		}
	}
}
