package worker

import (
	"context"
	"sync"
	"time"

	"github.com/millrace/millrace/domain/task"
)

// beatsPerTimeout is how often a claimed run's heartbeat is sent within its kind's timeout.
const beatsPerTimeout = 3

type heldKey struct{ key, id string }

// held are the runs that a lane has claimed and not answered.
type held struct {
	mu   sync.Mutex
	runs map[heldKey]*task.Run
}

func keyOf(r *task.Run) heldKey { return heldKey{r.Task.Key, r.Task.ID} }

func (h *held) add(r *task.Run) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.runs[keyOf(r)] = r
}

// remove forgets a run, unless a later run of its task has taken its place.
func (h *held) remove(r *task.Run) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if there := h.runs[keyOf(r)]; there != nil && there.Number == r.Number {
		delete(h.runs, keyOf(r))
	}
}

func (h *held) all() []*task.Run {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*task.Run, 0, len(h.runs))
	for _, r := range h.runs {
		out = append(out, r)
	}
	return out
}

// beat sends a heartbeat for each run that is held, three times within the kind's timeout, until ctx ends. A heartbeat
// that follows the answer is stale, and changes nothing.
func (l *lane) beat(ctx context.Context) {
	if l.silent() {
		return
	}
	ticks := time.NewTicker(l.kind.Policy.Timeout / beatsPerTimeout)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		var sent sync.WaitGroup
		for _, r := range l.held.all() {
			sent.Go(func() { l.answer(r, working()) })
		}
		sent.Wait()
	}
}

// slots bound the calls under way.
type slots struct {
	free chan struct{} // has an item for each slot that is free
}

func newSlots(n int) slots {
	s := slots{make(chan struct{}, n)}
	for range n {
		s.free <- struct{}{}
	}
	return s
}

// take waits until at least n slots are free, takes them, and all others that are. It returns how many it has, 0 when
// ctx ends.
func (s slots) take(ctx context.Context, n int) int {
	for i := range n {
		select {
		case <-s.free:
		case <-ctx.Done():
			s.give(i)
			return 0
		}
	}
	for {
		select {
		case <-s.free:
			n++
		default:
			return n
		}
	}
}

// one waits for one slot. It tells whether it has it; it has not when ctx ends.
func (s slots) one(ctx context.Context) bool {
	select {
	case <-s.free:
		return true
	case <-ctx.Done():
		return false
	}
}

// give returns n slots.
func (s slots) give(n int) {
	for range n {
		s.free <- struct{}{}
	}
}
