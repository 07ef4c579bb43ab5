package task_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
)

func (w *world) many(n int, prefix string, priority int64, due instant.Milli) {
	for i := range n {
		w.add(task.Submission{Task: task.Task{ID: fmt.Sprint(prefix, i), Kind: "call"}, Priority: priority, Due: due})
	}
}

// What is due stays in the row, whatever is more important later; and a page is fetched once, before it is due.
func TestPagesHoldWhatIsNeededLast(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.late = true
	later := noon.Add(time.Hour)
	w.many(400, "important", task.MaxPriority, later)
	w.many(200, "now", 0, 0)
	if len(w.pages) == 0 {
		t.Fatal("nothing was spilled")
	}
	for _, p := range w.pages {
		if i := slices.IndexFunc(p.Entries, func(e *task.Entry) bool { return e.Due != later }); i >= 0 {
			t.Fatalf("%s is on a page", p.Entries[i].Task.ID)
		}
	}
	for range 200 {
		w.answer(w.last(), ok)
	}
	w.advance(time.Hour - 2*time.Second - time.Millisecond)
	if len(w.wanted) > 0 {
		t.Error("a page was fetched long before it is due")
	}
	w.advance(time.Millisecond)
	if len(w.wanted) > 0 {
		t.Error("a page was fetched although its row is full of what comes before it")
	}
	w.advance(2 * time.Second)
	w.late = false
	for range 400 {
		w.deliver()
		w.answer(w.last(), ok)
	}
	if w.queue != nil || w.written != 1 {
		t.Errorf("%d pages were written, left %+v", w.written, w.queue)
	}
}

// A row that is full of less important tasks fetches an important page when it is due, not before, and once.
func TestAFullRowFetchesWhatIsDue(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	later := noon.Add(time.Minute)
	w.submit("call", "first")
	w.many(300, "important", task.MaxPriority, later)
	w.many(500, "now", 0, 0)
	written := w.written
	for w.now < later-1 {
		w.advance(500 * time.Millisecond)
		w.answer(w.last(), task.Answer{Outcome: task.Working})
		if w.now < later && w.written > written {
			t.Fatalf("%d pages were written again at %s", w.written-written, w.now)
		}
	}
	w.advance(time.Millisecond)
	w.answer(w.last(), ok)
	for i := range 300 {
		if got := w.last().Task.ID; got != fmt.Sprint("important", i) {
			t.Fatalf("%s ran as important task %d", got, i)
		}
		w.answer(w.last(), ok)
	}
}

// When all that is left lies on pages, their times wake the key: of each priority, to the millisecond.
func TestPagesWakeTheirKey(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	first, second := noon.Add(time.Hour), noon.Add(2*time.Hour)
	w.many(257, "now", task.MaxPriority, 0)
	w.many(128, "important", 1, second)
	w.many(129, "usual", 0, first)
	if len(w.pages) != 2 {
		t.Fatalf("%d pages", len(w.pages))
	}
	for len(w.runs) < 257 || w.queue.Head != nil {
		w.answer(w.last(), ok)
	}
	for _, c := range []struct {
		at instant.Milli
		id string
	}{{first, "usual0"}, {second, "important0"}} {
		w.advance(c.at.Sub(w.now) - time.Millisecond)
		n := len(w.runs)
		if w.advance(time.Millisecond); len(w.runs) != n+1 || w.last().Task.ID != c.id {
			t.Fatalf("at %s ran %v", c.at, w.ids()[n:])
		}
		for w.queue != nil && w.queue.Head != nil {
			w.answer(w.last(), ok)
		}
	}
}

// A page is asked for while there is still something to do.
func TestPagesAreFetchedAhead(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.late = true
	w.many(600, "a", 0, 0)
	for len(w.wanted) == 0 {
		w.answer(w.last(), ok)
	}
	if n := 257 - len(w.runs); n < 25 || n > 40 { // the 257 before the page's
		t.Errorf("the page was fetched when %d were left", n)
	}
}

// A page that is not there, or not whole, is no silent loss.
func TestPagesThatDoNotFit(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.late = true
	w.many(600, "a", 0, 0)
	number := w.queue.Pages[0].Number
	w.apply(task.Return(w.queue, w.key, number, &task.Page{}, w.policy, w.now))
	if !has[task.Rejected](w.effects) || len(w.queue.Pages) != 1 {
		t.Errorf("a page that nobody asked for: %+v", w.effects)
	}
	for len(w.wanted) == 0 {
		w.answer(w.last(), ok)
	}
	page := w.pages[w.wanted[0].Key]
	w.apply(task.Return(w.queue, w.key, number, &task.Page{Entries: page.Entries[1:]}, w.policy, w.now))
	if !has[task.Rejected](w.effects) || len(w.queue.Pages) != 0 {
		t.Errorf("a page without a task: %+v", w.effects)
	}
}

// A task on a page that is to be cancelled does not take a later one of its id with it.
func TestCancelOnAPage(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	w.many(600, "a", 0, 0)
	for want, id := range map[string]string{"applied": "a500", "the task is none of the next": "a400"} {
		c := task.Command{Op: task.OpCancel, TaskID: id}
		if id == "a400" {
			c.Op = task.OpRetry
		}
		if got := w.result(c); got[:7] != want[:7] {
			t.Errorf("%s of %s: %s", c.Op, id, got)
		}
	}
	w.result(task.Command{Op: task.OpCancel, TaskID: "b"})
	w.submit("call", "b")
	w.many(600, "c", 0, 0)
	for w.queue.Depth() > 0 {
		w.answer(w.last(), ok)
	}
	if !slices.Equal(w.final["a500"], []task.State{task.Cancelled}) || !slices.Equal(w.final["b"], []task.State{task.Succeeded}) || len(w.runs) != 600+1+600-1 {
		t.Errorf("a500 %v, b %v, %d runs", w.final["a500"], w.final["b"], len(w.runs))
	}
	w.many(600, "d", 0, 0)
	for i := range task.MaxDoomed {
		w.result(task.Command{Op: task.OpCancel, TaskID: fmt.Sprint("none", i)})
	}
	if got := w.result(task.Command{Op: task.OpCancel, TaskID: "none"}); got[:8] != "too many" || w.maxSize > task.MaxRowBytes {
		t.Errorf("%s, a row of %d bytes", got, w.maxSize)
	}
}

// A task whose kind is paused meets its deadline all the same.
func TestDeadlineOfAPausedKind(t *testing.T) {
	k := plain("call")
	k.Deadline = time.Minute
	w := newWorld(t, "k", k)
	w.policy.Paused = func(string) bool { return true }
	w.submit("call", "a")
	w.advance(time.Minute)
	if len(w.letters) != 1 || w.letters[0].Why != task.WhyDeadline || len(w.runs) > 0 {
		t.Errorf("%+v, ran %v", w.letters, w.ids())
	}
}

// Everything at its bound at once still is a row that Kafka takes.
func TestTheLargestRow(t *testing.T) {
	text := func(n int) string { return strings.Repeat("x", n) }
	entry := &task.Entry{Task: task.Task{ID: text(task.MaxID), Kind: text(64), On: task.MissionCompleted, Payload: make([]byte, task.MaxPayload)}}
	for range task.MaxFirst + task.MaxLast {
		entry.History.Runs = append(entry.History.Runs, task.Past{Code: text(task.MaxCode), Error: text(task.MaxError)})
	}
	q := &task.Queue{
		Head: entry, Seen: make([]task.Seen, task.MaxSeen), Pages: make([]task.PageRef, task.MaxPages+16), Token: task.Token{Kind: text(64)}, Stopped: text(64),
		Job: &task.Job{Spec: task.Spec{Cron: text(task.MaxExpression), Zone: text(task.MaxExpression)}, Payload: make([]byte, task.MaxPayload)},
	}
	for range task.MaxDoomed {
		q.Doomed = append(q.Doomed, task.Doom{ID: text(task.MaxID)})
	}
	for range verdict.Max {
		q.Verdicts = append(q.Verdicts, verdict.Verdict{CommandID: text(128), Problems: problem.One("", "invalid_state", text(1024))})
	}
	if n := q.Size() + task.MaxWaitingBytes; n > task.MaxRowBytes {
		t.Errorf("%d bytes, more than %d", n, int64(task.MaxRowBytes))
	}
}
