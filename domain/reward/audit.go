package reward

import (
	"encoding/json"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/verdict"
)

// Audited is a line for the audit: support, or a service, has acted on the user.
type Audited struct{ Line *audit.Line }

func (Audited) effect() {}

// audit counts and tells what came of a command of support or of a service; before is the auditedCoins before it. What
// users ask for themselves is no act of an operator.
func (t *transition) audit(c *Command, v verdict.Verdict, before []byte) {
	action := map[Op]string{
		Goodwill: audit.ActionRewardGiven, Cancel: audit.ActionRewardCancelled,
		Spend: audit.ActionCoinsSpent, ReverseSpend: audit.ActionSpendReversed,
	}[c.Op]
	if action == "" {
		return
	}
	t.row.Audited++
	line := &audit.Line{
		CommandID: c.ID, Kind: audit.KindUser, ID: c.UserID, Actor: c.Actor, Proof: c.Proof, At: t.now,
		Reason: audit.Text(c.Reason, maxReason),
		Action: action, Result: v.Result, Problems: v.Problems, Revision: t.row.Audited,
	}
	if c.ofSpend() {
		t.auditSpend(line, c, v, before)
	} else {
		t.auditReward(line, c, v)
	}
	t.emit(Audited{line})
}

// ofSpend tells whether the command is about a spend, and not about a reward.
func (c *Command) ofSpend() bool { return c.Op == Spend || c.Op == ReverseSpend }

// auditReward says which reward a command was about, and what became of it.
func (t *transition) auditReward(line *audit.Line, c *Command, v verdict.Verdict) {
	id := c.RewardID
	if c.Op == Goodwill {
		id = GoodwillID(c.UserID, c.ID)
	}
	if c.Op != Goodwill || v.Result != verdict.Refused { // else there is none
		line.RewardID = id
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
}

// auditSpend says which spend a command was about, and what became of it and of the balance.
func (t *transition) auditSpend(line *audit.Line, c *Command, v verdict.Verdict, before []byte) {
	if c.Op != Spend || v.Result != verdict.Refused { // else there is none
		line.SpendID = audit.Text(c.spendID(), maxSpendID)
	}
	s := t.row.Coins.Spending(c.spendID())
	if s == nil || v.Result == verdict.Refused {
		return
	}
	line.From, line.To = s.State(), s.State()
	if v.Result == verdict.Applied {
		line.Differences = audit.Differences(before, t.auditedCoins(c))
		if line.From = ""; c.Op == ReverseSpend {
			line.From = spent
		}
	}
}

// The words for where a spend stands.
const (
	spent    = "spent"
	reversed = "reversed"
)

// State says where the spend stands: spent, or reversed.
func (s *Spending) State() string {
	if s.Reversal != 0 {
		return reversed
	}
	return spent
}

// auditedCoins is what the audit compares of a user's coins at a command about a spend; nil for other commands.
func (t *transition) auditedCoins(c *Command) []byte {
	if !c.ofSpend() {
		return nil
	}
	coins, spends := &t.row.Coins, map[string]any{}
	if s := coins.Spending(c.spendID()); s != nil {
		spends[s.ID] = map[string]any{"amount": s.Amount, "state": s.State()}
	}
	b, err := json.Marshal(map[string]any{
		"coins": map[string]any{"balance": coins.Balance, "debt": coins.Debt}, "spends": spends,
	})
	if err != nil {
		return nil
	}
	return b
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
