// Package routing is the group that turns scores into states: which instruments are up, degraded or down, and which of
// them receive traffic.
//
//   - Input, all keyed mode: health-scores, which carry event time; overrides and health-settings, which do not.
//   - Table: by mode, the newest scores of every instrument and gateway, their states, the decisions of people about
//     them, and downtimes. Routing weights are read from it.
//   - Output: health-status, a record for every change, keyed mode, mode/instrument or mode/instrument/gateway;
//     downtimes, a record for every change, keyed mode/instrument or mode/instrument/gateway; tasks, keyed as
//     health-status, where trigger state_changed is declared; dead-letters.
//   - Ordering: scores of one gateway arrive in order of window ends; those of different gateways in any order.
//   - Late scores: a mode is evaluated once per window end, when the watermark has passed the end by grace. health
//     sends its scores before that watermark, so all of them have arrived. What a late attempt changes counts with the
//     score of the next window, in either order of arrival. A decision of a person takes effect at its own event time
//     or, if it arrives later, at the watermark at which it is read.
//   - Places: a mode keeps as many gateways as fit into its row: those with the most traffic, and all that are not up
//     or that people have named. The others count in the place `other`; see health.Settings.Places.
//   - Duplicates: a score, an override or a setting that arrives again replaces itself, and advances no state.
package routing

import (
	"errors"
	"strconv"

	"github.com/lovoo/goka"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Config holds the settings of the group.
type Config struct {
	// Settings of health, the same as the health group has. Defaults to health.DefaultSettings.
	Settings health.Settings
	// Triggers of state_changed. Defaults to none.
	Triggers task.Rules
	// Trace receives every change of status. A transaction that is retried sends its changes again. Defaults to none.
	Trace Trace
}

// Trace receives changes of status. It must not block.
type Trace interface {
	StatusChanged(r *health.StatusRecord)
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{Settings: health.DefaultSettings()} }

// Validate returns every problem of c, joined.
func (c Config) Validate() error { return errors.Join(c.Settings.Validate(), c.Triggers.Validate()) }

// Graph returns the group's graph. The config must be valid.
func Graph(cfg Config, t *topology.Topology, m *Metrics) *goka.GroupGraph {
	g := &group{settings: cfg.Settings, triggers: cfg.Triggers, topology: t, metrics: m, trace: cfg.Trace}
	return topology.Graph(t, t.Routing,
		stream.Input(t.Routing, t.HealthScores, g.observe),
		stream.Input(t.Routing, t.Overrides, g.intervene),
		stream.Input(t.Routing, t.HealthSettings, g.set),
		stream.Timers(t.Routing, g.evaluate),
	)
}

type group struct {
	settings health.Settings
	triggers task.Rules
	topology *topology.Topology
	metrics  *Metrics
	trace    Trace
}

type context = stream.Context[*health.ModeRow]

// observe files a score.
func (g *group) observe(c *context, s *health.Score) {
	row, _ := c.Row()
	next, effects := row.ObserveScore(g.settings, s, instant.Of(c.Watermark()))
	g.apply(c, row, next, effects)
}

// intervene takes what people have decided.
func (g *group) intervene(c *context, i *health.Intervention) {
	row, _ := c.Row()
	next, effects := row.Intervene(g.settings, i, instant.Of(c.Watermark()))
	g.apply(c, row, next, effects)
}

// set takes a change of settings.
func (g *group) set(c *context, s *health.Setting) {
	row, _ := c.Row()
	next, effects := row.Set(g.settings, s, instant.Of(c.Watermark()))
	g.apply(c, row, next, effects)
}

// evaluate is the timer of a mode: the scores of one of its window ends are in, or something that people have decided
// is due.
func (g *group) evaluate(c *context, _ stream.Timer) {
	row, _ := c.Row()
	next, effects := row.AdvanceTo(g.settings, instant.Of(c.Watermark()))
	g.apply(c, row, next, effects)
}

// apply stores the row and turns effects into emits.
func (g *group) apply(c *context, row, next *health.ModeRow, effects []health.ModeEffect) {
	stream.Keep(c, row, next)
	g.metrics.begin(c.Key())
	for _, e := range effects {
		switch e := e.(type) {
		case health.Awaited:
			c.SetTimer(e.At.Time(), "evaluate")
		case health.Changed:
			stream.Emit(c, g.topology.HealthStatus, e.Record.Key(), e.Record)
			g.metrics.changed(e.Record)
			g.trigger(c, e.Record)
			if g.trace != nil {
				g.trace.StatusChanged(e.Record)
			}
		case health.Disrupted:
			stream.Emit(c, g.topology.Downtimes, e.Downtime.Key(), e.Downtime)
			g.metrics.disturbed(e.Downtime)
		case health.Unplaced:
			g.metrics.unplaced(c.Key(), e.Attempts)
		case health.Refused:
			c.DeadLetter(stream.DeadLetter{Reason: string(payment.RowTooLarge), Detail: e.Detail})
		}
	}
}

// trigger makes the tasks that are declared for a change of state. That only its effect on traffic changed is none.
func (g *group) trigger(c *context, r *health.StatusRecord) {
	if r.State == r.Previous {
		return
	}
	at := max(r.WindowEnd, r.Since)
	event := task.Event{On: task.StateChanged, Key: r.Key(), At: at, ID: []string{
		r.Key(), r.Previous.String(), r.State.String(), strconv.FormatInt(int64(r.Since), 10),
		strconv.FormatInt(int64(r.WindowEnd), 10),
	}, Within: []string{r.State.String()}}
	for _, x := range g.triggers.Tasks(event, func() []byte { return healthcodec.StatusJSON(r) }) {
		stream.Emit(c, g.topology.Tasks, x.Task.Key, x)
	}
}
