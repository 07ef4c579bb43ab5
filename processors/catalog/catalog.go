// Package catalog is the group that keeps what operators define: missions, brands, ads, pools of gift codes, reward
// templates, and the overrides, maintenance, freezes and settings of payment health.
//
//   - Input: catalog-commands, keyed kind/id, with actor and event time: whole definitions, withdrawals, changes of a
//     mission's status, and gift codes for pools.
//   - Table: one row per entity, with its definition and the verdicts on its last 32 commands. The progress group and
//     the views follow this table.
//   - Output: catalog-events (kind/id; JSON): the verdict on each command. audit (kind/id; JSON): the actor, the
//     command and the difference, once per command. overrides and health-settings (mode): changes of payment health.
//     pool-codes (pool): gift codes, of which the row keeps only number and digest. dead-letters.
//   - Ordering: the group decides commands on one entity in the order of their partition. A command may name the
//     revision that its actor has seen; it is refused if the entity has a later one.
//   - Time: the group uses the wall clock. It activates scheduled missions, each at its scheduled event time.
//   - Late commands: a pause or an end takes effect at the command's event time, but never before the previous change.
//   - Duplicate commands: an id among the last 32 changes nothing; its verdict is sent again, marked repeated.
//
// A command that breaks the rules does not become a dead letter. It is refused, and the event gives the reason.
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
