package reward

import (
	"encoding/json"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/verdict"
)

// Audited is a line for the audit: support has acted on the user.
type Audited struct{ Line *audit.Line }

func (Audited) effect() {}

// audit counts and tells what came of a command of support. What users ask for themselves is no act of an operator.
func (t *transition) audit(c *Command, v verdict.Verdict) {
	action := map[Op]string{Goodwill: audit.ActionRewardGiven, Cancel: audit.ActionRewardCancelled}[c.Op]
	if action == "" {
		return
	}
	t.row.Audited++
	id := c.RewardID
	if c.Op == Goodwill {
		id = GoodwillID(c.UserID, c.ID)
	}
	named := id
	if c.Op == Goodwill && v.Result == verdict.Refused { // there is none
		named = ""
	}
	line := &audit.Line{
		CommandID: c.ID, Kind: audit.KindUser, ID: c.UserID, RewardID: named, Actor: c.Actor, Proof: c.Proof, At: t.now,
		Reason: audit.Text(c.Reason, maxReason),
		Action: action, Result: v.Result, Problems: v.Problems, Revision: t.row.Audited,
	}
	if r := t.row.Find(id); r != nil && r.Visible() && v.Result != verdict.Refused {
		before := r
		if v.Result == verdict.Applied {
			before = t.before[id]
			line.Differences = audit.Differences(auditDocument(before), auditDocument(r))
		}
		if line.To = string(r.State); before != nil {
			line.From = string(before.State)
		}
	}
	t.emit(Audited{line})
}

// auditDocument is what the audit compares of a user's rewards, as one of them is; nil for none.
func auditDocument(r *Reward) []byte {
	rewards := map[string]any{}
	if r != nil {
		one := map[string]any{"kind": r.Kind, "amount": r.Amount, "state": string(r.State)}
		if r.Currency != "" {
			one["currency"] = r.Currency
		}
		rewards[r.ID] = one
	}
	b, err := json.Marshal(map[string]any{"rewards": rewards})
	if err != nil {
		return nil
	}
	return b
}
