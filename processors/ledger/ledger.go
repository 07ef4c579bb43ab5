// Package ledger is the group that keeps an account of every transaction: what settled, what was reversed, and what
// remains.
//
//   - Input: transactions, keyed by transaction id; erasures, which remove the user from the rows of their
//     transactions.
//   - Table: one row per transaction: status, amounts, reversals, places, event ids and the last journal lines. Beside
//     the rows are sums by currency (ADR 21): what settled, was reversed and was returned, what settled rows had left
//     when they expired, and what waits for its payment. One more sum counts events.
//   - Output: postings (user): each change of a transaction's net amount. attempts (mode/instrument/gateway): one
//     result for each place where a payment was tried. ledger-journal (transaction): the verdict on each event. tasks
//     (user), where triggers payment_settled or payment_reversed are declared. dead-letters.
//   - Ordering: the group decides events of one transaction in the order of their partition. Package domain/ledger
//     makes every decision, and documents which results depend on that order.
//   - Late events: there is no window. An event is too_old after the retention. An attempt that stays pending for the
//     pending timeout counts as timed out; its payment still settles if a success arrives later.
//   - Duplicate events: dropped by event id and content, counted and journalled.
//
// A row expires when the retention has passed since its last event. Reversals that still wait for their payment then
// become dead letters.
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

// erase removes the user from a transaction, and the transaction from the journal.
func (g *group) erase(c *context, r *erasure.Request) {
	row, ok := c.Row()
	if !ok || r.TransactionID != c.Key() {
		return
	}
	c.SetRow(ledger.Erase(row))
	stream.Tombstone(c, g.topology.Journal, c.Key())
}

// due handles the pending timer. Timers are not cancelled, so a row that has its attempt, or is gone, has nothing due.
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

// commit stores the next row and emits the effects.
func (g *group) commit(c *context, row, next *ledger.Row, effects []ledger.Effect) {
	g.await(c, row, -1)
	g.await(c, next, 1)
	stream.Keep(c, row, next)
	for _, effect := range effects {
		g.carry(c, effect)
		g.metrics.count(effect)
	}
}

// await adds n times the reversals of a row that wait for their payment to the sums.
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

// add adds a posting to the sums.
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

// trigger emits the tasks that are declared for a posting. A reversal that failed after all is no new settlement, so it
// emits none.
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
	event := task.Event{On: on, ID: []string{p.TransactionID, strconv.FormatInt(p.Seq, 10)}, Key: p.UserID,
		Within: []string{p.TransactionID}, At: p.At}
	for _, x := range g.triggers.Tasks(event, func() []byte { return ledgercodec.PostingJSON(p) }) {
		stream.Emit(c, g.topology.Tasks, x.Task.Key, x)
	}
}
