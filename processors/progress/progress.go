// Package progress is the group that follows every user through all missions.
//
//   - Input, all keyed by user: postings: each change of a payment's net amount, with the payment's facts. enrolments:
//     who joins or leaves missions that require enrolment. user-segments: the complete set of a user's segments.
//   - Lookup: the catalog's table, at most 5 s old (ADR 15). goka's lookup cannot list rows, so missions come from an
//     Index, which the transport fills as it writes that table's store.
//   - Table: one row per user: the state in each mission (version, enrolment, a tally for each window), the payments of
//     the last 24 h (at most 256), segments, the verdicts on the last 16 commands, and the money received. Beside the
//     rows are sums by currency: the money received, and the total of all credits and debits (ADR 21).
//   - Output: outcomes (mission): each completion and revocation, with all that a reward needs. tasks (user), where
//     triggers mission_completed or mission_revoked are declared. audit-users (user, group and number; JSON): who set
//     which segments; tombstones when the user is erased. dead-letters.
//   - Ordering: postings of one transaction are applied in the order of their partition. The order of different
//     transactions, enrolments and segments does not matter: each takes effect from its own event time, and progress is
//     a sum of contributions that depend on one payment and the mission's version only (package domain/mission, ADR 9).
//   - Late postings: they count, because only created_at decides whether a payment counts. A mission that is new to a
//     user, or joined late, is applied to the payments that the row remembers. Older payments no longer start counting
//     (after_horizon).
//   - Duplicate postings: dropped by transaction and sequence number, and counted. Duplicate commands: dropped by id,
//     among the last 16.
//
// A mission that was created, edited, paused or ended changes a user's outcomes with the user's next record. Reads do
// not wait for that record: mission.Views evaluates the row as if it had just been updated.
package progress

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/lovoo/goka"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Config holds the bounds of a user row: ReorderHorizon (defaults to 24 h), MaxRecent (256), MaxLate (256), MaxOld
// (64).
type Config = mission.Config

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return mission.DefaultConfig() }

// Graph returns the group's graph. The config and the triggers must be valid; missions is read at every record.
func Graph(cfg Config, triggers task.Rules, t *topology.Topology, missions *Index, m *Metrics) *goka.GroupGraph {
	g := &group{config: cfg, triggers: triggers, topology: t, missions: missions, metrics: m}
	return topology.Graph(t, t.Progress,
		stream.Input(t.Progress, t.Postings, g.apply),
		stream.Input(t.Progress, t.Enrolments, g.enrol),
		stream.Input(t.Progress, t.UserSegments, g.segment),
		stream.Input(t.Progress, t.Erasures, g.erase),
		stream.Loop(t.Progress, missioncodec.UserRow{}, g.absorb),
	)
}

type group struct {
	config   Config
	triggers task.Rules
	topology *topology.Topology
	missions *Index
	metrics  *Metrics
}

type context = stream.Context[*mission.UserRow]

func (g *group) apply(c *context, p *ledger.Posting) {
	row, _ := c.Row()
	if p.UserID == erasure.Nobody { // an erased user: only the sum over all users counts it
		minor := p.NetAfter - p.NetBefore
		receive(c, p.Currency, minor)
		c.SetRow(mission.Absorb(row, []mission.Received{{Currency: p.Currency, Net: money.TotalOf(minor)}}))
		g.metrics.count([]mission.Effect{mission.Credit{Currency: p.Currency, Minor: minor}})
		return
	}
	next, effects := mission.Apply(row, p, g.missions.Snapshot(), g.config)
	g.store(c, row, next, effects)
	g.metrics.count(effects)
	if p.Kind == ledger.PaymentSettled && p.Origin.Timestamp > 0 { // a reversal may have waited for its payment
		c.Finishes(p.Origin.Timestamp.Time())
	}
}

// receive adds a posting to the sums.
func receive(c *context, currency string, minor int64) {
	c.Add(topology.ReceivedSum(currency), big.NewInt(minor))
	if minor > 0 {
		c.Add(topology.CreditedSum(currency), big.NewInt(minor))
	} else {
		c.Add(topology.DebitedSum(currency), big.NewInt(-minor))
	}
}

// erase deletes a user's row, and adds the money that it received to the row of nobody.
func (g *group) erase(c *context, r *erasure.Request) {
	row, ok := c.Row()
	if !ok || r.UserID != c.Key() {
		return
	}
	if len(row.Received) > 0 {
		stream.Loopback(c, erasure.Nobody, &mission.UserRow{Received: row.Received})
	}
	for _, had := range row.Received {
		n := had.Net.Big()
		c.Add(topology.ReceivedSum(had.Currency), n.Neg(n))
	}
	for n := range row.Audited {
		stream.Tombstone(c, g.topology.AuditUsers, g.auditKey(c, n+1))
	}
	c.DeleteRow()
}

// absorb adds the money that an erased user had received.
func (g *group) absorb(c *context, from *mission.UserRow) {
	row, _ := c.Row()
	c.SetRow(mission.Absorb(row, from.Received))
	for _, had := range from.Received {
		c.Add(topology.ReceivedSum(had.Currency), had.Net.Big())
	}
}

func (g *group) enrol(c *context, e *mission.Enrolment) {
	if g.misplaced(c, e.UserID) {
		return
	}
	row, _ := c.Row()
	next, effects := mission.ApplyEnrolment(row, e, g.missions.Snapshot(), g.config)
	g.store(c, row, next, effects)
	op := string(mission.Enrol)
	if e.Op == mission.Withdraw {
		op = string(mission.Withdraw)
	}
	g.metrics.countCommand(op, effects)
}

func (g *group) segment(c *context, s *mission.Segments) {
	if g.misplaced(c, s.UserID) {
		return
	}
	row, _ := c.Row()
	next, effects := mission.ApplySegments(row, s, g.missions.Snapshot(), g.config)
	g.store(c, row, next, effects)
	g.metrics.countCommand(commandSegments, effects)
}

// misplaced files a dead letter for a command under the key of another user: its verdict would be in the wrong row.
func (g *group) misplaced(c *context, user string) bool {
	if c.Key() == user {
		return false
	}
	c.DeadLetter(stream.DeadLetter{Reason: string(payment.InvalidField),
		Detail: "the record key is not the command's user"})
	return true
}

func (g *group) store(c *context, row, next *mission.UserRow, effects []mission.Effect) {
	stream.Keep(c, row, next)
	for _, effect := range effects {
		g.carry(c, effect)
	}
}

func (g *group) carry(c *context, effect mission.Effect) {
	switch e := effect.(type) {
	case *mission.Outcome:
		stream.Emit(c, g.topology.Outcomes, e.Mission, e)
		g.trigger(c, e)
	case mission.Credit:
		receive(c, e.Currency, e.Minor)
	case mission.Audited:
		stream.Emit(c, g.topology.AuditUsers, g.auditKey(c, e.Line.Revision), e.Line)
	case mission.Duplicate, mission.Forgotten, mission.Answered: // counted only; verdicts are in the row
	default:
		panic(fmt.Sprintf("progress: unknown effect %T", e))
	}
}

// auditKey returns the key of a line that the group has written about the user.
func (g *group) auditKey(c *context, line int64) string {
	return audit.UserKey(c.Key(), g.topology.Progress.Name, line)
}

// trigger emits the tasks that are declared for an outcome. The id contains the posting, so that an iteration which is
// completed again after a revocation gets a task of its own.
func (g *group) trigger(c *context, o *mission.Outcome) {
	on := task.MissionCompleted
	if o.Kind == mission.Revoked {
		on = task.MissionRevoked
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	event := task.Event{On: on, Key: o.UserID, At: o.At, ID: []string{
		o.UserID, o.Mission, number(o.Version), number(int64(o.WindowStart)), number(o.Iteration), o.TransactionID,
		number(int64(o.At)), number(o.Progress),
	}, Within: []string{o.Mission, number(int64(o.WindowStart)), number(o.Iteration)}}
	for _, x := range g.triggers.Tasks(event, func() []byte { return missioncodec.OutcomeJSON(o) }) {
		stream.Emit(c, g.topology.Tasks, x.Task.Key, x)
	}
}
