// Package budget is the group that reserves what missions promise, before a reward exists.
//
//   - Input: outcomes, keyed mission: completions and revocations with their reward and limits; budget-returns, keyed
//     mission: what became of reservations; pool-codes, keyed pool/id: gift codes for a pool. The rows of missions and
//     pools send each other records over the group's own loop.
//   - Table: by mission, the amounts reserved, spent and returned in each unit, and the number of winners. Under
//     pool/id the head of a pool of gift codes; under pool/id/n its codes, at most 200 in a row; under pool/id/known/n
//     hashes of all codes of the pool.
//   - Output: rewards-in (user): each outcome with the budget's verdict and, if the reward has a pool, a gift code;
//     dead-letters.
//   - Ordering: the group decides outcomes of one mission in the order of their partition. Only that order decides
//     which of two users gets the last unit. A completion with a pool passes through the pool's rows, so its revocation
//     may reach the user first; the rewards group then waits for the completion.
//   - Late records: there are none. A completion that found the budget exhausted stays exhausted. What is returned, or
//     added by a later version of the mission, is for later completions.
//   - Duplicates: the engine delivers each record once. A code that is imported twice is stored once.
package budget

import (
	"github.com/lovoo/goka"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Graph returns the group's graph. There is nothing to configure: limits come with the outcomes.
func Graph(t *topology.Topology, m *Metrics) *goka.GroupGraph {
	g := &group{topology: t, metrics: m}
	return topology.Graph(t, t.Budget,
		stream.Input(t.Budget, t.Outcomes, g.judge),
		stream.Input(t.Budget, t.BudgetReturns, g.resolve),
		stream.Input(t.Budget, t.PoolCodes, g.stock),
		stream.Loop(t.Budget, rewardcodec.BudgetMove{}, g.move),
	)
}

type group struct {
	topology *topology.Topology
	metrics  *Metrics
}

type context = stream.Context[*budget.Row]

// judge gives an outcome to its mission's budget.
func (g *group) judge(c *context, o *mission.Outcome) {
	if !g.addressed(c, o.Mission) {
		return
	}
	row, _ := c.Row()
	next, effects := budget.Judge(row, o)
	g.apply(c, row, next, effects)
}

// resolve takes what became of a reservation.
func (g *group) resolve(c *context, r *budget.Return) {
	if !g.addressed(c, r.Mission) {
		return
	}
	row, _ := c.Row()
	next, effects := budget.Resolve(row, r)
	g.apply(c, row, next, effects)
	if next != row {
		g.metrics.settled(r)
	}
}

// stock sends codes to the rows that know whether they are new.
func (g *group) stock(c *context, codes *budget.Codes) {
	if !g.addressed(c, budget.PoolKey(codes.Pool)) {
		return
	}
	row, _ := c.Row()
	g.apply(c, row, row, budget.Import(codes))
}

// move takes what another row of the group sends.
func (g *group) move(c *context, m *budget.Move) {
	row, _ := c.Row()
	next, effects := budget.ApplyMove(row, c.Key(), m)
	g.apply(c, row, next, effects)
	g.metrics.moved(m)
}

// addressed tells whether a record lies where it belongs; elsewhere it would be judged against another row.
func (g *group) addressed(c *context, key string) bool {
	if c.Key() == key {
		return true
	}
	g.reject(c, "the record key is not what the record is about")
	return false
}

// apply stores the row and turns effects into emits.
func (g *group) apply(c *context, row, next *budget.Row, effects []budget.Effect) {
	stream.Keep(c, row, next)
	for _, e := range effects {
		switch e := e.(type) {
		case budget.Allotted:
			stream.Emit(c, g.topology.RewardsIn, e.Allotment.UserID, e.Allotment)
			g.metrics.allotted(e.Allotment)
		case budget.Moved:
			stream.Loopback(c, e.To, e.Move)
		case budget.Rejected:
			g.reject(c, e.Detail)
		}
	}
}

func (g *group) reject(c *context, detail string) {
	c.DeadLetter(stream.DeadLetter{Reason: string(payment.InvalidField), Detail: detail})
}
