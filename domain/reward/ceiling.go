package reward

import (
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// Ceiling returns the most that one person may give a user as goodwill, in coins or in minor units of a currency; below
// 0: any amount. It is what a mission may give without a second person (ADR 26). A nil Ceiling is one of any amount.
type Ceiling func(unit string) int64

// Check returns why a goodwill reward, which must be sound, is more than one person may give; nil if it is not.
func (most Ceiling) Check(c *Command) problem.List {
	if most == nil {
		return nil
	}
	unit := mission.UnitOf(c.Reward.Kind, c.Currency)
	limit := most(unit)
	if limit < 0 || c.Reward.Amount <= limit {
		return nil
	}
	return problem.One("/amount", problem.ApprovalRequired,
		"one person may give a user at most "+mission.FormatUnit(limit, unit)+
			": give more by a mission for a segment of the user's own, which a second person approves")
}
