// Package catalog is the group that keeps what operators define, for now missions.
//
//   - Input: catalog-commands, keyed kind/id: puts of whole definitions with their actor and event time.
//   - Table: one row per entity: its version, the verdicts on the last 32 commands, an audit trail. The progress group and
//     the views follow this table.
//   - Output: catalog-events (kind/id; JSON): the verdict on each command; dead-letters.
//   - Ordering: commands on one entity are judged in the order of their partition. A command may name the revision that its
//     actor has seen, and is refused if another came between.
//   - Late commands: pauses and ends take effect at the command's event time, but never before the change before them.
//   - Duplicate commands: a command id seen among the last 32 changes nothing and gets its verdict once more, marked repeated.
//
// A command that breaks the rules is no dead letter: it is refused, and the event says why.
package catalog

import (
	"github.com/lovoo/goka"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Graph returns the group's graph. The group has no settings.
func Graph(t *topology.Topology, m *Metrics) *goka.GroupGraph {
	g := &group{topology: t, metrics: m}
	return goka.DefineGroup(t.Catalog.Goka(),
		stream.Input(t.Catalog, t.CatalogCommands, g.apply),
		stream.Persist(t.Catalog),
		stream.Output(t.CatalogEvents),
		stream.Output(t.Overrides),
		stream.Output(t.HealthSettings),
		stream.DeadLetters(t.Catalog),
	)
}

type group struct {
	topology *topology.Topology
	metrics  *Metrics
}

func (g *group) apply(c *stream.Context[*catalog.Row], command *catalog.Command) {
	if c.Key() != command.Key() { // or the verdict would lie in the row of another entity
		c.DeadLetter(stream.DeadLetter{Reason: string(payment.InvalidField), Detail: "the record key is not the command's entity"})
		return
	}
	row, _ := c.Row()
	next, event := catalog.Apply(row, command)
	if next != row {
		c.SetRow(next)
	}
	stream.Emit(c, g.topology.CatalogEvents, event.Key(), event)
	g.metrics.count(event)
}
