package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// visitSlice is how many rows are visited in one transaction at most (docs/design.md, section 5). The first visits one,
// and those after it more, as long as that is quick.
const visitSlice = 1000

// nextSlice follows a slice that took so long; enough is what a transaction should take.
func nextSlice(n int, took, enough time.Duration) int {
	switch {
	case took > enough/2:
		return max(1, int(float64(n)*float64(enough)/float64(4*took)))
	case took < enough/4:
		return min(visitSlice, 2*n)
	default:
		return n
	}
}

// visits tells the tables which keys the visit under way is for.
type visits struct {
	mu sync.Mutex
	of func(*table) keys // nil: there is none
}

// keys of one partition for one visit, in order.
type keys interface{ next() (string, bool) }

func (v *visits) set(of func(*table) keys) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.of = of
}

// keys tells whether a visit is under way that the engine began.
func (v *visits) keys(t *table) (keys, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of == nil {
		return nil, false
	}
	return v.of(t), true
}

// listed are keys that are known beforehand.
type listed struct{ keys []string }

func (l *listed) next() (string, bool) {
	if len(l.keys) == 0 {
		return "", false
	}
	key := l.keys[0]
	l.keys = l.keys[1:]
	return key, true
}

// request asks the session for something between two batches.
type request struct {
	tick bool // else a visit
	name string
	meta any
	from map[int32]string // how far a visit is; nil: not begun
	next map[int32]string // as from, with the transaction under way
	n    int64            // calls so far
	done chan answer
}

type answer struct {
	n   int64
	err error
}

// requests are those that wait for a session.
type requests struct {
	wake chan struct{} // there is one

	mu   sync.Mutex
	wait []*request
}

func newRequests() requests { return requests{wake: make(chan struct{}, 1)} }

func (q *requests) push(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wait = append(q.wait, r)
	select {
	case q.wake <- struct{}{}:
	default: // it is awake already
	}
}

func (q *requests) any() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.wait) > 0
}

// pop returns the oldest request, nil if there is none.
func (q *requests) pop() *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.wait) == 0 {
		return nil
	}
	r := q.wait[0]
	q.wait = q.wait[1:]
	return r
}

// submit queues a request for the session and waits for its answer.
func (e *Engine) submit(ctx context.Context, r *request) (int64, error) {
	r.done = make(chan answer, 1)
	e.requests.push(r)
	select {
	case a := <-r.done:
		return a.n, a.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-e.life.Done():
		return 0, ErrVisit
	}
}

// Visit calls a goka.Visitor for every row of the partitions here, each call and its effects once, in transactions of
// up to 1,000 rows. It takes the place of Processor.VisitAll, which is refused. Rows that come meanwhile may or may not
// be visited. ErrVisit: a rebalance or a stop came in between, some rows were visited.
func (e *Engine) Visit(ctx context.Context, name string, meta any) (int64, error) {
	if e.graph.table == "" {
		return 0, fmt.Errorf("%w: the group has no table", ErrVisit)
	}
	return e.submit(ctx, &request{name: name, meta: meta})
}

// Tick looks for idle partitions and due timers now, and returns how many timers were called. Run does so by itself,
// unless Config.Tick is NoTick.
func (e *Engine) Tick() int64 {
	n, _ := e.submit(e.life, &request{tick: true}) // without a session nothing is due
	return n
}

// Sweep calls the group's sweep callback for every row, and returns for how many. Run does so by itself, unless
// Config.Tick is NoTick.
func (e *Engine) Sweep() int64 {
	if !e.graph.sweeps {
		return 0
	}
	n, _ := e.Visit(e.life, stream.SweepVisit, nil) // what is left waits for the next sweep
	return n
}

// visit calls a visitor for the keys given, within the transaction under way.
func (s *session) visit(name string, meta any, wanted map[int32][]string) (int64, error) {
	if s.processor == nil {
		return 0, fmt.Errorf("%w: not a goka processor", ErrVisit)
	}
	s.engine.visits.set(func(t *table) keys { return &listed{wanted[t.local.partition]} })
	defer s.engine.visits.set(nil)
	n, err := s.processor.VisitAllWithStats(s.ctx, name, meta)
	return n, s.visitError(err)
}

func (s *session) visitError(err error) error {
	if err != nil && (isClosed(s.failed) || errors.Is(err, goka.ErrVisitAborted)) {
		return errClaim // goka's clean-up tells why
	}
	return err
}

// cursors begin a visit of all rows.
func (s *session) cursors() map[int32]string {
	from := map[int32]string{}
	for _, t := range s.engine.ownTables() {
		from[t.local.partition] = ""
	}
	return from
}

// list takes the next keys, up to n of each partition, and moves the cursors on.
func (s *session) list(from map[int32]string, n int) (map[int32][]string, error) {
	keys := map[int32][]string{}
	for number, after := range from {
		t := s.engine.table(number)
		if t == nil {
			continue
		}
		next, err := t.ascend(after, n)
		if err != nil {
			return nil, err
		}
		if len(next) < n {
			delete(from, number)
		} else {
			from[number] = next[len(next)-1] + "\x00"
		}
		if len(next) > 0 {
			keys[number] = next
		}
	}
	return keys, nil
}

func (s *session) reply(err error) {
	if s.active != nil {
		s.active.done <- answer{err: err}
		s.active = nil
	}
}
