// Package ledger is the group that keeps the account of every transaction: what settled, what was reversed, what
// remains.
//
//   - Input: transactions, keyed by transaction id; erasures of transactions, whose rows forget their user.
//   - Table: one row per transaction: status, amounts, reversals, places, the ids of its events, the last journal
//     lines. Beside the rows sums by currency: what ever settled, was reversed and returned, and what was left of
//     settled rows that have expired (ADR 21); and what waits for its payment. And how many events there were.
//   - Output: postings (user): each movement of a transaction's net amount; attempts (mode/instrument/gateway): one
//     verdict for payment health on each place where a payment was tried; ledger-journal (transaction): what became of
//     each event; tasks (user), where triggers payment_settled or payment_reversed are declared; dead-letters.
//   - Ordering: events of one transaction are judged in the order of their partition. What depends on that order, and
//     what does not, says package domain/ledger, which makes every decision.
//   - Late events: there is no window; an event may come as late as the retention, then it is too_old. An attempt that
//     is pending for the pending timeout is a timed-out one, and its payment still settles if its success comes after
//     all.
//   - Duplicate events: dropped by event id and content, counted and journalled.
//
// A row goes when the retention has passed since its last event; reversals that still wait for their payment go to dead
// letters.
package ledger

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/lovoo/goka"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Config holds the settings of the group: PendingTimeout (defaults to 300 s) and Retention (defaults to 90 days).
type Config = ledger.Config

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return ledger.DefaultConfig() }

// pendingTimer is the name of a row's timers: one for each pending attempt.
const pendingTimer = "pending"

// Graph returns the group's graph. The config and the triggers must be valid.
func Graph(cfg Config, triggers task.Rules, t *topology.Topology, m *Metrics) *goka.GroupGraph {
	g := &group{rules: cfg, triggers: triggers, topology: t, metrics: m}
	return topology.Graph(t, t.Ledger,
		stream.Input(t.Ledger, t.Transactions, g.apply),
		stream.Input(t.Ledger, t.Erasures, g.erase),
		stream.Timers(t.Ledger, g.due),
		stream.Sweep(t.Ledger, g.expire),
	)
}

type group struct {
	rules    Config
	triggers task.Rules
	topology *topology.Topology
	metrics  *Metrics
}

type context = stream.Context[*ledger.Row]

func (g *group) apply(c *context, e *payment.Event) {
	row, _ := c.Row()
	next, effects := ledger.Apply(row, e, instant.Of(c.Watermark()), g.rules)
	c.Add(topology.EventsSum, big.NewInt(1))
	g.commit(c, row, next, effects)
}

// erase makes a transaction forget its user, and the journal the transaction.
func (g *group) erase(c *context, r *erasure.Request) {
	row, ok := c.Row()
	if !ok || r.TransactionID != c.Key() {
		return
	}
	c.SetRow(ledger.Erase(row))
	stream.Tombstone(c, g.topology.Journal, c.Key())
}

// due serves the pending timer. Timers are not cancelled: a row that has its attempt, or is gone, has nothing due.
func (g *group) due(c *context, _ stream.Timer) {
	row, _ := c.Row()
	next, effects := ledger.Due(row, instant.Of(c.Watermark()), g.rules)
	g.commit(c, row, next, effects)
}

func (g *group) expire(c *context) {
	row, _ := c.Row()
	next, effects := ledger.Expire(row, instant.Of(c.Watermark()), g.rules)
	g.commit(c, row, next, effects)
}

// commit keeps the next row and carries the effects out.
func (g *group) commit(c *context, row, next *ledger.Row, effects []ledger.Effect) {
	g.await(c, row, -1)
	g.await(c, next, 1)
	stream.Keep(c, row, next)
	for _, effect := range effects {
		g.carry(c, effect)
		g.metrics.count(effect)
	}
}

// await counts the reversals of a row that wait for their payment, by n.
func (g *group) await(c *context, row *ledger.Row, n int64) {
	for _, v := range row.Awaiting() {
		c.Add(topology.WaitingReversalsSum(v.Currency), big.NewInt(n))
		c.Add(topology.WaitingSum(v.Currency), big.NewInt(n*v.AmountMinor))
	}
}

func (g *group) carry(c *context, effect ledger.Effect) {
	switch e := effect.(type) {
	case ledger.Posted:
		stream.Emit(c, g.topology.Postings, e.Posting.UserID, e.Posting)
		g.trigger(c, e.Posting)
		g.add(c, e.Posting)
	case ledger.Attempted:
		stream.Emit(c, g.topology.Attempts, e.Attempt.Key(), e.Attempt)
	case ledger.Journalled:
		stream.Emit(c, g.topology.Journal, e.Entry.TransactionID, e.Entry)
		if e.Entry.Verdict == ledger.Duplicate {
			c.Add(topology.DuplicatesSum, big.NewInt(1))
		}
	case ledger.Refused:
		source, value := g.topology.Transactions.Source(e.Event)
		c.DeadLetter(stream.DeadLetter{Reason: string(e.Reason), Detail: e.Detail, Source: source, Value: value})
	case ledger.Awaiting:
		c.SetTimer(e.Until.Time(), pendingTimer)
	case ledger.Expired:
		c.Add(topology.ExpiredSum(e.Currency), big.NewInt(e.Net))
	default:
		panic(fmt.Sprintf("ledger: unknown effect %T", e))
	}
}

// add counts a movement of money.
func (g *group) add(c *context, p *ledger.Posting) {
	moved := p.NetAfter - p.NetBefore
	switch p.Kind {
	case ledger.PaymentSettled:
		c.Add(topology.SettledSum(p.Currency), big.NewInt(moved))
	case ledger.PaymentReversed:
		c.Add(topology.ReversedSum(p.Currency), big.NewInt(-moved))
	case ledger.ReversalReturned:
		c.Add(topology.ReturnedSum(p.Currency), big.NewInt(moved))
	}
}

// trigger makes the tasks that are declared for a movement of money. A reversal that failed after all settles nothing
// anew.
func (g *group) trigger(c *context, p *ledger.Posting) {
	var on task.Trigger
	switch p.Kind {
	case ledger.PaymentSettled:
		on = task.PaymentSettled
	case ledger.PaymentReversed:
		on = task.PaymentReversed
	default: // ledger.ReversalReturned
		return
	}
	event := task.Event{On: on, ID: []string{p.TransactionID, strconv.FormatInt(p.Seq, 10)}, Key: p.UserID, At: p.At}
	for _, x := range g.triggers.Tasks(event, func() []byte { return ledgercodec.PostingJSON(p) }) {
		stream.Emit(c, g.topology.Tasks, x.Task.Key, x)
	}
}
