// Package routing is the group that turns scores into states: which instruments are up, degraded or down, and which of
// them get traffic.
//
//   - Input: health-scores, keyed mode.
//   - Table: by mode, the newest scores of every instrument and gateway and the states made of them; routing weights are
//     read from it.
//   - Output: health-status, a record for every change, keyed mode/instrument or mode/instrument/gateway; dead-letters.
//   - Ordering: scores of one gateway come in order of window ends; those of different gateways in any order.
//   - Late: a mode is evaluated once for a window end, when the watermark has passed it by grace and the evaluation delay and
//     its scores are in. A score that comes later, from a partition that is behind, is made up for at once; a corrected
//     one counts from the next evaluation on.
//   - Duplicates: a score that comes again replaces itself and steps nothing.
package routing

import (
	"github.com/lovoo/goka"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Config holds the settings of the group.
type Config struct {
	// Settings of health, the same as the health group has. Defaults to health.DefaultSettings.
	Settings health.Settings
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{Settings: health.DefaultSettings()} }

// Validate returns every problem of c, joined.
func (c Config) Validate() error { return c.Settings.Validate() }

// Graph returns the group's graph. The config must be valid.
func Graph(cfg Config, t *topology.Topology, m *Metrics) *goka.GroupGraph {
	g := &group{settings: cfg.Settings, topology: t, metrics: m}
	return goka.DefineGroup(t.Routing.Goka(),
		stream.Input(t.Routing, t.HealthScores, g.take),
		stream.Persist(t.Routing),
		stream.Output(t.HealthStatus),
		stream.DeadLetters(t.Routing),
		stream.Timers(t.Routing, g.evaluate),
	)
}

type group struct {
	settings health.Settings
	topology *topology.Topology
	metrics  *Metrics
}

type context = stream.Context[*health.ModeRow]

// take files a score.
func (g *group) take(c *context, s *health.Score) {
	row, _ := c.Row()
	next, effects := row.Take(g.settings, s, instant.Of(c.Watermark()))
	g.apply(c, row, next, effects)
}

// evaluate is the timer of a mode: the scores of one of its window ends are in.
func (g *group) evaluate(c *context, _ stream.Timer) {
	row, _ := c.Row()
	next, effects := row.Settle(g.settings, instant.Of(c.Watermark()))
	g.apply(c, row, next, effects)
}

// apply stores the row and turns effects into emits.
func (g *group) apply(c *context, row, next *health.ModeRow, effects []health.ModeEffect) {
	if next != row {
		c.SetRow(next)
	}
	evaluated := row == nil || next.Evaluated != row.Evaluated
	for _, e := range effects {
		switch e := e.(type) {
		case health.Awaited:
			c.SetTimer(e.At.Time(), "evaluate")
		case health.Changed:
			stream.Emit(c, g.topology.HealthStatus, e.Record.Key(), e.Record)
			evaluated = true
		}
	}
	if evaluated || !g.metrics.shows(c.Key()) { // not since this process has the mode
		g.metrics.show(g.settings, next)
	}
}
