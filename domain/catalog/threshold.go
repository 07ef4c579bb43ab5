package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
)

// NoThreshold is the threshold of a unit in which no mission needs an approval.
const NoThreshold = -1

// Thresholds are how much a mission may give in all before a second person has to approve it.
type Thresholds struct {
	// Amount is of cash, gift cards and custom rewards, in minor units of every currency that Amounts does not name.
	// Defaults to 10,000,000 (₹100,000.00).
	Amount int64
	// Amounts are those of single currencies, by ISO 4217 code. Defaults to none.
	Amounts map[string]int64
	// Coins is of coins and scratch cards. Defaults to NoThreshold: what a coin is worth only the deployment knows.
	Coins int64
	// Unlimited: a mission without budget and max_winners is above every threshold, and so is a reward whose amount is
	// not given. Else it counts as one reward. Defaults to true.
	Unlimited bool
}

// DefaultThresholds returns the defaults.
func DefaultThresholds() Thresholds {
	return Thresholds{Amount: 10_000_000, Coins: NoThreshold, Unlimited: true}
}

// Validate returns every problem of t, joined.
func (t Thresholds) Validate() error {
	var errs []error
	check := func(name string, n int64) {
		if n < NoThreshold || n > money.Max {
			errs = append(errs, fmt.Errorf("%s: %d must be from 0 to 2^50, or -1 for none", name, n))
		}
	}
	check("approval.amount", t.Amount)
	check("approval.coins", t.Coins)
	for _, currency := range slices.Sorted(maps.Keys(t.Amounts)) {
		if _, known := payment.Exponent(currency); !known {
			errs = append(errs, fmt.Errorf("approval.amounts: %q is no currency", currency))
		}
		check("approval.amounts: "+currency, t.Amounts[currency])
	}
	return errors.Join(errs...)
}

// Of returns the threshold of a unit, NoThreshold if it has none.
func (t Thresholds) Of(unit string) int64 {
	if unit == mission.Coins {
		return t.Coins
	}
	if n, named := t.Amounts[unit]; named {
		return n
	}
	return t.Amount
}

// Cost is the most that a mission can give in one unit.
type Cost struct {
	Unit string // mission.Coins, or a currency
	Most int64  // in coins or minor units; of an unlimited cost what one reward is
	// Unlimited: nothing bounds it, or the amount of one reward is not given.
	Unlimited bool
}

// String returns the cost for people.
func (c Cost) String() string {
	if c.Unlimited {
		return "without limit"
	}
	return "up to " + mission.FormatUnit(c.Most, c.Unit)
}

// above returns the costs that need an approval.
func (t Thresholds) above(costs []Cost) []Cost {
	var found []Cost
	for _, c := range costs {
		if limit := t.Of(c.Unit); limit != NoThreshold && (c.Most > limit || c.Unlimited && t.Unlimited) {
			found = append(found, c)
		}
	}
	return found
}

// costsOf returns what a mission of these versions can give, by unit. Users keep their version, so every version costs
// for good. But the limits of the newest version hold for all users (budget.Mission), so before the last reward the
// limits of some version held for the sum: the sum is at most the largest of the versions' limits, with the largest
// reward of any version.
func costsOf(versions []mission.Version) []Cost {
	largest, unknown := map[string]int64{}, map[string]bool{}
	for _, v := range versions {
		r := v.Mission.Reward
		unit := mission.UnitOf(r.Kind, v.Mission.Currency)
		largest[unit] = max(largest[unit], r.Amount)
		unknown[unit] = unknown[unit] || r.Amount == 0
	}
	costs := make([]Cost, 0, len(largest))
	for _, unit := range slices.Sorted(maps.Keys(largest)) {
		c := Cost{Unit: unit, Unlimited: unknown[unit]}
		for _, v := range versions {
			n, limited := mostOf(v.Mission.Limits, largest[unit])
			c.Most = max(c.Most, n)
			c.Unlimited = c.Unlimited || !limited
		}
		costs = append(costs, c)
	}
	return costs
}

// mostOf returns what rewards of an amount can add up to within limits; one of them, and false, if nothing bounds them.
func mostOf(l mission.Limits, amount int64) (most int64, limited bool) {
	most = money.MaxTotal
	if l.Budget > 0 {
		most, limited = l.Budget, true
	}
	if l.MaxWinners > 0 {
		limited = true
		if amount == 0 || l.MaxWinners <= most/amount {
			most = min(most, l.MaxWinners*amount)
		}
	}
	if !limited {
		return amount, false
	}
	return most, true
}

// why says why costs need an approval. It names none of them, since whoever asked may have sent it.
func (t Thresholds) why(above []Cost) string {
	parts := make([]string, len(above))
	for i, c := range above {
		reach := "the mission can give more than that in all"
		if c.Unlimited {
			reach = "nothing bounds what the mission gives (no budget, no max_winners, or a reward without an amount)"
		}
		parts[i] = "more than " + mission.FormatUnit(t.Of(c.Unit), c.Unit) +
			" of one mission needs the approval of a second person, and " + reach
	}
	return strings.Join(parts, "; ")
}
