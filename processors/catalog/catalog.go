// Package catalog is the group that keeps what operators define: missions, brands, ads, pools of gift codes and reward
// templates, and overrides, maintenance, freezes and settings of payment health.
//
//   - Input: catalog-commands, keyed kind/id: puts of whole definitions, withdrawals, moves of missions, and gift codes
//     for pools, with their actor and event time.
//   - Table: one row per entity: what it is, the verdicts on the last 32 commands. The progress group and
//     the views follow this table.
//   - Output: catalog-events (kind/id; JSON): the verdict on each command; audit (kind/id; JSON): who asked for what,
//     and what is different since, once for each command; overrides and health-settings (mode): what is new of payment
//     health; pool-codes (pool): gift codes, of which the row keeps number and digest only; dead-letters.
//   - Ordering: commands on one entity are judged in the order of their partition. A command may name the revision that
//     its actor has seen, and is refused if another came between.
//   - Time: the group goes by the wall clock, which activates the missions that were scheduled, each at the event time
//     that it was scheduled for.
//   - Late commands: pauses and ends take effect at the command's event time, but never before the change before them.
//   - Duplicate commands: a command id seen among the last 32 changes nothing and gets its verdict once more, marked
//     repeated.
//
// A command that breaks the rules is no dead letter: it is refused, and the event says why.
package catalog

import (
	"github.com/lovoo/goka"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Graph returns the group's graph. The config must be valid.
func Graph(cfg catalog.Config, t *topology.Topology, m *Metrics) *goka.GroupGraph {
	cfg.Document = catalogcodec.Document
	g := &group{config: cfg, topology: t, metrics: m}
	return topology.Graph(t, t.Catalog,
		stream.Input(t.Catalog, t.CatalogCommands, g.apply),
		stream.Timers(t.Catalog, g.due),
	)
}

// maxName bounds what names an entity, a command or its actor, in bytes. Whoever writes over HTTP has a bound of its
// own, below this one.
const maxName = 4 << 10

// activateTimer is the name of the timer of a scheduled mission.
const activateTimer = "activate"

type group struct {
	config   catalog.Config
	topology *topology.Topology
	metrics  *Metrics
}

func (g *group) apply(c *stream.Context[*catalog.Row], command *catalog.Command) {
	switch {
	case c.Key() != command.Key(): // or the verdict would lie in the row of another entity
		c.DeadLetter(stream.DeadLetter{Reason: string(payment.InvalidField),
			Detail: "the record key is not the command's entity"})
		return
	// the catalog answers with them, and the audit keeps them
	case max(len(command.Key()), len(command.Actor), len(command.ID)) > maxName:
		c.DeadLetter(stream.DeadLetter{Reason: string(payment.InvalidField),
			Detail: "the id of the entity, of the command or the actor is longer than 4 KiB"})
		return
	}
	judged := *command
	judged.Judged = instant.Of(c.Watermark())
	g.judge(c, &judged)
}

// due activates what was scheduled. Timers are not cancelled: a mission that somebody moved since has nothing due.
func (g *group) due(c *stream.Context[*catalog.Row], _ stream.Timer) {
	row, _ := c.Row()
	now := instant.Of(c.Watermark())
	if command := catalog.Due(row, now, g.config); command != nil {
		command.Judged = now
		g.judge(c, command)
	}
}

func (g *group) judge(c *stream.Context[*catalog.Row], command *catalog.Command) {
	row, _ := c.Row()
	next, event := catalog.Apply(row, command, g.config)
	stream.Keep(c, row, next)
	stream.Emit(c, g.topology.CatalogEvents, event.Key(), event)
	if event.Line != nil {
		stream.Emit(c, g.topology.Audit, event.Line.Key(), event.Line)
	}
	if event.Result == verdict.Applied && !event.Repeated {
		if at := next.ScheduledAt(); at != 0 {
			c.SetTimer(at.Time(), activateTimer)
		}
		g.forward(c, command, next.Entity)
	}
	g.metrics.count(event)
}

// forward sends what is new to the groups that act on it. Missions, what users see of them, and pauses are looked up in
// the table instead.
func (g *group) forward(c *stream.Context[*catalog.Row], command *catalog.Command, e catalog.Entity) {
	switch e := e.(type) {
	case catalog.Mission, catalog.Brand, catalog.Ad, catalog.RewardTemplate, catalog.TaskPause:
	case catalog.Pool:
		if len(command.Codes) > 0 {
			codes := &budget.Codes{Pool: e.PoolID, Codes: command.Codes, At: command.At}
			stream.Emit(c, g.topology.PoolCodes, budget.PoolKey(e.PoolID), codes)
		}
	case catalog.HealthSettings:
		newest := e.Newest()
		stream.Emit(c, g.topology.HealthSettings, newest.Mode, &newest)
	case catalog.Override, catalog.Maintenance, catalog.Freeze:
		i := catalog.Intervention(e)
		stream.Emit(c, g.topology.Overrides, i.Mode(), i)
	}
}
