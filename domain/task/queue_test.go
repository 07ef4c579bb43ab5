package task_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
)

// Issue 14: base 1 s, factor 2, cap 60 s, nine attempts: these delays and then a dead letter, on virtual time.
func TestBackoffOnVirtualTime(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.submit("call", "poison")
	var delays []float64
	for len(w.letters) == 0 {
		failedAt := w.now
		w.answer(w.last(), failed)
		for n := len(w.runs); len(w.letters) == 0 && len(w.runs) == n; {
			w.advance(time.Millisecond)
		}
		if len(w.letters) == 0 {
			delays = append(delays, w.now.Sub(failedAt).Seconds())
		}
	}
	want := []float64{1, 2, 4, 8, 16, 32, 60, 60}
	if diff := cmp.Diff(want, delays); diff != "" {
		t.Errorf("delays: %s", diff)
	}
	letter := w.letters[0]
	if len(w.runs) != 9 || len(letter.Entry.History.Runs) != 9 || letter.Why != task.WhyAttempts || letter.Entry.Attempts != 9 {
		t.Errorf("%d runs, letter %+v", len(w.runs), letter)
	}
	for _, r := range w.runs {
		if r.IdempotencyKey != "poison" {
			t.Errorf("run %d under the key %q", r.Number, r.IdempotencyKey)
		}
	}
	if w.queue != nil || !slices.Equal(w.final["poison"], []task.State{task.Exhausted}) {
		t.Errorf("left: %+v, %v", w.queue, w.final)
	}
}

// Of one key, poison first: the rest waits in order, other keys run. Both ways of going on after the dead letter, and
// the replay that restores the order.
func TestPoisonFirst(t *testing.T) {
	for _, on := range task.Exhaustions() {
		k := plain("call")
		k.Retry.MaxAttempts, k.OnExhausted = 2, on
		w := newWorld(t, "k", k)
		w.submit("call", "poison", "b", "c", "d")
		w.answer(w.last(), failed)
		other := newWorld(t, "other", k)
		other.submit("call", "x")
		other.answer(other.last(), ok)
		if len(w.runs) != 1 || w.state("poison") != task.Parked || w.state("b") != task.Waiting || !slices.Equal(other.final["x"], []task.State{task.Succeeded}) {
			t.Fatalf("%s: parked: %v, %s, %s", on, w.ids(), w.state("poison"), w.state("b"))
		}
		w.advance(time.Second)
		w.answer(w.last(), failed) // exhausted
		want := []string{"poison", "poison"}
		if on == task.GoOn {
			w.answer(w.last(), ok) // b
			want = append(want, "b", "c")
		} else if w.advance(time.Hour); w.state("poison") != task.Held || len(w.timers) > 0 {
			t.Fatalf("hold: %s, timers %v", w.state("poison"), w.timers)
		}
		if diff := cmp.Diff(want, w.ids()); diff != "" {
			t.Fatalf("%s: %s", on, diff)
		}
		w.submit("call", "e")
		w.command(task.Command{Op: task.OpReplay, Letter: w.letters[0].Entry, Payload: []byte(`{"mended":true}`)})
		for len(w.runs) < 10 && w.queue != nil && w.queue.Head != nil {
			w.answer(w.last(), ok)
		}
		if on == task.GoOn {
			want = append(want, "poison", "d", "e") // c was under way
		} else {
			want = append(want, "poison", "b", "c", "d", "e")
		}
		if diff := cmp.Diff(want, w.ids()); diff != "" {
			t.Errorf("%s: %s", on, diff)
		}
		i := slices.IndexFunc(w.runs, func(r task.Run) bool { return len(r.Task.Payload) > 0 })
		if r := w.runs[i]; r.Task.ID != "poison" || r.Number != 3 || r.Attempt != 1 || r.IdempotencyKey != "poison" {
			t.Errorf("%s: the replay is %+v", on, r)
		}
	}
}

func TestDiscardLetsTheKeyGoOn(t *testing.T) {
	k := plain("call")
	k.Retry.NonRetryable, k.OnExhausted = []string{"gone"}, task.Hold
	w := newWorld(t, "k", k)
	w.submit("call", "a", "b")
	w.answer(w.last(), task.Answer{Outcome: task.Fail, Code: "gone"})
	if w.letters[0].Why != task.WhyNonRetryable || w.state("a") != task.Held {
		t.Fatalf("%+v, %s", w.letters, w.state("a"))
	}
	w.command(task.Command{ID: "1", Op: task.OpDiscard, Letter: w.queue.Waiting[0]}) // is no letter
	w.command(task.Command{ID: "2", Op: task.OpDiscard, Letter: w.letters[0].Entry})
	if !has[task.Discarded](w.effects) {
		t.Errorf("nobody learns that it was discarded: %v", w.effects)
	}
	if v, _ := w.queue.Verdict("1"); v.Result != verdict.Unchanged || w.last().Task.ID != "b" || !slices.Equal(w.final["a"], []task.State{task.Exhausted}) {
		t.Errorf("%+v, %v, %v", v, w.ids(), w.final)
	}
}

// Due time, priority among those that are due, then arrival.
func TestOrderOfAKey(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.submit("call", "first") // runs at once; the rest waits
	w.add(task.Submission{Task: task.Task{ID: "later", Kind: "call"}, Due: noon.Add(time.Minute), Priority: task.MaxPriority})
	w.submit("call", "b", "c")
	w.add(task.Submission{Task: task.Task{ID: "urgent", Kind: "call"}, Priority: 1})
	w.add(task.Submission{Task: task.Task{ID: "idle", Kind: "call"}, Priority: -1})
	if w.state("later") != task.Scheduled || w.state("b") != task.Waiting {
		t.Errorf("%s, %s", w.state("later"), w.state("b"))
	}
	for range 3 {
		w.answer(w.last(), ok)
	}
	w.claim()
	w.advance(time.Minute) // c's run is given up, and later comes due
	w.answer(w.last(), ok)
	for w.queue != nil {
		w.answer(w.last(), ok)
	}
	if diff := cmp.Diff([]string{"first", "urgent", "b", "c", "c", "later", "idle"}, w.ids()); diff != "" {
		t.Error(diff)
	}
}

// A delayed task starts by the one timer of its key, to the millisecond.
func TestDelay(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	for i, id := range []string{"c", "b", "a"} {
		w.add(task.Submission{Task: task.Task{ID: id, Kind: "call"}, Due: noon.Add(time.Duration(3-i) * time.Minute)})
	}
	for i, id := range []string{"a", "b", "c"} {
		w.advance(time.Minute - time.Millisecond)
		if len(w.runs) != i {
			t.Fatalf("%v before its time", w.ids())
		}
		w.advance(time.Millisecond)
		if len(w.runs) != i+1 || w.last().Task.ID != id {
			t.Fatalf("%v, want %s", w.ids(), id)
		}
		w.answer(w.last(), ok)
	}
}

func TestSnoozeSpendsNoAttempt(t *testing.T) {
	k := plain("call")
	k.Retry.MaxAttempts, k.Deadline = 2, time.Hour
	w := newWorld(t, "k", k)
	w.submit("call", "a", "b")
	for range 5 {
		w.answer(w.last(), task.Answer{Outcome: task.Snooze, For: 5 * time.Minute})
		if w.state("a") != task.Snoozed {
			t.Fatalf("%s", w.state("a"))
		}
		w.advance(5 * time.Minute)
	}
	if r := w.last(); r.Task.ID != "a" || r.Number != 6 || r.Attempt != 1 || len(w.letters) > 0 {
		t.Errorf("%+v", r)
	}
	w.answer(w.last(), task.Answer{Outcome: task.Snooze, For: 2 * time.Hour}) // beyond its deadline
	if len(w.letters) != 1 || w.letters[0].Why != task.WhyDeadline || w.last().Task.ID != "b" {
		t.Errorf("%+v, %v", w.letters, w.ids())
	}
	w.answer(w.last(), task.Answer{Outcome: task.Snooze})
	if !has[task.Rejected](w.effects) {
		t.Errorf("a snooze of no time: %v", w.effects)
	}
}

// A run that is not answered in time is handed out again under the same key; who answers when is judged rightly.
func TestAnswersOfRuns(t *testing.T) {
	start := func() (*world, task.Run, task.Run) {
		w := newWorld(t, "k", plain("call"))
		w.submit("call", "a", "b")
		first := w.last()
		w.claim()
		w.advance(31 * time.Second) // 30 s timeout, 1 s parked
		second := w.last()
		if first.Number != 1 || second.Number != 2 || second.Attempt != 2 || first.IdempotencyKey != second.IdempotencyKey {
			t.Fatalf("%+v, %+v", first, second)
		}
		return w, first, second
	}
	w, first, second := start()
	w.answer(first, failed)
	if !has[task.Stale](w.effects) || w.state("a") != task.Running {
		t.Errorf("a late failure counts: %v, %s", w.effects, w.state("a"))
	}
	w.answer(first, task.Answer{Outcome: task.Working})
	if !has[task.Stale](w.effects) {
		t.Errorf("a late heartbeat counts")
	}
	w.answer(first, ok)
	if !slices.Equal(w.final["a"], []task.State{task.Succeeded}) || w.last().Task.ID != "b" {
		t.Errorf("a late success does not count: %v, %v", w.final, w.ids())
	}
	for _, r := range []task.Run{second, first} { // twice, and of the other run
		for _, a := range []task.Answer{ok, failed} {
			if w.answer(r, a); !has[task.Stale](w.effects) || w.state("b") != task.Running || len(w.final["a"]) != 1 {
				t.Errorf("%s of run %d after the end: %v", a.Outcome, r.Number, w.effects)
			}
		}
	}
	w, first, second = start()
	w.answer(second, failed)
	if w.answer(second, failed); !has[task.Stale](w.effects) || w.queue.Head.Attempts != 2 {
		t.Errorf("a failure counts twice: %+v", w.queue.Head)
	}
	if w.answer(first, ok); len(w.final["a"]) != 1 {
		t.Error("a late success while the key is parked does not count")
	}
	w, _, second = start()
	second.Number = 3
	if w.answer(second, ok); !has[task.Stale](w.effects) {
		t.Error("an answer of a run that was never handed out counts")
	}
}

// A run that no worker takes is no attempt, however long they are away; one that was claimed is.
func TestUnclaimedRunsSpendNoAttempt(t *testing.T) {
	k := plain("call")
	k.Retry.MaxAttempts = 2
	w := newWorld(t, "k", k)
	w.submit("call", "a", "b")
	w.advance(task.Unclaimed - time.Second)
	if len(w.runs) != 1 || w.state("a") != task.Running || len(w.timers) > 0 {
		t.Fatalf("a run waits for a worker: %v, %s, timers %v", w.ids(), w.state("a"), w.timers)
	}
	w.advance(3 * 24 * time.Hour)
	r := w.last()
	if r.Task.ID != "a" || r.Number != 4 || r.Attempt != 1 || w.queue.Head.Attempts != 0 || len(w.letters) > 0 {
		t.Fatalf("after 3 days: %+v, %+v", r, w.queue.Head)
	}
	if p := w.queue.Head.History.Runs[0]; p.Ending != task.RunUnclaimed || p.To < noon.Add(task.Unclaimed) {
		t.Errorf("history: %+v", p)
	}
	w.claim()
	if until := w.now.Add(30 * time.Second); w.queue.Head.Until != until {
		t.Errorf("claimed, it is given up at %s, want %s", w.queue.Head.Until, until)
	}
	w.advance(31 * time.Second)
	if r := w.last(); r.Number != 5 || r.Attempt != 2 {
		t.Errorf("the worker has died: %+v", r)
	}
	w.answer(w.runs[0], ok) // it waited in its topic, and a worker took it at last
	if !slices.Equal(w.final["a"], []task.State{task.Succeeded}) || w.last().Task.ID != "b" {
		t.Errorf("a late success: %v, %v", w.final, w.ids())
	}
	w.command(task.Command{Op: task.OpCancel, TaskID: "b"})
	if w.advance(25 * time.Hour); !slices.Equal(w.final["b"], []task.State{task.Cancelled}) {
		t.Errorf("a cancelled run that nobody took: %v", w.final)
	}
	k.Deadline = time.Hour
	w = newWorld(t, "k", k)
	w.submit("call", "a")
	if w.advance(time.Hour); len(w.letters) != 1 || w.letters[0].Why != task.WhyDeadline || w.letters[0].Entry.Attempts != 0 {
		t.Errorf("a deadline: %+v", w.letters)
	}
}

// What a handler hands back has a bound: beyond it the run has failed, and is tried again under its key.
func TestOutputIsBounded(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.submit("call", "a")
	w.answer(w.last(), task.Answer{Outcome: task.OK, Output: make([]byte, task.MaxOutput+1)})
	if p := w.queue.Head.History.Runs[0]; w.state("a") != task.Parked || p.Code != task.CodeOutputTooLarge ||
		!strings.Contains(p.Error, "at most 8192") {
		t.Fatalf("%s, %+v", w.state("a"), p)
	}
	w.advance(time.Second)
	w.answer(w.last(), task.Answer{Outcome: task.OK, Output: make([]byte, task.MaxOutput)})
	if !slices.Equal(w.final["a"], []task.State{task.Succeeded}) {
		t.Errorf("%v", w.final)
	}
}

// Who discards a letter after its key has gone on lets others know, once.
func TestDiscardAfterTheKeyHasGoneOn(t *testing.T) {
	k := plain("call")
	k.Retry.MaxAttempts = 1
	w := newWorld(t, "k", k)
	w.submit("call", "a")
	w.answer(w.last(), failed)
	letter := w.letters[0].Entry
	w.command(task.Command{ID: "1", Op: task.OpDiscard, Letter: letter})
	if v, _ := w.queue.Verdict("1"); v.Result != verdict.Applied || !has[task.Discarded](w.effects) {
		t.Errorf("%+v, %v", v, w.effects)
	}
	w.command(task.Command{ID: "1", Op: task.OpDiscard, Letter: letter})
	if len(w.effects) > 0 {
		t.Errorf("the same command again: %v", w.effects)
	}
	w.command(task.Command{ID: "2", Op: task.OpReplay, Letter: letter})
	w.command(task.Command{ID: "3", Op: task.OpDiscard, Letter: letter})
	if v, _ := w.queue.Verdict("3"); v.Result != verdict.Unchanged || has[task.Discarded](w.effects) || w.state("a") != task.Running {
		t.Errorf("a letter that was replayed: %+v, %v", v, w.effects)
	}
	w.command(task.Command{ID: "4", Op: task.OpDiscard, Letter: &task.Entry{Task: task.Task{ID: "a", Key: "other"}}})
	if v, _ := w.queue.Verdict("4"); v.Result != verdict.Refused {
		t.Errorf("a letter of another key: %+v", v)
	}
}

func TestHeartbeats(t *testing.T) {
	k := plain("call")
	k.Deadline = 2 * time.Minute
	w := newWorld(t, "k", k)
	w.submit("call", "a")
	for range 5 {
		w.advance(20 * time.Second)
		w.answer(w.last(), task.Answer{Outcome: task.Working})
	}
	if len(w.runs) != 1 || w.state("a") != task.Running {
		t.Fatalf("%v, %s", w.ids(), w.state("a"))
	}
	w.advance(20 * time.Second) // no heartbeat reaches beyond the deadline
	if len(w.letters) != 1 || w.letters[0].Why != task.WhyDeadline {
		t.Errorf("%+v", w.letters)
	}
}

func TestNeverKeepsNothing(t *testing.T) {
	k := plain("tell")
	k.Persist, k.Retry.MaxAttempts = task.Never, 1
	w := newWorld(t, "k", k)
	w.submit("tell", "a", "b", "a")
	if w.queue != nil || len(w.runs) != 3 || !slices.Equal(w.final["b"], []task.State{task.Sent}) || len(w.filed) > 0 {
		t.Errorf("%+v, %v, %v", w.queue, w.ids(), w.final)
	}
}

func TestAlwaysKeepsTheRuns(t *testing.T) {
	k := plain("call")
	k.Persist, k.History = task.Always, time.Hour
	w := newWorld(t, "k", k)
	w.submit("call", "a")
	w.answer(w.last(), failed)
	w.advance(time.Second)
	w.answer(w.last(), ok)
	e := w.filed[task.FiledKey("k", "a")]
	if e == nil || e.State != task.Succeeded || w.queue != nil {
		t.Fatalf("%+v, %+v", w.filed, w.queue)
	}
	want := []task.Past{
		{Run: 1, From: noon, To: noon, Ending: task.RunFailed, Code: "busy", Error: "try later"},
		{Run: 2, From: noon + 1000, To: noon + 1000, Ending: task.RunSucceeded},
	}
	if diff := cmp.Diff(want, e.History.Runs); diff != "" {
		t.Error(diff)
	}
}

// An old row is never written to.
func TestRowsAreImmutable(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.submit("call", "a", "b", "c")
	old := w.queue
	waiting, head := slices.Clone(old.Waiting), *old.Head
	w.answer(w.last(), failed)
	w.command(task.Command{Op: task.OpCancel, TaskID: "b"})
	w.submit("call", "d")
	w.advance(time.Minute)
	if !slices.Equal(waiting, old.Waiting) || !cmp.Equal(head, *old.Head) {
		t.Error("the old row has changed")
	}
}

// Two futures of one row, as of a callback that is undone and made again, do not share what they write.
func TestFuturesOfARowAreApart(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	add := func(q *task.Queue, id string) *task.Queue {
		next, _ := task.Add(q, "k", &task.Submission{Task: task.Task{ID: id, Kind: "call", Key: "k"}, Dedupe: id}, w.policy, w.now)
		return next
	}
	w.submit("call", "head")
	q := w.queue
	for i := range 20 {
		a, b := add(q, "a"), add(q, "b")
		if got := a.Waiting[len(a.Waiting)-1].Task.ID; got != "a" || b.Waiting[len(b.Waiting)-1].Task.ID != "b" || a.Seen[i].Hash == b.Seen[i].Hash {
			t.Fatalf("with %d tasks: %s", i, got)
		}
		q = add(q, strings.Repeat("x", i+1))
	}
	fail := func(q *task.Queue, code string) *task.Queue {
		r := task.Answer{TaskID: "head", Run: q.Head.Run, Outcome: task.Fail, Code: code}
		next, _ := task.Answered(q, "k", &r, w.policy, w.now)
		return next
	}
	for q.Head.Attempts < 8 {
		a, b := fail(q, "a"), fail(q, "b")
		if got := a.Head.History.Runs[q.Head.Attempts].Code; got != "a" || b.Head.History.Runs[q.Head.Attempts].Code != "b" {
			t.Fatalf("after %d failures: %s", q.Head.Attempts, got)
		}
		w.now = a.Head.Until
		q, _ = task.AdvanceTo(a, "k", w.policy, w.now)
	}
}

// A long history keeps its beginning and its end, and counts the rest. What handlers say is cut at a rune.
func TestHistoriesAreBounded(t *testing.T) {
	k := plain("call")
	k.Retry.MaxAttempts = 50
	w := newWorld(t, "k", k)
	w.submit("call", "a")
	long := task.Answer{Outcome: task.Fail, Code: strings.Repeat("c", 100), Error: strings.Repeat("x", task.MaxError-1) + "é"}
	for len(w.letters) == 0 {
		w.answer(w.last(), long)
		w.advance(time.Minute - time.Second)
		w.advance(time.Second)
	}
	h := w.letters[0].Entry.History
	var runs []int64
	for _, p := range h.Runs {
		runs = append(runs, p.Run)
	}
	n := w.last().Number
	if len(runs) != task.MaxFirst+task.MaxLast || h.Omitted != n-int64(len(runs)) || !slices.Equal(runs[:5], []int64{1, 2, 3, 4, n - task.MaxLast + 1}) || runs[31] != n {
		t.Errorf("%v of %d, %d omitted", runs, n, h.Omitted)
	}
	if p := h.Runs[0]; p.Error != strings.Repeat("x", task.MaxError-1) || len(p.Code) != task.MaxCode {
		t.Errorf("%q, %q", p.Code, p.Error)
	}
}
