package task_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/task"
)

func TestBatchesByCountBytesAndAge(t *testing.T) {
	bounds := task.Gather{MaxSize: 3, MaxBytes: 1024, MaxAge: time.Second}
	run := func(id string, number int64, bytes int) task.Run {
		return task.Run{Task: task.Task{ID: id, Key: "key of " + id, Payload: make([]byte, bytes)}, Number: number, IdempotencyKey: id}
	}
	var g task.Gathering
	if g.Ready(bounds, noon) || g.Due(bounds) != 0 {
		t.Error("an empty batch")
	}
	if !g.Add(run("a", 1, 10), bounds, noon) || g.Ready(bounds, noon+999) || !g.Ready(bounds, noon+1000) || g.Due(bounds) != noon+1000 {
		t.Error("by age")
	}
	if !g.Add(run("b", 1, 10), bounds, noon+500) || g.Due(bounds) != noon+1000 || g.Ready(bounds, noon+500) {
		t.Error("the first one's age counts")
	}
	if !g.Add(run("a", 2, 10), bounds, noon) || !g.Add(run("a", 1, 10), bounds, noon) || len(g.Runs) != 2 || g.Runs[0].Number != 2 {
		t.Errorf("two runs of one task: %+v", g.Runs)
	}
	if !g.Add(run("c", 1, 10), bounds, noon) || !g.Ready(bounds, noon) || g.Add(run("d", 1, 10), bounds, noon) {
		t.Error("by count")
	}
	g = task.Gathering{}
	if !g.Add(run("large", 1, 5000), bounds, noon) || !g.Ready(bounds, noon) || g.Add(run("b", 1, 1), bounds, noon) {
		t.Error("by bytes: a large one goes alone")
	}
	g = task.Gathering{}
	if !g.Add(run("a", 1, 1000), bounds, noon) || g.Add(run("b", 1, 100), bounds, noon) || g.Bytes != 1000 {
		t.Error("by bytes")
	}
}

// One bad record fails alone, with its own backoff; the others of its batch have ended.
func TestOneBadRecordOfABatch(t *testing.T) {
	k := task.DefaultBatch("pay")
	k.Retry.Jitter = 0
	var g task.Gathering
	worlds := map[string]*world{}
	for _, id := range []string{"a", "b", "c"} {
		w := newWorld(t, "key of "+id, k)
		w.submit("pay", id, id+"2")
		worlds[id] = w
		if r := w.last(); r.Mode != task.Batch || r.Until != noon.Add(task.Unclaimed) {
			t.Fatalf("%+v", r)
		}
		if w.claim(); w.queue.Head.Until != noon.Add(31*time.Second) { // it takes its time to gather
			t.Fatalf("until %s", w.queue.Head.Until)
		}
		g.Add(w.last(), k.Gather, noon)
	}
	answers := g.Answers([]task.Result{
		{TaskID: "c", Answer: task.Answer{Outcome: task.Fail, Code: "busy"}}, {TaskID: "a", Answer: ok}, {TaskID: "a", Answer: failed},
		{TaskID: "stranger", Answer: ok},
	})
	want := []task.Answer{
		{TaskID: "a", Kind: "pay", Run: 1, Outcome: task.OK},
		{TaskID: "b", Kind: "pay", Run: 1, Outcome: task.Fail, Code: task.CodeNoResult, Error: "the handler gave no result for this record"},
		{TaskID: "c", Kind: "pay", Run: 1, Outcome: task.Fail, Code: "busy"},
	}
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Fatal(diff)
	}
	for i, id := range []string{"a", "b", "c"} {
		w := worlds[id]
		w.apply(task.Answered(w.queue, w.key, &answers[i], w.policy, w.now))
		if next := map[string]string{"a": "a2", "b": "b", "c": "c"}[id]; id == "a" && w.last().Task.ID != next || id != "a" && w.state(id) != task.Parked {
			t.Errorf("%s: ran %v, state %s", id, w.ids(), w.state(id))
		}
		if id != "a" && w.queue.Head.Until != noon+1000 {
			t.Errorf("%s: until %s", id, w.queue.Head.Until)
		}
	}
}
