package deadletter

import (
	"slices"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/domain/visible"
)

// Op is what a command asks for.
type Op string

// The ops.
const (
	// Replay sends the record again, as it was or edited, to the topic it came from, under the key it had. An exhausted
	// task goes back into the queue of its key.
	Replay Op = "replay"
	// Discard says that the record is not needed.
	Discard Op = "discard"
	// Purge forgets a letter that is decided: its row goes. The audit has who did it.
	Purge Op = "purge"
)

// Ops returns every op.
func Ops() []Op { return []Op{Replay, Discard, Purge} }

// Command asks for a decision on one dead letter: the record of dead-letter-commands, keyed by LetterID.
type Command struct {
	ID       string // unique; the same id again gets the same verdict and changes nothing
	Op       Op
	LetterID string
	// Actor is who asks, and Role in what role.
	Actor, Role string
	Proof       audit.Proof   // that it is the actor who asks
	At          instant.Milli // when it was asked
	Judged      instant.Milli // when it is judged; not part of the record
	Reason      string        // why; required of Discard
	// Partition and Offset are where the letter is that the actor has seen, in the topic dead-letters.
	Partition int32
	Offset    int64
	// Key, Value and Headers are the record that Replay sends; nil Value is a record without one.
	Key, Value []byte
	Headers    []Header
	// Edited tells that Value is not what the record had.
	Edited bool
}

// Header is one header of a record.
type Header struct {
	Name  string
	Value []byte
}

// Decision says who decided what on a dead letter.
type Decision struct {
	Op          Op
	Actor, Role string
	Reason      string
	At          instant.Milli // when it was asked
	Edited      bool
}

// Decide returns row, which may be nil, with what a command does to it, whether its record is to be sent, and the
// line that the audit gets. A row that is purged is nil. It returns row itself and no line if the command was judged
// before, or if there is no such dead letter.
//
// What is discarded can still be replayed: nothing is lost by it. What was replayed is decided for good, so that no
// decision sends a record twice. An exhausted task that was discarded is decided for good, too.
func Decide(row *Row, c *Command) (next *Row, send bool, line *audit.Line) {
	if row == nil {
		return nil, false, nil
	}
	if _, judged := row.Verdicts.Find(c.ID); judged {
		return row, false, nil
	}
	copied := *row
	v := verdict.Verdict{CommandID: c.ID, Result: verdict.Applied, At: c.At}
	if found := row.refuse(c); found != nil {
		v.Result, v.Problems = verdict.Refused, found
	} else if c.Op == Purge {
		copied.Judged++
		return nil, false, c.line(row, &copied, v)
	} else {
		copied.State, send = c.Op.state(), c.Op == Replay || row.ofTask()
		copied.Decision = &Decision{Op: c.Op, Actor: c.Actor, Role: c.Role, Reason: c.Reason, At: c.At,
			Edited: c.Edited}
	}
	copied.Verdicts = row.Verdicts.With(v)
	copied.Judged++
	return &copied, send, c.line(row, &copied, v)
}

// ofTask tells whether the letter is an exhausted task. Its discarding is sent, too: others act on it, so it is final.
func (r *Row) ofTask() bool { return r.Reason == payment.TaskExhausted }

// refuse returns why a command cannot be done; nil if it can.
func (r *Row) refuse(c *Command) problem.List {
	one := func(code, detail string) problem.List { return problem.List{{Code: code, Detail: detail}} }
	switch {
	case r.Verdicts.Clash(c.ID):
		return one(problem.Conflict, "the key was used for something else")
	case !slices.Contains(Ops(), c.Op):
		return one(problem.InvalidField, "no such command")
	case visible.HasControls(c.Reason):
		return problem.One("/reason", problem.InvalidField, visible.ControlsDetail)
	case c.Partition != r.Partition || c.Offset != r.Offset:
		return one(problem.PreconditionFailed, "it was filed anew since it was read")
	case c.Op == Purge && r.State == Open:
		return one(problem.InvalidState, "it is open: replay it, or discard it, first")
	case c.Op == Purge:
	case r.State == Replayed, r.State == c.Op.state(), r.State == Discarded && r.ofTask():
		return one(problem.Decided, "it is "+r.State.String()+" already")
	}
	return nil
}

func (o Op) state() State {
	if o == Replay {
		return Replayed
	}
	return Discarded
}
