package task

import (
	"encoding/json"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
)

// Audited is the line that the audit has of what a person asked of a task.
type Audited struct{ Line *audit.Line }

func (Audited) effect() {}

// audit writes the line of a command of a person that was judged; before is the task as it was, nil if it is not in
// the row. Neither ordering key nor payload is in a line: they may be a user's, and the audit keeps no lines of users
// under the ids of tasks.
func (t *turn) audit(c *Command, v verdict.Verdict, before *Entry) {
	action, ofPerson := map[Op]string{
		OpCancel: audit.ActionTaskCancelled, OpRetry: audit.ActionTaskRetried, OpSnooze: audit.ActionTaskSnoozed,
	}[c.Op]
	if !ofPerson {
		return
	}
	l := &audit.Line{
		CommandID: c.ID, Kind: audit.KindTask, ID: c.TaskID, Actor: c.Actor, Proof: c.Proof, At: t.now, Action: action,
		Result: v.Result, Problems: v.Problems,
	}
	if before != nil {
		after := t.find(c.TaskID)
		if after == nil { // the command has ended it
			last := *before
			last.State, last.Due, last.Until = Cancelled, 0, 0
			after = &last
		}
		l.Revision, l.From, l.To = after.Run, before.State.Shown(), after.State.Shown()
		if v.Result == verdict.Applied {
			l.Differences = audit.Differences(before.document(), after.document())
		}
	}
	t.emit(Audited{l})
}

// document is what the audit compares of a task.
func (e *Entry) document() []byte {
	d := struct {
		State     string         `json:"state"`
		NotBefore *instant.Milli `json:"not_before"`
		Cancelled bool           `json:"cancelled"`
	}{State: e.State.Shown(), Cancelled: e.Cancelled || e.State == Cancelled}
	switch at := e.Until; {
	case e.State.kind().head && e.State != Running && at != 0:
		d.NotBefore = &at
	case !e.State.kind().head && e.Due != 0:
		d.NotBefore = &e.Due
	}
	b, err := json.Marshal(d)
	if err != nil {
		return nil
	}
	return b
}
