// Package deadletters is the group that keeps the list of dead letters and the decisions of people about them.
//
//   - Input: dead-letters: raw bytes, keyed by the id of their source record (topic-partition-offset), with reason and
//     place in mr- headers. dead-letter-commands, by the same id: replay, discard or purge.
//   - Table: by that id, the place of the bytes, their user, the reason, the state, the decision, and the verdicts on
//     the last commands.
//   - Output: payments: the records of replayed dead letters, original or edited, under their own key, with a header
//     that names the dead letter. tasks, the same way: tasks that were not taken in. task-commands (ordering key): the decisions about exhausted tasks. audit: one line
//     for each decided command. The group writes no dead letters: it would read them again itself.
//   - Ordering: letters of one source record are in order. A record that several groups refuse has one row with all of
//     them. A command names the filing that its actor has seen; it is refused if there is a later one.
//   - Late and duplicate letters: a letter that is read or filed again changes only the place of the bytes. A duplicate
//     command changes and sends nothing. A decision sends its record once, in the transaction that stores it.
//
// Anybody may write to these topics. The group counts and skips a record that lacks our headers or has them under
// another key, and a command that it cannot read. So it uses goka's own inputs: those of stream would turn a record
// without a value, or one whose callback panics, into a dead letter.
package deadletters

import (
	"math/big"
	"slices"

	"github.com/lovoo/goka"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Graph returns the group's graph. The group has no settings.
func Graph(t *topology.Topology, m *Metrics) *goka.GroupGraph {
	g := &group{topology: t, metrics: m}
	return topology.Graph(t, t.DeadLetters,
		goka.Input(t.DeadLetterRecords.Stream(), stream.Bytes{}, g.file),
		goka.Input(t.DeadLetterCommands.Stream(), stream.Bytes{}, g.decide),
	)
}

type group struct {
	topology *topology.Topology
	metrics  *Metrics
}

func (g *group) file(c goka.Context, value any) {
	letter, ok := parseLetter(c.Key(), c.Headers())
	if !ok {
		g.metrics.strange.Inc()
		return
	}
	raw, _ := value.([]byte) // nil for a record without a value
	letter.Partition, letter.Offset = c.Partition(), c.Offset()
	letter.SizeBytes = int64(len(raw))
	if letter.At = instant.Of(c.Timestamp()); letter.At == 0 {
		letter.At = letter.Source.Timestamp
	}
	row, _ := c.Value().(*deadletter.Row)
	if next := deadletter.File(row, letter); next != row {
		c.SetValue(next)
		if a, ok := c.(stream.Adder); ok && row == nil {
			a.Add(topology.LettersSum, big.NewInt(1))
		}
	}
}

func (g *group) decide(c goka.Context, value any) {
	raw, _ := value.([]byte)
	command, err := g.topology.DeadLetterCommands.Codec.Decode(raw)
	if err != nil || command.LetterID != c.Key() || !known(command.Op) || g.outsized(command) {
		g.metrics.strange.Inc()
		return
	}
	row, _ := c.Value().(*deadletter.Row)
	if command.Judged = instant.Of(c.Timestamp()); command.Judged == 0 { // the broker's time of the record
		command.Judged = command.At
	}
	replay, err := g.replay(row, command)
	if err != nil {
		g.metrics.strange.Inc()
		return
	}
	next, send, line := deadletter.Decide(row, command)
	if next == row {
		return
	}
	if next == nil {
		c.Delete()
	} else {
		c.SetValue(next)
	}
	c.Emit(g.topology.Audit.Stream(), line.Key(), line)
	if send {
		c.Emit(replay.to, replay.key, replay.value, replay.options...)
		if command.Op == deadletter.Replay {
			g.metrics.replayed.Inc()
		}
	}
}

// replay is what a decision sends.
type replay struct {
	to      goka.Stream
	key     string
	value   any
	options []goka.ContextOption
}

// replay returns what a command sends if it is done. Its error is of bytes that are no task, where they must be.
func (g *group) replay(row *deadletter.Row, command *deadletter.Command) (replay, error) {
	switch {
	case row == nil || command.Op == deadletter.Purge:
		return replay{}, nil
	case row.Reason == payment.TaskExhausted:
		c, err := taskCommand(command)
		if err != nil {
			return replay{}, err
		}
		return replay{g.topology.TaskCommands.Stream(), c.Letter.Task.Key, c, nil}, nil
	case row.Source.Topic == g.topology.Tasks.Name && command.Op == deadletter.Replay: // a task that was not taken in
		submission, err := g.topology.Tasks.Codec.Decode(command.Value)
		return replay{g.topology.Tasks.Stream(), string(command.Key), submission, sent(command)}, err
	}
	return replay{g.topology.Payments.Stream(), string(command.Key), command.Value, sent(command)}, nil
}

// sent returns the headers of a replay: those of the source, and the dead letter's id.
func sent(command *deadletter.Command) []goka.ContextOption {
	headers := goka.Headers{}
	for _, h := range command.Headers {
		headers[h.Name] = h.Value
	}
	headers[stream.HeaderDeadLetter] = []byte(command.LetterID)
	return []goka.ContextOption{goka.WithCtxEmitHeaders(headers)}
}

// taskCommand returns what a decision on an exhausted task asks of the group that queues tasks. The command carries the
// task as its letter has it, with a payload that may have been edited.
func taskCommand(c *deadletter.Command) (*task.Command, error) {
	letter, err := taskcodec.ParseLetter(c.Value)
	if err != nil {
		return nil, err
	}
	out := &task.Command{ID: c.ID, Op: task.OpDiscard, Letter: letter.Entry}
	if c.Op == deadletter.Replay {
		out.Op, out.Payload = task.OpReplay, letter.Entry.Task.Payload
	}
	return out, nil
}

// known tells whether there is such an op: the audit could not name another.
func known(op deadletter.Op) bool { return slices.Contains(deadletter.Ops(), op) }

// maxName bounds names that the row and the audit keep, in bytes.
const maxName = 4 << 10

// outsized tells whether the record that a command has sent, or the line of the audit, would be larger than records may
// be: its transaction could never end. The server sends no such command.
func (g *group) outsized(c *deadletter.Command) bool {
	if max(len(c.ID), len(c.Actor), len(c.Role), len(c.Proof.Issuer), len(c.Proof.Role)) > maxName {
		return true
	}
	size := len(c.Key) + len(c.Value) + len(c.LetterID)
	for _, h := range c.Headers {
		size += len(h.Name) + len(h.Value) + headerCost
	}
	return size > topology.MaxMessageBytes-recordCost
}

// headerCost and recordCost are room for what Kafka writes around a header and a record, in bytes.
const (
	headerCost = 16
	recordCost = 1 << 10
)
