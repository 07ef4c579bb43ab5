package views

import (
	"context"
	"errors"
	"sync"

	"github.com/millrace/millrace/domain/audit"
)

// tableWatchers are those of the tables whose rows keep verdicts.
type tableWatchers struct{ catalog, progress, rewards, letters *watchers }

func newTableWatchers() tableWatchers {
	return tableWatchers{newWatchers(), newWatchers(), newWatchers(), newWatchers()}
}

// watchers wait for rows of one table to change.
type watchers struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]bool // by row key
}

func newWatchers() *watchers { return &watchers{waiting: map[string]map[chan struct{}]bool{}} }

// changed tells those who wait for a row that it was written.
func (w *watchers) changed(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.waiting[key] {
		select {
		case c <- struct{}{}:
		default: // it has not looked yet since the last time
		}
	}
}

// waits returns how many rows are waited for.
func (w *watchers) waits() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

// watch returns a channel that receives after the row has changed, and what ends it.
func (w *watchers) watch(key string) (changed <-chan struct{}, end func()) {
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

// errPending is that of a command without a verdict yet.
var errPending = errors.New("views: no verdict yet")

// lookup finds the verdict on a command in its row, if it is there.
type lookup[V any] func() (v V, ok bool, err error)

// inquiry is a command whose verdict V will stand in a row.
type inquiry[V any] struct {
	watchers *watchers // of the row's table
	key      string    // of the row
	find     lookup[V]
	send     func(context.Context) error
}

// await sends a command, unless it was judged before, and waits for the verdict: errPending if there is none within the
// server's patience.
func await[V any](ctx context.Context, s *kit, q inquiry[V]) (none V, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Wait)
	defer cancel()
	changed, end := q.watchers.watch(q.key)
	defer end()
	if v, ok, err := q.find(); ok || err != nil {
		return v, err
	}
	if err := q.send(ctx); err != nil {
		return none, err
	}
	return awaited(ctx, q.find, changed)
}

// awaited waits for the verdict on a command that was sent. changed is of a watch that began before.
func awaited[V any](ctx context.Context, find lookup[V], changed <-chan struct{}) (none V, err error) {
	for {
		if v, ok, err := find(); ok || err != nil {
			return v, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return none, errPending
		}
	}
}

// proved returns the proof of who makes a request: its token, which was checked.
func proved(ctx context.Context) audit.Proof {
	return audit.Proof{By: audit.ByToken, Issuer: identity(ctx).Issuer, Role: roleOf(ctx)}
}
