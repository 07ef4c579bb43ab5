package config

import (
	"github.com/millrace/millrace/domain/catalog"
)

// Approval says which missions need the approval of a second person before they become active, and the most that one
// person may give a user as goodwill. The groups catalog and rewards judge by it, and servers show it: all need the
// same settings.
type Approval struct {
	// Amount is the most that one mission may give in all without one, in minor units of every currency that amounts
	// does not name: its budget, or max_winners times its reward, whichever is less. 0: every mission needs one; -1:
	// none. Defaults to 10000000, ₹100,000.00.
	Amount int64 `yaml:"amount"`
	// Amounts are those of single currencies. Defaults to none.
	Amounts map[string]int64 `yaml:"amounts"`
	// Coins is the same of coins and scratch cards. Defaults to -1: what a coin is worth only you know.
	Coins int64 `yaml:"coins"`
	// Unlimited makes every mission without budget and max_winners need one, and every reward of an amount that is not
	// given. false: such a mission counts as one reward. Defaults to true; `dev` has false.
	Unlimited bool `yaml:"unlimited"`
}

func defaultApproval() Approval {
	t := catalog.DefaultThresholds()
	return Approval{Amount: t.Amount, Coins: t.Coins, Unlimited: t.Unlimited}
}

// Thresholds returns a as the catalog has it.
func (a Approval) Thresholds() catalog.Thresholds {
	return catalog.Thresholds{Amount: a.Amount, Amounts: a.Amounts, Coins: a.Coins, Unlimited: a.Unlimited}
}
