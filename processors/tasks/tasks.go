// Package tasks is the group that queues tasks: it decides when each one runs, and what its answer means.
//
//   - Input, all by ordering key: tasks, work that groups and the API submit; task-results, what workers say about runs;
//     task-commands, what people ask for, and the schedules that a deployment declares; erasures, by the key of a row that
//     is to forget a user. Its own loop, by which queues
//     reach their pages, ended tasks and token buckets.
//   - Lookup: the catalog, for the kinds that are paused.
//   - Table: by ordering key its queue; under the key, 0x1f and a number a page of waiting tasks; under the key, 0x1f, =
//     and a task's id what has become of it, where its kind says so; under 0x1f and limit: the bucket of a limited kind
//     for one partition. Beside the rows sums: how many tasks wait, run and are parked, by kind.
//   - Output: task-runs (task id), each run once; reward-results (user), a provider's last word on a payout or a
//     claw-back; dead-letters, exhausted tasks among them, as JSON with their history; audit (task/id), a line for each
//     command of a person.
//   - Ordering: one run of a key is out at a time. The next one follows its answer, or the end of its time.
//   - Time: the group goes by the wall clock. Delays, retries, schedules and timeouts are timers, at most one of a key.
//     A sweep deletes ended tasks whose time is over, and hands runs out again that no worker has taken for a day.
//   - Late: an answer about a run that was given up counts if it is a success, and is dropped otherwise.
//   - Duplicates: a task whose id, or dedupe key, is known is dropped; so is a command with a known id.
package tasks

import (
	"github.com/lovoo/goka"

	"github.com/millrace/millrace/codecs/cron"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// SettleVisit is the visit that the program asks for when kinds or schedules have changed: at its start, and when a
// kind is resumed.
const SettleVisit = "millrace-tasks-settle"

// Graph returns the group's graph. The index follows the catalog.
func Graph(kinds task.Kinds, t *topology.Topology, index *Index, m *Metrics) *goka.GroupGraph {
	g := &group{
		policy: task.Policy{Kinds: kinds, Paused: index.Paused, Parse: cron.Parse}, topology: t, metrics: m,
	}
	return topology.Graph(t, t.TaskQueues,
		stream.Input(t.TaskQueues, t.Tasks, g.submit),
		stream.Input(t.TaskQueues, t.TaskResults, g.answer),
		stream.Input(t.TaskQueues, t.TaskCommands, g.judge),
		stream.Input(t.TaskQueues, t.Erasures, g.erase),
		stream.Loop(t.TaskQueues, taskcodec.Move{}, g.move),
		stream.Timers(t.TaskQueues, func(c *context, _ stream.Timer) { g.advance(c) }),
		stream.Sweep(t.TaskQueues, g.sweep),
		stream.Visitor(t.TaskQueues, SettleVisit, g.settle),
	)
}

type group struct {
	policy   task.Policy
	topology *topology.Topology
	metrics  *Metrics
}

type context = stream.Context[*task.Row]

func now(c *context) instant.Milli { return instant.Of(c.Watermark()) }

// queue returns the queue of the record's key. A key that stands for another row has none.
func (g *group) queue(c *context) (q *task.Queue, ok bool) {
	if _, isQueue := task.KeyOf(c.Key()); !isQueue {
		g.reject(c, payment.InvalidField, "key: write an ordering key, without control characters")
		return nil, false
	}
	return queueOf(c), true
}

func queueOf(c *context) *task.Queue {
	if row, ok := c.Row(); ok {
		return row.Queue
	}
	return nil
}

// submit takes a task in.
func (g *group) submit(c *context, s *task.Submission) {
	if q, ok := g.queue(c); ok {
		next, effects := task.Add(q, c.Key(), s, g.policy, now(c))
		g.apply(c, next, effects)
	}
}

// judge gives a command its verdict.
func (g *group) judge(c *context, command *task.Command) {
	q, ok := g.queue(c)
	if !ok {
		return
	}
	next, effects := task.Judge(q, c.Key(), command, g.policy, now(c))
	g.metrics.judged(q, next, command)
	g.apply(c, next, effects)
}

// answer takes what a worker says about a run. What a provider has answered goes to the reward, also by a run that was
// given up: the reward drops what it does not wait for.
func (g *group) answer(c *context, a *task.Answer) {
	q, ok := g.queue(c)
	if !ok {
		return
	}
	a, result := providerResult(a)
	next, effects := task.Answered(q, c.Key(), a, g.policy, now(c))
	g.apply(c, next, effects)
	if result != nil {
		stream.Emit(c, g.topology.RewardResults, result.UserID, result)
	}
}

// codeBadOutput is the error code of a run whose handler handed back what cannot be read.
const codeBadOutput = "bad_output"

// providerResult returns a provider's answer to a reward, if a is one. One that cannot be read is a failure, and the
// provider is asked again, under the same key.
func providerResult(a *task.Answer) (*task.Answer, *reward.Result) {
	if !ofReward(a.Kind) || a.Outcome != task.OK || len(a.Output) > task.MaxOutput {
		return a, nil
	}
	answer, err := rewardcodec.ParseProviderAnswer(a.Output)
	if err != nil {
		return a.Failed(codeBadOutput, err.Error()), nil
	}
	return a, answer.Result(a.TaskID)
}

func ofReward(kind string) bool { return kind == task.RewardPayout || kind == task.RewardClawback }

// discarded lets the reward know that nobody will pay it, or take it back.
func (g *group) discarded(c *context, e *task.Entry) {
	if !ofReward(e.Task.Kind) {
		return
	}
	asked, err := rewardcodec.ParsePayout(e.Task.Payload)
	if err != nil {
		g.reject(c, payment.InvalidField, "a discarded letter: "+err.Error())
		return
	}
	answer := rewardcodec.ProviderAnswer{
		UserID: asked.UserID, RewardID: asked.RewardID, Epoch: asked.Epoch, Reason: "discarded", At: now(c),
	}
	stream.Emit(c, g.topology.RewardResults, asked.UserID, answer.Result(e.Task.ID))
}

// erase makes a row forget a user.
func (g *group) erase(c *context, r *erasure.Request) {
	row, ok := c.Row()
	if !ok || r.TaskRow != c.Key() || !row.Holds(c.Key(), r.UserID) {
		return
	}
	key, _ := task.KeyOf(c.Key())
	switch {
	case row.Filed != nil:
		c.DeleteRow()
	case row.Page != nil:
		c.SetRow(&task.Row{Page: row.Page.Erase(key, r.UserID)})
	default:
		next, effects := task.Erase(row.Queue, key, r.UserID, g.policy, now(c))
		g.apply(c, next, effects)
	}
}

// advance does what is due.
func (g *group) advance(c *context) {
	q := queueOf(c)
	if q == nil { // it has ended since the timer was set
		return
	}
	next, effects := task.AdvanceTo(q, c.Key(), g.policy, now(c))
	g.apply(c, next, effects)
}

// sweep finds what has no timer.
func (g *group) sweep(c *context) {
	row, ok := c.Row()
	switch {
	case !ok:
	case row.Filed != nil && row.Filed.Until <= now(c):
		c.DeleteRow()
	case row.Queue.Overdue(now(c)):
		g.advance(c)
	}
}

// settle lets keys go on whose kind was paused, or not declared, and retires schedules that are not declared any more.
func (g *group) settle(c *context) {
	q := queueOf(c)
	next, effects := task.Settle(q, c.Key(), g.policy, now(c))
	if next != q {
		g.apply(c, next, effects)
	}
}

// apply stores the queue and turns effects into emits.
func (g *group) apply(c *context, next *task.Queue, effects []task.Effect) {
	if _, had := c.Row(); !next.Idle() {
		c.SetRow(&task.Row{Queue: next})
	} else if had {
		c.DeleteRow()
	}
	for _, e := range effects {
		switch e := e.(type) {
		case task.Changed:
			g.changed(c, e)
		case task.Started:
			g.metrics.started(e.Run)
			stream.Emit(c, g.topology.TaskRuns, e.Run.Task.ID, &e.Run)
		case task.Lettered:
			c.DeadLetter(letter(e.Letter))
		case task.Discarded:
			g.discarded(c, e.Entry)
		case task.Audited:
			stream.Emit(c, g.topology.Audit, e.Line.Key(), e.Line)
		case task.Asked:
			g.ask(c, e.Kind)
		case task.Filed:
			stream.Loopback(c, e.Key, &task.Move{Step: task.StepFile, Filed: e.Ended()})
		case task.Paged:
			stream.Loopback(c, e.Key, &task.Move{Step: task.StepStore, Page: e.Page})
		case task.Wanted:
			stream.Loopback(c, e.Key, &task.Move{Step: task.StepFetch, From: c.Key(), Number: e.Number})
		case task.Due:
			c.SetTimer(e.At.Time(), "due")
		case task.Repeated:
			g.metrics.dropped(e.Task, dropRepeated)
		case task.Coalesced:
			g.metrics.dropped(e.Task, dropCoalesced)
		case task.Stale:
			g.metrics.stale.Inc()
		case task.Rejected:
			g.reject(c, e.Reason, e.Detail)
		}
	}
}

// letter is an exhausted task as a dead letter.
func letter(l task.Letter) stream.DeadLetter {
	detail := l.Entry.Task.Kind + " " + l.Entry.Task.ID + ": " + string(l.Why)
	if n := len(l.Entry.History.Runs); n > 0 && l.Entry.History.Runs[n-1].Code != "" {
		detail += ", last " + l.Entry.History.Runs[n-1].Code
	}
	return stream.DeadLetter{Reason: string(payment.TaskExhausted), Detail: detail, Value: taskcodec.LetterJSON(l)}
}

func (g *group) reject(c *context, reason payment.Reason, detail string) {
	c.DeadLetter(stream.DeadLetter{Reason: string(reason), Detail: detail})
}
