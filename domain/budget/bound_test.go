package budget_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

// At the ends of what amounts can be, no account of a mission without limits overflows: what no longer fits is
// exhausted, and everything that was ever reserved stays in one of the three sums.
func TestAccountsNeverOverflow(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		const room = money.MaxTotal / money.Max
		row := &budget.Row{Mission: &budget.Mission{Accounts: []budget.Account{{
			Unit: mission.Coins, Reserved: (room - 3) / 2 * money.Max, Spent: (room - 3) / 4 * money.Max, Returned: (room - 3) / 4 * money.Max,
		}}, Winners: room}}
		sum := func() int64 {
			a := row.Mission.Account(mission.Coins)
			if a.Reserved < 0 || a.Spent < 0 || a.Returned < 0 {
				t.Fatalf("%+v", a)
			}
			return a.Reserved + a.Spent + a.Returned
		}
		exhausted := 0
		for range 30 {
			before := sum()
			if rapid.Bool().Draw(t, "outcome") {
				amount := rapid.SampledFrom([]int64{money.Max, money.Max - 1, 1}).Draw(t, "amount")
				next, effects := budget.Judge(row, outcome(mission.Completed, "u", amount, mission.Limits{}))
				a := allotment(t, effects)
				row = next
				switch fits := amount <= money.MaxTotal-before; {
				case fits && (a.Verdict != budget.Reserved || a.Amount != amount || sum() != before+amount):
					t.Fatalf("%d to %d: %+v", amount, before, a)
				case !fits && (a.Verdict != budget.Exhausted || a.Reason != budget.ReasonBudget || sum() != before):
					t.Fatalf("%d to %d: %+v", amount, before, a)
				case !fits:
					exhausted++
				}
				continue
			}
			movement := rapid.SampledFrom([]budget.Movement{budget.Returned, budget.Spent, budget.Recovered}).Draw(t, "movement")
			next, _ := budget.Resolve(row, &budget.Return{Movement: movement, Mission: "m", Unit: mission.Coins, Amount: money.Max})
			if row = next; sum() != before {
				t.Fatalf("%s: %d before, %d after", movement, before, sum())
			}
		}
		if got := row.Mission.Exhausted; got != int64(exhausted) {
			t.Fatalf("%d exhausted, the row says %d", exhausted, got)
		}
	})
}

// What is left of a budget never wraps, however far the budget is beyond the bound in a damaged record.
func TestTruncationStaysWithinTheBound(t *testing.T) {
	row := &budget.Row{Mission: &budget.Mission{Accounts: []budget.Account{{Unit: mission.Coins, Returned: money.MaxTotal - 5}}}}
	o := outcome(mission.Completed, "u", 10, mission.Limits{Budget: 100, OverBudget: mission.OverBudgetTruncate})
	next, effects := budget.Judge(row, o)
	if a := allotment(t, effects); a.Verdict != budget.Reserved || a.Amount != 5 || next.Mission.Account(mission.Coins).Reserved != 5 {
		t.Errorf("%+v", a)
	}
}
