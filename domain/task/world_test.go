package task_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

const noon instant.Milli = 1_772_366_400_000

// world is one key with its rows, as a processor would keep them: pages and timers come back through it.
type world struct {
	t        testing.TB
	key      string
	policy   task.Policy
	now      instant.Milli
	queue    *task.Queue
	pages    map[string]*task.Page
	wanted   []task.Wanted
	timers   map[instant.Milli]bool
	runs     []task.Run
	letters  []task.Letter
	filed    map[string]*task.Entry
	asked    []string
	effects  []task.Effect // of the last call
	final    map[string][]task.State
	maxSize  int64
	commands int
	written  int  // pages
	late     bool // pages come back only when deliver is called
}

func newWorld(t testing.TB, key string, kinds ...task.Kind) *world {
	return &world{
		t: t, key: key, policy: task.Policy{Kinds: task.BuiltIn().With(kinds...)}, now: noon, pages: map[string]*task.Page{},
		timers: map[instant.Milli]bool{}, filed: map[string]*task.Entry{}, final: map[string][]task.State{},
	}
}

func (w *world) apply(q *task.Queue, effects []task.Effect) {
	w.queue, w.effects = q, effects
	dues := 0
	for _, e := range effects {
		switch e := e.(type) {
		case task.Started:
			w.runs = append(w.runs, e.Run)
		case task.Lettered:
			w.letters = append(w.letters, e.Letter)
		case task.Filed:
			w.filed[e.Key] = e.Entry
		case task.Paged:
			if w.pages[e.Key] != nil {
				w.t.Fatalf("page %q written twice", e.Key)
			}
			w.pages[e.Key] = e.Page
			w.written++
		case task.Wanted:
			w.wanted = append(w.wanted, e)
		case task.Due:
			dues++
			w.timers[e.At] = true
			if e.At <= w.now {
				w.t.Fatalf("a timer at %s, now is %s: it would spin", e.At, w.now)
			}
		case task.Asked:
			w.asked = append(w.asked, e.Kind)
		case task.Changed:
			if e.Entry.State.Final() {
				w.final[e.Entry.Task.ID] = append(w.final[e.Entry.Task.ID], e.Entry.State)
			}
		}
	}
	if dues > 1 {
		w.t.Fatalf("%d timers in one call", dues)
	}
	if q != nil {
		w.maxSize = max(w.maxSize, q.Size())
		if q.Idle() {
			w.queue = nil // as a processor deletes the row
		}
	}
	if !w.late {
		w.deliver()
	}
}

// deliver sends pages back that were asked for.
func (w *world) deliver() {
	for len(w.wanted) > 0 {
		want := w.wanted[0]
		w.wanted = w.wanted[1:]
		page := w.pages[want.Key]
		if page == nil {
			w.t.Fatalf("page %q is wanted, and is not there", want.Key)
		}
		delete(w.pages, want.Key)
		w.apply(task.Return(w.queue, w.key, want.Number, page, w.policy, w.now))
	}
}

func (w *world) add(s task.Submission) {
	s.Task.Key = w.key
	w.apply(task.Add(w.queue, w.key, &s, w.policy, w.now))
}

func (w *world) submit(kind string, ids ...string) {
	for _, id := range ids {
		w.add(task.Submission{Task: task.Task{ID: id, Kind: kind}})
	}
}

func (w *world) answer(r task.Run, a task.Answer) {
	a.TaskID, a.Kind, a.Run = r.Task.ID, r.Task.Kind, r.Number
	w.apply(task.Answered(w.queue, w.key, &a, w.policy, w.now))
}

func (w *world) command(c task.Command) {
	if c.ID == "" {
		c.ID = fmt.Sprint("c", w.now, c.Op, c.TaskID)
	}
	w.apply(task.Judge(w.queue, w.key, &c, w.policy, w.now))
}

// claim says for the last run that it is under way.
func (w *world) claim() { w.answer(w.last(), task.Answer{Outcome: task.Working}) }

const sweepEvery = instant.Milli(600_000)

// swept returns when a sweep finds that the run which is out is overdue; 0 if none will.
func (w *world) swept() instant.Milli {
	if w.queue == nil || w.queue.Head == nil || !w.queue.Overdue(w.queue.Head.Until) {
		return 0
	}
	return (w.queue.Head.Until + sweepEvery - 1) / sweepEvery * sweepEvery
}

// advance calls the key at each of its timers up to d from now, and for a run that is overdue by a sweep.
func (w *world) advance(d time.Duration) {
	end := w.now.Add(d)
	for {
		next := w.swept()
		if next > end {
			next = 0
		}
		for at := range w.timers {
			if at <= end && (next == 0 || at < next) {
				next = at
			}
		}
		if next == 0 {
			w.now = end
			return
		}
		delete(w.timers, next) // if one it was
		w.now = max(w.now, next)
		w.apply(task.AdvanceTo(w.queue, w.key, w.policy, w.now))
	}
}

// last returns the last run that was handed out.
func (w *world) last() task.Run {
	w.t.Helper()
	if len(w.runs) == 0 {
		w.t.Fatal("no run was handed out")
	}
	return w.runs[len(w.runs)-1]
}

// ids returns the tasks of all runs, in their order.
func (w *world) ids() (ids []string) {
	for _, r := range w.runs {
		ids = append(ids, r.Task.ID)
	}
	return ids
}

func (w *world) state(id string) task.State {
	if w.queue == nil {
		return ""
	}
	if h := w.queue.Head; h != nil && h.Task.ID == id {
		return h.State
	}
	for _, e := range w.queue.Waiting {
		if e.Task.ID == id {
			return e.StateAt(w.now)
		}
	}
	return ""
}

// plain is a kind without jitter.
func plain(name string) task.Kind {
	k := task.DefaultKind(name)
	k.Retry.Jitter = 0
	return k
}

var (
	ok     = task.Answer{Outcome: task.OK}
	failed = task.Answer{Outcome: task.Fail, Code: "busy", Error: "try later"}
)

func has[E task.Effect](effects []task.Effect) bool {
	for _, e := range effects {
		if _, ok := e.(E); ok {
			return true
		}
	}
	return false
}
