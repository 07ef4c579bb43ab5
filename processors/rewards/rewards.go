// Package rewards is the group that keeps what users have won: every reward from its reservation to its end, and coin
// balances.
//
//   - Input, all keyed user: rewards-in, outcomes with the budget's verdict; claims, commands of users, of support and of services;
//     reward-results, a provider's last word on a task. Its own loop, to the pages of a user's coin entries.
//   - Table: by user, rewards, the coin balance with its last entries and spends, the verdicts on the last 16 commands;
//     under user, 0x1f and a number a page of 64 older entries. Beside the rows sums by kind: how many rewards wait for a
//     provider.
//   - Output: budget-returns (mission), what became of each reservation; tasks (user), what a provider is asked to pay
//     or to take back, and where the deployment declares any, tasks for rewards that are granted; notifications (user;
//     JSON), a record for every change of a reward; audit-users (user, group and number; JSON), what support gave and
//     took and services spent, tombstones when the user is erased; dead-letters.
//   - Ordering: records of one user in log order within each topic. A revocation may come before a completion that
//     waits for a gift code; it counts when that comes.
//   - Time: the group goes by the wall clock. Holds end and rewards expire by it, at the time of the transaction, which
//     the row keeps; a replay does not repeat it.
//   - Late: a claim that comes after its reward has expired is refused. A provider's result for an epoch that is over
//     settles that epoch: what was paid after it was revoked is asked back, or is what the next epoch gets.
//   - Duplicates: a command id seen among the last 16 changes nothing, nor does a spend whose id is among the last 1,024; a result that nobody waits for is counted and
//     dropped.
package rewards

import (
	"cmp"
	"math/big"
	"strconv"

	"github.com/lovoo/goka"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Graph returns the group's graph; most bounds goodwill, and triggers may be nil. There is nothing else to configure:
// holds and expiries come with the outcomes.
func Graph(most reward.Ceiling, triggers task.Rules, t *topology.Topology, m *Metrics) *goka.GroupGraph {
	g := &group{most: most, triggers: triggers, topology: t, metrics: m}
	return topology.Graph(t, t.Rewards,
		stream.Input(t.Rewards, t.RewardsIn, g.allot),
		stream.Input(t.Rewards, t.Claims, g.judge),
		stream.Input(t.Rewards, t.RewardResults, g.answer),
		stream.Input(t.Rewards, t.Erasures, g.erase),
		stream.Loop(t.Rewards, rewardcodec.Row{}, g.keep),
		stream.Timers(t.Rewards, g.due),
	)
}

type group struct {
	most     reward.Ceiling
	triggers task.Rules
	topology *topology.Topology
	metrics  *Metrics
}

type context = stream.Context[*reward.Row]

func now(c *context) instant.Milli { return instant.Of(c.Watermark()) }

// allot applies an outcome with the budget's verdict.
func (g *group) allot(c *context, a *budget.Allotment) {
	row, _ := c.Row()
	next, effects := reward.ApplyAllotment(row, c.Key(), a, now(c))
	g.apply(c, row, next, effects)
}

// judge gives a command its verdict.
func (g *group) judge(c *context, command *reward.Command) {
	if c.Key() != command.UserID { // or the verdict would lie in the row of another user
		g.reject(c, "the record key is not the command's user")
		return
	}
	row, _ := c.Row()
	next, effects := reward.Judge(row, command, g.most, now(c))
	g.apply(c, row, next, effects)
	g.metrics.judged(row, next, command)
}

// answer takes a provider's result.
func (g *group) answer(c *context, r *reward.Result) {
	row, _ := c.Row()
	next, effects := reward.Answer(row, c.Key(), r, now(c))
	g.apply(c, row, next, effects)
	g.metrics.answered(row, r, effects)
}

// erase deletes a user's row and its pages. Budgets hear what becomes of reservations.
func (g *group) erase(c *context, r *erasure.Request) {
	row, ok := c.Row()
	if !ok || r.UserID != c.Key() {
		return
	}
	pages, effects := reward.Erase(row, c.Key(), now(c))
	g.apply(c, row, row, effects)
	for _, w := range row.Rewards {
		if w.State == reward.Granting {
			c.Add(topology.GrantingSum(w.Kind), big.NewInt(-1))
		}
	}
	for _, page := range pages {
		stream.Loopback(c, page, reward.Keep(nil))
	}
	for n := range row.Audited {
		stream.Tombstone(c, g.topology.AuditUsers, g.auditKey(c, n+1))
	}
	c.DeleteRow()
}

// keep writes a page of coin entries; one without any goes.
func (g *group) keep(c *context, page *reward.Row) {
	if len(page.Page) == 0 {
		c.DeleteRow()
		return
	}
	c.SetRow(page)
}

// due is the timer of a user: a hold is over, or a reward expires.
func (g *group) due(c *context, _ stream.Timer) {
	row, _ := c.Row()
	next, effects := reward.AdvanceTo(row, c.Key(), now(c))
	g.apply(c, row, next, effects)
}

// apply stores the row and turns effects into emits.
func (g *group) apply(c *context, row, next *reward.Row, effects []reward.Effect) {
	stream.Keep(c, row, next)
	for _, e := range effects {
		switch e := e.(type) {
		case reward.Changed:
			g.publish(c, e)
		case reward.Settled:
			stream.Emit(c, g.topology.BudgetReturns, e.Return.Mission, e.Return)
		case reward.TaskRequested:
			payout := rewardcodec.Payout(c.Key(), e)
			stream.Emit(c, g.topology.Tasks, payout.Task.Key, payout)
		case reward.Due:
			c.SetTimer(e.At.Time(), "due")
		case reward.Paged:
			stream.Loopback(c, e.Key, reward.Keep(e.Entries))
		case reward.Audited:
			stream.Emit(c, g.topology.AuditUsers, g.auditKey(c, e.Line.Revision), e.Line)
		case reward.Stale: // counted with the answer
		case reward.Rejected:
			g.reject(c, e.Detail)
		}
	}
}

// auditKey returns the key of a line that the group has written about the user.
func (g *group) auditKey(c *context, line int64) string {
	return audit.UserKey(c.Key(), g.topology.Rewards.Name, line)
}

// publish publishes a change of a reward.
func (g *group) publish(c *context, e reward.Changed) {
	notice := reward.NoticeOf(c.Key(), e)
	stream.Emit(c, g.topology.Notifications, c.Key(), notice)
	g.metrics.changed(e)
	if e.From == reward.Granting {
		c.Add(topology.GrantingSum(e.Reward.Kind), big.NewInt(-1))
	}
	if e.Reward.State == reward.Granting {
		c.Add(topology.GrantingSum(e.Reward.Kind), big.NewInt(1))
	}
	if !e.Granted() {
		return
	}
	event := task.Event{
		On: task.RewardGranted, Key: c.Key(), At: notice.At,
		ID:     []string{c.Key(), notice.RewardID, strconv.FormatInt(notice.Epoch, 10)},
		Within: []string{cmp.Or(notice.Mission, notice.RewardID), notice.RewardID}, // a goodwill reward has no mission
	}
	for _, x := range g.triggers.Tasks(event, func() []byte { return rewardcodec.NoticeJSON(notice) }) {
		stream.Emit(c, g.topology.Tasks, x.Task.Key, x)
	}
}

func (g *group) reject(c *context, detail string) {
	c.DeadLetter(stream.DeadLetter{Reason: string(payment.InvalidField), Detail: detail})
}
