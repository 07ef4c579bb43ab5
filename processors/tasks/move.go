package tasks

import (
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
)

// move takes what another row of the group sends.
func (g *group) move(c *context, m *task.Move) {
	switch m.Step {
	case task.StepStore:
		c.SetRow(&task.Row{Page: m.Page})
	case task.StepFetch:
		g.fetch(c, m)
	case task.StepReturn:
		next, effects := task.Return(queueOf(c), c.Key(), m.Number, pageOf(m), g.policy, now(c))
		g.apply(c, next, effects)
	case task.StepFile:
		c.SetRow(&task.Row{Filed: m.Filed})
	case task.StepAsk:
		g.reserve(c, m)
	case task.StepGrant:
		next, effects := task.Grant(queueOf(c), c.Key(), m.Token, g.policy, now(c))
		g.apply(c, next, effects)
	default:
		g.reject(c, payment.InvalidField, "a step that this version does not know")
	}
}

// pageOf returns the page that comes back; an empty one if it was lost, which its queue says.
func pageOf(m *task.Move) *task.Page {
	if m.Page == nil {
		return &task.Page{}
	}
	return m.Page
}

// fetch sends a page back to its queue.
func (g *group) fetch(c *context, m *task.Move) {
	back := &task.Move{Step: task.StepReturn, Number: m.Number}
	if row, ok := c.Row(); ok {
		back.Page = row.Page
		c.DeleteRow()
	}
	stream.Loopback(c, m.From, back)
}

// ask wants a token of a limited kind from the bucket of this partition.
func (g *group) ask(c *context, kind string) {
	share := task.Share{Partition: int64(c.Partition()), Partitions: int64(g.topology.Config.Partitions)}
	stream.Loopback(c, task.BucketKey(kind, share.Partition), &task.Move{
		Step: task.StepAsk, From: c.Key(), Token: task.Token{Kind: kind}, Share: share,
	})
}

// reserve takes a slot of the bucket. A kind that is limited no more lets all go on.
func (g *group) reserve(c *context, m *task.Move) {
	token := task.Token{Kind: m.Token.Kind, At: now(c)}
	if kind, ok := g.policy.Kinds.Find(token.Kind); ok && kind.Limit.Runs > 0 {
		var bucket task.Bucket
		if row, ok := c.Row(); ok && row.Bucket != nil {
			bucket = *row.Bucket
		}
		bucket, token.At = bucket.Reserve(kind.Limit, m.Share, now(c))
		c.SetRow(&task.Row{Bucket: &bucket})
	}
	stream.Loopback(c, m.From, &task.Move{Step: task.StepGrant, Token: token})
}
