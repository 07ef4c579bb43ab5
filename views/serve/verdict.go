package serve

import (
	"context"
	"errors"
	"sync"

	"github.com/millrace/millrace/domain/audit"
)

// TableWatchers are those of the tables whose rows keep verdicts.
type TableWatchers struct{ Catalog, Progress, Rewards, Letters, Tasks *watchers }

// NewTableWatchers returns some that nobody waits for.
func NewTableWatchers() TableWatchers {
	return TableWatchers{newWatchers(), newWatchers(), newWatchers(), newWatchers(), newWatchers()}
}

// watchers wait for rows of one table to change.
type watchers struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]bool // by row key
}

func newWatchers() *watchers { return &watchers{waiting: map[string]map[chan struct{}]bool{}} }

// Changed tells those who wait for a row that it was written.
func (w *watchers) Changed(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.waiting[key] {
		select {
		case c <- struct{}{}:
		default: // it has not looked yet since the last time
		}
	}
}

// Waits returns how many rows are waited for.
func (w *watchers) Waits() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

// Watch returns a channel that receives after the row has changed, and what ends it.
func (w *watchers) Watch(key string) (changed <-chan struct{}, end func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[key] == nil {
		w.waiting[key] = map[chan struct{}]bool{}
	}
	w.waiting[key][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting[key], c)
		if len(w.waiting[key]) == 0 {
			delete(w.waiting, key)
		}
	}
}

// ErrPending is that of a command without a verdict yet.
var ErrPending = errors.New("views: no verdict yet")

// Lookup finds the verdict on a command in its row, if it is there.
type Lookup[V any] func() (v V, ok bool, err error)

// Inquiry is a command whose verdict V will stand in a row.
type Inquiry[V any] struct {
	Watchers *watchers // of the row's table
	Key      string    // of the row
	Find     Lookup[V]
	Send     func(context.Context) error
}

// Await sends a command, unless it was judged before, and waits for the verdict: ErrPending if there is none within the
// server's patience.
func Await[V any](ctx context.Context, s *Kit, q Inquiry[V]) (none V, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
	defer cancel()
	changed, end := q.Watchers.Watch(q.Key)
	defer end()
	if v, ok, err := q.Find(); ok || err != nil {
		return v, err
	}
	if err := q.Send(ctx); err != nil {
		return none, err
	}
	return Awaited(ctx, q.Find, changed)
}

// Awaited waits for the verdict on a command that was sent. changed is of a watch that began before.
func Awaited[V any](ctx context.Context, find Lookup[V], changed <-chan struct{}) (none V, err error) {
	for {
		if v, ok, err := find(); ok || err != nil {
			return v, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return none, ErrPending
		}
	}
}

// Proved returns the proof of who makes a request: its token, which was checked.
func Proved(ctx context.Context) audit.Proof {
	return audit.Proof{By: audit.ByToken, Issuer: Identity(ctx).Issuer, Role: RoleOf(ctx)}
}
