package deadletter

import (
	"encoding/json"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/verdict"
)

// maxReason is how long a reason may be, in bytes, in a line of the audit.
const maxReason = 2000

// line returns what the audit has of a command that was judged on a row.
func (c *Command) line(before, after *Row, v verdict.Verdict) *audit.Line {
	l := &audit.Line{
		CommandID: c.ID, Kind: audit.KindDeadLetter, ID: c.LetterID, Actor: c.Actor, Proof: c.Proof, At: c.Judged,
		Reason: audit.Text(c.Reason, maxReason), Action: audit.ActionDiscarded, Result: v.Result, Problems: v.Problems,
		Revision: after.Judged, From: before.State.String(), To: after.State.String(),
	}
	if c.Op == Replay {
		l.Action = audit.ActionReplayed
	}
	if c.Op == Purge {
		l.Action = audit.ActionPurged
		if v.Result == verdict.Applied {
			l.To = audit.ActionPurged
		}
		return l
	}
	if v.Result == verdict.Applied {
		l.Differences = audit.Differences(before.document(), after.document())
	}
	return l
}

// document is what the audit compares of a row. The record's bytes are not in it: they may be a user's.
func (r *Row) document() []byte {
	edited := r.State == Replayed && r.Decision != nil && r.Decision.Edited
	b, err := json.Marshal(map[string]any{"state": r.State.String(), "edited": edited})
	if err != nil {
		return nil
	}
	return b
}
