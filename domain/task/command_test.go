package task_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
)

// result gives a command and returns its verdict, or why it was refused.
func (w *world) result(c task.Command) string {
	w.t.Helper()
	w.commands++
	c.ID = fmt.Sprint("v", w.commands)
	w.command(c)
	v, ok := w.queue.Verdict(c.ID)
	if !ok {
		w.t.Fatalf("no verdict on %+v", c)
	}
	if v.Result == verdict.Refused {
		return v.Problems[0].Detail
	}
	return string(v.Result)
}

func TestCommands(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.submit("call", "a", "b", "c")
	w.add(task.Submission{Task: task.Task{ID: "later", Kind: "call"}, Due: noon.Add(time.Hour)})
	expect := func(c task.Command, want string) {
		t.Helper()
		if got := w.result(c); !strings.Contains(got, want) {
			t.Errorf("%s of %s: %q, want %q", c.Op, c.TaskID, got, want)
		}
	}
	expect(task.Command{Op: task.OpRetry, TaskID: "a"}, "the task runs")
	expect(task.Command{Op: task.OpSnooze, TaskID: "none", Until: w.now + 1}, "no task of this id")
	expect(task.Command{Op: task.OpSnooze, TaskID: "b", Until: w.now}, "until: write")
	expect(task.Command{Op: "stop"}, "op: write cancel, retry, snooze, replay, discard, declare or retire")
	expect(task.Command{Op: task.OpSnooze, TaskID: "b", Until: w.now.Add(time.Minute)}, "applied")
	expect(task.Command{Op: task.OpRetry, TaskID: "later"}, "applied")
	expect(task.Command{Op: task.OpRetry, TaskID: "later"}, "unchanged")
	expect(task.Command{Op: task.OpCancel, TaskID: "c"}, "applied")
	expect(task.Command{Op: task.OpCancel, TaskID: "c"}, "no task of this id")
	w.answer(w.last(), failed)
	expect(task.Command{Op: task.OpSnooze, TaskID: "a", Until: w.now.Add(time.Hour)}, "applied")
	w.advance(time.Minute)
	if len(w.runs) != 1 {
		t.Fatalf("ran %v", w.ids())
	}
	expect(task.Command{Op: task.OpRetry, TaskID: "a"}, "applied")
	expect(task.Command{Op: task.OpCancel, TaskID: "a"}, "applied") // it runs: it is not tried again
	expect(task.Command{Op: task.OpCancel, TaskID: "a"}, "unchanged")
	if w.state("a") != task.Running {
		t.Fatalf("%s", w.state("a"))
	}
	w.answer(w.last(), failed)
	if !slices.Equal(w.final["a"], []task.State{task.Cancelled}) || !slices.Equal(w.final["c"], []task.State{task.Cancelled}) {
		t.Errorf("%v", w.final)
	}
	if want := []string{"a", "a", "later"}; !slices.Equal(w.ids(), want) { // due at noon, b a minute later
		t.Errorf("ran %v, want %v", w.ids(), want)
	}
	before, effects := w.queue, len(w.runs)
	w.command(task.Command{ID: before.Verdicts[0].CommandID, Op: task.OpCancel, TaskID: "later"}) // a command that comes again
	if w.queue != before || len(w.runs) != effects {
		t.Error("a command with a verdict changes something")
	}
}

// What a cancelled run has done counts.
func TestACancelledRunMayStillSucceed(t *testing.T) {
	for outcome, want := range map[task.Outcome]task.State{task.OK: task.Succeeded, task.Fail: task.Cancelled, task.Snooze: task.Cancelled} {
		w := newWorld(t, "k", plain("call"))
		w.submit("call", "a", "b")
		w.command(task.Command{Op: task.OpCancel, TaskID: "a"})
		if len(w.runs) != 1 {
			t.Fatal("two runs of a key at once")
		}
		w.answer(w.last(), task.Answer{Outcome: outcome, For: time.Second})
		if !slices.Equal(w.final["a"], []task.State{want}) || w.last().Task.ID != "b" {
			t.Errorf("%s: %v, ran %v", outcome, w.final, w.ids())
		}
	}
	w := newWorld(t, "k", plain("call"))
	w.submit("call", "a", "b")
	w.claim()
	w.command(task.Command{Op: task.OpCancel, TaskID: "a"})
	w.advance(30 * time.Second)
	if !slices.Equal(w.final["a"], []task.State{task.Cancelled}) || w.last().Task.ID != "b" || len(w.letters) > 0 {
		t.Errorf("the worker has died: %v, ran %v", w.final, w.ids())
	}
}

func TestReplayIsRefused(t *testing.T) {
	k := plain("call")
	k.Retry.MaxAttempts = 1
	w := newWorld(t, "k", k)
	w.submit("call", "a")
	w.answer(w.last(), failed)
	entry := w.letters[0].Entry
	elsewhere := *entry
	elsewhere.Task.Key = "other"
	w.submit("call", "busy")
	k.OnExhausted = task.Hold
	h := newWorld(t, "k", k)
	h.submit("call", "held")
	h.answer(h.last(), failed)
	for _, c := range []struct {
		w       *world
		command task.Command
		want    string
	}{
		{w, task.Command{Op: task.OpReplay}, "letter: write"},
		{w, task.Command{Op: task.OpReplay, Letter: &elsewhere}, "of this key"},
		{w, task.Command{Op: task.OpReplay, Letter: entry, Payload: make([]byte, task.MaxPayload+1)}, "payload: write"},
		{w, task.Command{Op: task.OpRetry, TaskID: "busy"}, "the task runs"},
		{w, task.Command{Op: task.OpSnooze, TaskID: "busy", Until: w.now.Add(31 * 24 * time.Hour)}, "write a time"},
		{h, task.Command{Op: task.OpRetry, TaskID: "held"}, "dead letter: replay it, or discard it"},
	} {
		if got := c.w.result(c.command); !strings.Contains(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	w = newWorld(t, "k", k)
	w.submit("call", "a")
	if got := w.result(task.Command{Op: task.OpReplay, Letter: entry}); got != string(verdict.Unchanged) {
		t.Errorf("a replay of what runs: %s", got)
	}
}

func TestSubmissionsAreRefused(t *testing.T) {
	good := task.Submission{Task: task.Task{ID: "a", Kind: "call", Key: "k"}}
	for want, change := range map[string]func(*task.Submission){
		"key: write":      func(s *task.Submission) { s.Task.Key = "other" },
		"id: write":       func(s *task.Submission) { s.Task.ID = "a\x1f" },
		"id: write 1":     func(s *task.Submission) { s.Task.ID = "" },
		"kind: declare":   func(s *task.Submission) { s.Task.Kind = "none" },
		"dedupe: write":   func(s *task.Submission) { s.Dedupe = strings.Repeat("d", task.MaxID+1) },
		"priority: write": func(s *task.Submission) { s.Priority = task.MaxPriority + 1 },
		"due: write":      func(s *task.Submission) { s.Due = noon.Add(task.MaxDelayed) + 1 },
		"payload: write":  func(s *task.Submission) { s.Task.Payload = make([]byte, task.MaxPayload+1) },
	} {
		s := good
		change(&s)
		q, effects := task.Add(nil, "k", &s, task.Policy{Kinds: task.Kinds{plain("call")}}, noon)
		r, ok := effects[0].(task.Rejected)
		if len(effects) != 1 || !ok || !strings.Contains(r.Detail, want) || !q.Idle() {
			t.Errorf("want %q: %+v", want, effects)
		}
	}
}

// A dedupe key drops what comes within its horizon, however the first has ended; without one only the id counts, and
// only while it waits.
func TestDedupe(t *testing.T) {
	k := plain("call")
	k.Dedupe = time.Hour
	w := newWorld(t, "k", k, plain("other"))
	send := func(kind, id, dedupe string) bool {
		w.add(task.Submission{Task: task.Task{ID: id, Kind: kind}, Dedupe: dedupe})
		return !has[task.Repeated](w.effects)
	}
	if !send("call", "a", "x") || send("call", "b", "x") || !send("other", "c", "x") || send("call", "c", "") {
		t.Fatal("at once")
	}
	w.answer(w.last(), ok)
	w.answer(w.last(), ok)
	if !send("call", "a", "") { // it has ended, and had no dedupe key of its own then
		t.Error("an id is remembered for ever")
	}
	w.answer(w.last(), ok)
	w.advance(time.Hour - time.Millisecond)
	if w.queue == nil || send("call", "d", "x") {
		t.Error("within the horizon")
	}
	w.advance(time.Millisecond)
	if !send("call", "d", "x") {
		t.Error("behind the horizon")
	}
	for i := range task.MaxSeen {
		send("call", fmt.Sprint(i), fmt.Sprint(i))
	}
	if len(w.queue.Seen) != task.MaxSeen || !send("call", "e", "x") {
		t.Errorf("%d remembered", len(w.queue.Seen))
	}
}

// A row that remembers nothing goes by its own timer.
func TestIdleRowsGo(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.add(task.Submission{Task: task.Task{ID: "a", Kind: "call"}, Dedupe: "x"})
	w.answer(w.last(), ok)
	w.command(task.Command{Op: task.OpCancel, TaskID: "none"})
	if w.queue == nil {
		t.Fatal("the row is gone")
	}
	if w.advance(25 * time.Hour); w.queue != nil || len(w.timers) > 0 {
		t.Errorf("%+v, timers %v", w.queue, w.timers)
	}
}

// A letter counts as replayed before the queue sees it: a task whose kind was withdrawn waits for it, and is not lost.
func TestAReplayedTaskWaitsForItsKind(t *testing.T) {
	k := plain("call")
	k.Retry.MaxAttempts = 1
	w := newWorld(t, "k", k)
	w.submit("call", "a")
	w.answer(w.last(), failed)
	w.policy.Kinds = task.BuiltIn()
	if got := w.result(task.Command{Op: task.OpReplay, Letter: w.letters[0].Entry}); got != string(verdict.Applied) {
		t.Fatal(got)
	}
	if n, _ := w.queue.Need(); len(w.runs) != 1 || n.Kind != "call" || !n.Stopped {
		t.Fatalf("without its kind: %v, %+v", w.ids(), n)
	}
	w.policy.Kinds = task.BuiltIn().With(k)
	w.apply(task.Settle(w.queue, w.key, w.policy, w.now))
	if len(w.runs) != 2 || w.last().IdempotencyKey != "a" {
		t.Errorf("with it: %v", w.ids())
	}
}
