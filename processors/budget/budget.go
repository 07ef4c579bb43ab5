// Package budget is the group that reserves what missions promise, before there is a reward.
//
//   - Input: outcomes, keyed mission: completions and revocations with the reward and limits that they are about;
//     budget-returns, keyed mission: what became of reservations; pool-codes, keyed pool/id: gift codes for a pool. Its
//     own loop, by which the rows of missions and pools reach each other.
//   - Table: by mission, what is reserved, spent and returned in each unit, and the winners; under pool/id the head of
//     a pool of gift codes, under pool/id/n its codes, at most 200 in a row, under pool/id/known/n hashes of the codes
//     that it has taken in.
//   - Output: rewards-in (user): each outcome with the budget's verdict and, where the reward has a pool, its gift
//     code; dead-letters.
//   - Ordering: outcomes of one mission are judged in the order of their partition; which of two users gets the last
//     unit depends on that order and on nothing else. A completion whose reward has a pool takes the way over the
//     pool's rows: a revocation of it may come to the user first, and the rewards group waits for the completion then.
//   - Late: there is no late. A budget that was exhausted stays so for that completion; what comes back, or is added by
//     a later version of the mission, is for later ones.
//   - Duplicates: records come once, the engine sees to it. Codes that are imported twice are taken in once.
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
