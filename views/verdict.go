package views

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/millrace/millrace/domain/catalog"
)

// Commands hands commands to the catalog.
type Commands interface {
	// Send returns once the command will not be lost. What the catalog makes of it stands in the row.
	Send(ctx context.Context, c *catalog.Command) error
}

// watchers wait for rows of the catalog to change.
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

// judge sends a command, unless it was judged before, and waits for the verdict: errPending if there is none within the server's
// patience.
func (s *Server) judge(ctx context.Context, c *catalog.Command) (catalog.Verdict, *catalog.Row, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Wait)
	defer cancel()
	changed, end := s.config.Indexes.watchers.watch(c.Key())
	defer end()
	row, _, err := rowOf(s, s.sources.catalog, s.config.Topology.Catalog, c.Key())
	if err != nil {
		return catalog.Verdict{}, nil, err
	}
	if v, ok := row.Verdict(c.ID); ok {
		return v, row, nil
	}
	if err := s.config.Commands.Send(ctx, c); err != nil {
		return catalog.Verdict{}, nil, err
	}
	return s.awaited(ctx, c.Key(), c.ID, changed)
}

// awaited waits until the row under key has the verdict on a command. changed is of a watch that began before the command was sent.
func (s *Server) awaited(ctx context.Context, key, id string, changed <-chan struct{}) (catalog.Verdict, *catalog.Row, error) {
	for {
		row, _, err := rowOf(s, s.sources.catalog, s.config.Topology.Catalog, key)
		if err != nil {
			return catalog.Verdict{}, nil, err
		}
		if v, ok := row.Verdict(id); ok {
			return v, row, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return catalog.Verdict{}, nil, errPending
		}
	}
}

// otherContent tells whether a row remembers a command of the same identity with another fingerprint, and not this one: ids are
// as commandID makes them.
func otherContent(row *catalog.Row, id string) bool {
	if _, same := row.Verdict(id); same || row == nil {
		return false
	}
	identity, _, _ := strings.Cut(id, ".")
	for _, v := range row.Verdicts {
		if before, _, ok := strings.Cut(v.CommandID, "."); ok && before == identity {
			return true
		}
	}
	return false
}
