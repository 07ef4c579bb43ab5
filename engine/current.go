package engine

import (
	"context"
	"time"
)

// leastBeat bounds how often a table says as of when it is: each time is a transaction.
const leastBeat = 100 * time.Millisecond

// outdated returns the table with the oldest rows of those that callbacks need current and that are not, with as of
// when it is; empty if all are. With NoTick time is the caller's business, and nothing is held back.
func (e *Engine) outdated(now time.Time) (table string, asOf time.Time) {
	if e.config.Tick == NoTick {
		return "", time.Time{}
	}
	for topic, l := range e.graph.lookups {
		if l.maxAge == 0 {
			continue
		}
		at := l.parts.asOf()
		if now.Sub(at) > l.maxAge && (table == "" || at.Before(asOf)) {
			table, asOf = topic, at
		}
	}
	return table, asOf
}

// waitForLookups waits, and returns true, while a table that is looked up is too old for input to be handled. If that
// lasts, it logs a warning.
func (s *session) waitForLookups(ctx context.Context) bool {
	e := s.engine
	now := e.config.Clock()
	table, asOf := e.outdated(now)
	if table == "" {
		s.waits = time.Time{}
		return false
	}
	if s.waits.IsZero() {
		s.waits = now
	}
	if now.Sub(s.waits) >= stallAfter && now.Sub(s.said) >= warnEvery {
		s.said = now
		e.config.Logger.Warn("input waits for a table that is looked up", "group", e.graph.group, "table", table,
			"as_of", asOf)
	}
	wait := time.NewTimer(s.tickWait())
	defer wait.Stop()
	select {
	case <-ctx.Done():
	case <-s.moved:
	case <-s.failed:
	case <-wait.C:
	case <-e.requests.wake:
	}
	return true
}

// measureLookups measures how old the tables are that callbacks look up.
func (s *session) measureLookups(now time.Time) {
	e := s.engine
	for topic, l := range e.graph.lookups {
		if at := l.parts.asOf(); l.maxAge > 0 && !at.IsZero() {
			e.config.Metrics.lookupAge.WithLabelValues(e.graph.group, topic).Set(now.Sub(at).Seconds())
		}
	}
}
