// Package health is the group that counts attempts in windows of event time. It publishes each window once, when the
// window closes.
//
//   - Input: attempts, keyed mode/instrument/gateway; its own loop, keyed mode/instrument/gateway/start.
//   - Lookup: the catalog's table, for the settings of modes and instruments. The transport fills Index as it writes
//     that table's store. A window uses the settings in force at its end.
//   - Table: under mode/instrument/gateway the open windows and the counts of the last closed ones. Under
//     mode/instrument/gateway/start (decimal ms) one closed window with all its counts, as long as late attempts can
//     still change it.
//   - Output: health-windows, the final of each window (revision 0), and health-corrections, its later revisions, both
//     keyed mode/instrument/gateway; health-scores, keyed mode; dead-letters.
//   - Silence: a known mode/instrument/gateway also has finals for windows without traffic, up to health.MaxEmpty in a
//     row. Then it has one silent record on health-windows, and none until traffic returns. After forgetAfter (package
//     domain/health) without traffic its row is deleted; the next attempt starts a new one.
//   - Ordering: attempts of one key in log order. They need not be in order of event time.
//   - Late attempts: a window is closed once the watermark before a record has reached its end plus grace, even if its
//     timer has not fired. A later attempt goes over the loop to the closed window, and produces a new revision and a
//     corrected score. An attempt further behind the watermark than the correction horizon becomes a dead letter,
//     late_beyond_horizon.
//   - Duplicates: the ledger emits one attempt per transaction and place. A row stores how far its windows are closed,
//     so a restart, or a watermark that starts again, does not repeat a final.
package health

import (
	"math/big"

	"github.com/lovoo/goka"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Config holds the settings of the group.
type Config struct {
	// Settings of health; routing must be given the same. Defaults to health.DefaultSettings.
	Settings health.Settings
	// Trace receives every final. A transaction that is retried sends its finals again. Defaults to none.
	Trace Trace
}

// Trace receives windows as they close. It must not block.
type Trace interface {
	WindowClosed(r *health.WindowRecord)
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{Settings: health.DefaultSettings()} }

// Validate returns every problem of c, joined.
func (c Config) Validate() error { return c.Settings.Validate() }

// Graph returns the group's graph. The config must be valid; changes is read at every call.
func Graph(cfg Config, t *topology.Topology, changes *Index, m *Metrics) *goka.GroupGraph {
	g := &group{settings: cfg.Settings, changes: changes, topology: t, metrics: m, trace: cfg.Trace}
	return topology.Graph(t, t.Health,
		stream.Input(t.Health, t.Attempts, g.count),
		stream.Loop(t.Health, healthcodec.ClosedWindow{}, g.keep),
		stream.Timers(t.Health, g.close),
		stream.Sweep(t.Health, g.expire),
	)
}

type group struct {
	settings health.Settings
	changes  *Index
	topology *topology.Topology
	metrics  *Metrics
	trace    Trace
}

type context = stream.Context[*health.Row]

// count takes an attempt.
func (g *group) count(c *context, a *ledger.Attempt) {
	row, _ := c.Row()
	s := c.Source()
	from := health.Source{Topic: s.Topic, Partition: s.Partition, Offset: s.Offset}
	next, effects := g.rules(a.Mode).Observe(row, a, from, instant.Of(c.Watermark()))
	g.metrics.arrived(a.Mode, a.At.Time(), c.Watermark())
	g.apply(c, row, next, effects, a)
}

// keep takes a closed window, or a late attempt for one, to the window's own row.
func (g *group) keep(c *context, w *health.ClosedWindow) {
	row, _ := c.Row()
	next, effects := g.rules(w.Mode).ApplyClosed(row, w)
	g.apply(c, row, next, effects, nil)
}

// close is the timer of a series: one of its windows is due.
func (g *group) close(c *context, _ stream.Timer) {
	row, _ := c.Row()
	if row == nil || row.Series == nil { // forgotten since
		return
	}
	next, effects := g.rules(row.Series.Mode).AdvanceTo(row, instant.Of(c.Watermark()))
	g.apply(c, row, next, effects, nil)
}

func (g *group) rules(mode string) health.Rules {
	return health.Rules{Settings: g.settings, Changes: g.changes.Changes(mode)}
}

// expire drops closed windows that nothing can reach any more.
func (g *group) expire(c *context) {
	if row, ok := c.Row(); ok && row.Expired(g.settings, instant.Of(c.Watermark())) {
		c.DeleteRow()
	}
}

// apply stores the row and turns effects into emits. Only the effects of an attempt, which is a then, can be refusals.
func (g *group) apply(c *context, row, next *health.Row, effects []health.Effect, a *ledger.Attempt) {
	stream.Keep(c, row, next)
	for _, e := range effects {
		switch e := e.(type) {
		case health.Due:
			c.SetTimer(e.At.Time(), "close")
		case health.Finished:
			stream.Emit(c, g.topology.HealthWindows, e.Record.Key(), e.Record)
			stream.Loopback(c, e.To.Key(), e.To)
			c.Add(topology.WindowsSum, big.NewInt(1))
			g.metrics.closed(e.Record.Mode)
			if e.Arrived != 0 {
				c.Finishes(e.Arrived.Time())
			}
			if g.trace != nil {
				g.trace.WindowClosed(e.Record)
			}
		case health.Silent:
			stream.Emit(c, g.topology.HealthWindows, e.Record.Key(), e.Record)
		case health.Late:
			stream.Loopback(c, e.To.Key(), e.To)
			g.metrics.late(e.To.Mode)
		case health.Corrected:
			stream.Emit(c, g.topology.HealthCorrections, e.Record.Key(), e.Record)
			g.metrics.corrected(e.Record.Mode)
		case health.Scored:
			stream.Emit(c, g.topology.HealthScores, e.Score.Mode, e.Score)
		case health.Rejected:
			from, value := g.topology.Attempts.Source(a)
			c.DeadLetter(stream.DeadLetter{Reason: string(e.Reason), Detail: e.Detail, Source: from, Value: value})
		}
	}
}
