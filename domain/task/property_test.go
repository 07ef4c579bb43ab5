package task_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/task"
)

// model is what a key has to do, by looking at everything each time.
type model struct {
	*world
	rnd       *rand.Rand
	arrived   int
	order     []string // by arrival
	tasks     map[string]*task.Submission
	begun     map[string]bool
	cancelled map[string]bool
	effects   map[string]map[string]bool // what the handlers did: idempotency keys by task
	succeeded []string
	open      []task.Run // handed out, not answered as far as the workers know
	seenRuns  int
	seenDead  int
	replays   map[string]int
	// slow is how much longer a page takes than an answer.
	slow int
}

func newModel(t testing.TB, key string, rnd *rand.Rand, kinds ...task.Kind) *model {
	m := &model{
		world: newWorld(t, key, kinds...), rnd: rnd, tasks: map[string]*task.Submission{}, begun: map[string]bool{},
		cancelled: map[string]bool{}, effects: map[string]map[string]bool{}, replays: map[string]int{},
	}
	m.late, m.slow = true, 1
	return m
}

// before tells whether a comes before b among the due tasks of a key: written down once more, on purpose.
func (m *model) before(a, b string) bool {
	x, y := m.tasks[a], m.tasks[b]
	if x.Priority != y.Priority {
		return x.Priority > y.Priority
	}
	if x.Due != y.Due {
		return x.Due < y.Due
	}
	return slices.Index(m.order, a) < slices.Index(m.order, b)
}

// check looks at the runs that were handed out since the last call.
func (m *model) check() {
	for ; m.seenRuns < len(m.runs); m.seenRuns++ {
		r := m.runs[m.seenRuns]
		id := r.Task.ID
		m.open = append(m.open, r)
		switch {
		case m.ended(id):
			m.t.Fatalf("%s: %s runs after its end", m.key, id)
		case m.cancelled[id] && !m.begun[id]:
			m.t.Fatalf("%s: %s begins after it was cancelled", m.key, id)
		}
		for _, other := range m.order {
			due := m.tasks[other].Due <= m.now && !m.cancelled[other]
			switch {
			case other == id || m.ended(other):
			case m.begun[other]:
				m.t.Fatalf("%s: %s runs while %s has begun and not ended", m.key, id, other)
			case due && !m.begun[id] && m.before(other, id):
				m.t.Fatalf("%s: %s runs before %s: %+v, %+v", m.key, id, other, m.tasks[id], m.tasks[other])
			}
		}
		m.begun[id] = true
	}
	for m.seenDead < len(m.letters) {
		m.seenDead++
		m.arriveAgain(m.letters[m.seenDead-1])
	}
}

// arriveAgain replays some dead letters, each at most once.
func (m *model) arriveAgain(l task.Letter) {
	id := l.Entry.Task.ID
	held := !m.ended(id) // nobody but the replay lets the key go on
	if !held && (m.replays[id] > 0 || m.rnd.Intn(2) == 0) {
		return
	}
	m.replays[id]++
	if !held { // another life, which ends once, too
		m.final[id], m.begun[id] = nil, false
	}
	m.cancelled[id] = false
	m.command(task.Command{ID: fmt.Sprint("replay", id, m.replays[id]), Op: task.OpReplay, Letter: l.Entry})
	m.check()
}

func (m *model) ended(id string) bool { return len(m.final[id]) > 0 }

func (m *model) arrive(kind string) {
	id := fmt.Sprint(m.key, "-", m.arrived)
	m.arrived++
	s := &task.Submission{Task: task.Task{ID: id, Kind: kind, Key: m.key, Payload: make([]byte, m.rnd.Intn(200))}}
	switch m.rnd.Intn(4) {
	case 0:
		s.Due = m.now.Add(time.Duration(m.rnd.Intn(60_000)) * time.Millisecond)
	case 1:
		s.Priority = int64(m.rnd.Intn(3) - 1)
	}
	sent := *s
	s.Due = max(s.Due, m.now)
	m.tasks[id], m.order = s, append(m.order, id)
	m.add(sent)
	m.check()
	if m.rnd.Intn(8) == 0 && m.state(id) != "" { // a duplicate of what waits in the row
		m.add(sent)
		m.check()
	}
}

// work lets a worker answer one of the runs that it has, which may have been given up long ago; or it dies before or
// after the effect.
func (m *model) work(failures int) {
	if len(m.open) == 0 {
		return
	}
	i := m.rnd.Intn(len(m.open))
	r := m.open[i]
	if q := m.queue; q != nil && q.Head != nil && q.Head.Task.ID == r.Task.ID && q.Head.Run == r.Number && !q.Head.Claimed &&
		m.rnd.Intn(3) > 0 {
		m.answer(r, task.Answer{Outcome: task.Working})
		m.check()
		return
	}
	roll := m.rnd.Intn(100)
	if roll >= 95 && failures > 0 {
		m.answer(r, task.Answer{Outcome: task.Working})
		m.check()
		return
	}
	m.open = slices.Delete(m.open, i, i+1)
	a := ok
	switch {
	case roll < failures:
		a = failed
	case roll < failures+5 && failures > 0:
		a = task.Answer{Outcome: task.Snooze, For: time.Duration(1+m.rnd.Intn(20_000)) * time.Millisecond}
	case roll < failures+15 && failures > 0:
		return // killed before its effect
	default:
		m.effect(r)
		if roll < failures+25 && failures > 0 {
			return // killed after its effect
		}
	}
	m.answer(r, a)
	if a.Outcome == task.OK && has[task.Changed](m.world.effects) && slices.Equal(m.final[r.Task.ID], []task.State{task.Succeeded}) {
		m.succeeded = append(m.succeeded, r.Task.ID)
	}
	m.check()
	if m.rnd.Intn(10) == 0 { // the same answer twice
		m.answer(r, a)
		m.check()
	}
}

func (m *model) effect(r task.Run) {
	id := r.Task.ID
	if m.effects[id] == nil {
		m.effects[id] = map[string]bool{}
	}
	m.effects[id][r.IdempotencyKey] = true
}

func (m *model) cancelOne() {
	if len(m.order) == 0 {
		return
	}
	id := m.order[m.rnd.Intn(len(m.order))]
	if m.ended(id) {
		return
	}
	m.command(task.Command{ID: fmt.Sprint("cancel", m.rnd.Int63()), Op: task.OpCancel, TaskID: id})
	m.cancelled[id] = true
	m.check()
}

// run lets n tasks come and everything happen to them, then lets all end well.
func (m *model) run(n int) {
	for m.arrived < n {
		switch roll := m.rnd.Intn(100); {
		case roll < 50 || m.slow > 1 && roll < 90:
			m.arrive("call")
		case roll < 80:
			m.work(40)
		case roll < 82:
			m.cancelOne()
		case roll < 95:
			m.deliver()
			m.check()
		default:
			m.advanceChecked(time.Duration(m.rnd.Intn(40_000)) * time.Millisecond)
		}
	}
	for steps := 0; m.queue.Depth() > 0 || len(m.pages) > 0; steps++ {
		if steps > 400*n+1000 {
			m.t.Fatalf("%s: stuck with %d tasks: head %+v", m.key, m.queue.Depth(), m.queue.Head)
		}
		if m.rnd.Intn(m.slow) == 0 {
			m.deliver()
			m.check()
		}
		switch {
		case m.abandoned():
			m.advanceChecked(25 * time.Hour)
		case m.rnd.Intn(20) > 0:
			m.work(0)
		default:
			m.advanceChecked(time.Second)
		}
	}
	if m.advance(25 * time.Hour); m.queue != nil {
		m.t.Fatalf("%s: the row stays: %+v", m.key, m.queue)
	}
}

// abandoned tells whether the run that is out was dropped by a worker that died before it had claimed it.
func (m *model) abandoned() bool {
	if m.queue == nil || m.queue.Head == nil || m.queue.Head.State != task.Running || m.queue.Head.Claimed {
		return false
	}
	h := m.queue.Head
	return !slices.ContainsFunc(m.open, func(r task.Run) bool { return r.Task.ID == h.Task.ID && r.Number == h.Run })
}

// advanceChecked looks at runs at the time at which they are handed out.
func (m *model) advanceChecked(d time.Duration) {
	end := m.now.Add(d)
	for m.now < end {
		next := end
		for at := range m.timers {
			next = min(next, max(at, m.now+1))
		}
		if at := m.swept(); at > 0 {
			next = min(next, max(at, m.now+1))
		}
		m.advance(next.Sub(m.now))
		m.check()
	}
}

// Each key's tasks begin in their order, one after the other; each ends exactly once; no effect has two keys; nothing
// is lost: under failures, workers that die before and after the effect, duplicates, late and repeated answers,
// snoozes, heartbeats, cancels, replays, and pages that come late.
func TestKeysAgreeWithTheModel(t *testing.T) {
	keys, spilled := 1000, 0
	for i := range keys {
		rnd := rand.New(rand.NewSource(int64(i)))
		k := task.DefaultKind("call")
		k.Retry.MaxAttempts = int64(1 + rnd.Intn(4))
		k.OnExhausted = task.Exhaustions()[rnd.Intn(2)]
		m := newModel(t, fmt.Sprint("key", i), rnd, k)
		n := 5 + rnd.Intn(20)
		if i%125 == 0 {
			n, m.slow = 1200, 100
		}
		m.run(n)
		if m.queue.Depth() > 0 || len(m.pages) > 0 {
			t.Fatalf("%s: %d tasks and %d pages are left", m.key, m.queue.Depth(), len(m.pages))
		}
		spilled += m.judgeAll(k)
	}
	if spilled == 0 {
		t.Error("no key was long enough for a page")
	}
}

func (m *model) judgeAll(k task.Kind) (spilled int) {
	for _, id := range m.order {
		if len(m.final[id]) != 1 {
			m.t.Errorf("%s: %s ended as %v", m.key, id, m.final[id])
		}
		if state := m.final[id]; len(m.effects[id]) == 0 && slices.Contains(state, task.Succeeded) || len(m.effects[id]) > 1 {
			m.t.Errorf("%s: %s ended as %v with effects under %v", m.key, id, state, m.effects[id])
		}
	}
	if m.maxSize > task.MaxRowBytes {
		m.t.Errorf("%s: a row of %d bytes", m.key, m.maxSize)
	}
	if m.arrived > task.MaxWaiting {
		return 1
	}
	return 0
}

// 100,000 tasks of one key: the row stays within its bound, every task runs once, in order.
func TestARowOfManyTasksIsBounded(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	const n = 100_000
	payload := make([]byte, 300)
	for i := range n {
		w.add(task.Submission{Task: task.Task{ID: fmt.Sprint(i), Kind: "call", Payload: payload}, Dedupe: fmt.Sprint("d", i)})
	}
	if w.queue.Depth() != n || len(w.queue.Waiting) > task.MaxWaiting {
		t.Fatalf("%d tasks, %d in the row", w.queue.Depth(), len(w.queue.Waiting))
	}
	t.Logf("row: at most %d bytes; %d pages", w.maxSize, len(w.pages))
	if w.maxSize > task.MaxRowBytes {
		t.Errorf("the row came to %d bytes, more than %d", w.maxSize, int64(task.MaxRowBytes))
	}
	w.add(task.Submission{Task: task.Task{ID: "again", Kind: "call"}, Dedupe: fmt.Sprint("d", n-task.MaxSeen)}) // lies on a page
	if !has[task.Repeated](w.effects) {
		t.Error("the dedupe key of a task on a page is forgotten")
	}
	w.command(task.Command{Op: task.OpCancel, TaskID: "70000"})
	for i := range n {
		if i == 70_000 {
			continue
		}
		if r := w.last(); r.Task.ID != fmt.Sprint(i) {
			t.Fatalf("%s ran as number %d", r.Task.ID, i)
		}
		w.now += 10
		w.answer(w.last(), ok)
	}
	if w.written > n/task.PageTasks+2 {
		t.Errorf("%d pages were written for %d tasks", w.written, n)
	}
	if w.queue.Depth() != 0 || len(w.pages) > 0 || !slices.Equal(w.final["70000"], []task.State{task.Cancelled}) {
		t.Errorf("%d tasks, %d pages left; the cancelled one ended as %v", w.queue.Depth(), len(w.pages), w.final["70000"])
	}
	for _, p := range []struct{ tasks, bytes int }{{600, 1000}, {40, task.MaxPayload}} { // large ones go by bytes
		w := newWorld(t, "k", plain("call"))
		for i := range p.tasks {
			w.add(task.Submission{Task: task.Task{ID: fmt.Sprint(i), Kind: "call", Payload: make([]byte, p.bytes)}})
		}
		for i := range p.tasks {
			if r := w.last(); r.Task.ID != fmt.Sprint(i) {
				t.Fatalf("%s ran as number %d", r.Task.ID, i)
			}
			w.answer(w.last(), ok)
		}
		if w.maxSize > task.MaxRowBytes || w.queue != nil {
			t.Errorf("%d of %d bytes: a row of %d bytes, left %+v", p.tasks, p.bytes, w.maxSize, w.queue)
		}
	}
}

// More tasks than a key has room for become dead letters, which can be replayed.
func TestAKeyWithoutRoomRefuses(t *testing.T) {
	w := newWorld(t, "k", plain("call"))
	for i := 0; i < task.MaxPages*task.PageTasks+2*task.MaxWaiting; i++ {
		w.submit("call", fmt.Sprint(i))
		if has[task.Rejected](w.effects) {
			if w.queue.Depth() < task.MaxPages*task.PageTasks || w.maxSize > task.MaxRowBytes {
				t.Errorf("refused at %d tasks, row of %d bytes", w.queue.Depth(), w.maxSize)
			}
			return
		}
	}
	t.Error("nothing was refused")
}

func BenchmarkAddStartAnswer(b *testing.B) {
	p := task.Policy{Kinds: task.BuiltIn().With(plain("call"))}
	b.ReportAllocs()
	var q *task.Queue
	now := noon
	for i := 0; b.Loop(); i++ {
		s := task.Submission{Task: task.Task{ID: "tk_0123456789abcdef", Kind: "call", Key: "k", Payload: []byte(`{"a":1}`)}}
		q, _ = task.Add(q, "k", &s, p, now)
		q, _ = task.Answered(q, "k", &task.Answer{TaskID: s.Task.ID, Run: 1, Outcome: task.OK}, p, now)
		now++
	}
}
