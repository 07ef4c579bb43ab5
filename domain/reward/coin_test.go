package reward_test

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

func coins(verdict budget.Verdict, missionID string, amount int64, debt string) *budget.Allotment {
	return &budget.Allotment{
		Verdict: verdict, UserID: "u", Mission: missionID, Version: 1, Iteration: 1, Reward: mission.Reward{Kind: mission.RewardCoins, Amount: amount},
		Amount: amount, Grant: mission.Grant{Mode: mission.GrantAuto}, Debt: debt,
	}
}

const noon instant.Milli = 1_772_366_400_000

// A claw-back of coins that were spent: it goes below zero, or becomes debt (docs/design.md, section 6.3).
func TestDebtPolicies(t *testing.T) {
	for debt, want := range map[string]reward.Coins{
		mission.DebtNegative: {Balance: -300},
		mission.DebtFloor:    {Balance: 0, Debt: 300},
	} {
		row, _ := reward.ApplyAllotment(nil, "u", coins(budget.Reserved, "m", 500, debt), noon)
		row, _ = judged(t, row, spend("spend.1", "", 300))
		next, effects := reward.ApplyAllotment(row, "u", coins(budget.Revoked, "m", 500, debt), noon)
		if row.Coins.Balance != 200 {
			t.Fatal("the old row has changed")
		}
		last := next.Coins.Entries[len(next.Coins.Entries)-1]
		if next.Coins.Balance != want.Balance || next.Coins.Debt != want.Debt || last.BalanceAfter != want.Balance || last.Kind != reward.EntryClawback {
			t.Errorf("%s: %+v, last entry %+v", debt, next.Coins, last)
		}
		if s, ok := effects[0].(reward.Settled); !ok || s.Return.Movement != budget.Recovered || s.Return.Amount != 500 {
			t.Errorf("%s: %+v", debt, effects)
		}
		// coins that come later pay the debt first
		next, _ = reward.ApplyAllotment(next, "u", coins(budget.Reserved, "n", 100, debt), noon)
		later, _ := reward.ApplyAllotment(next, "u", coins(budget.Reserved, "o", 400, debt), noon)
		if later.Coins.Balance != 200 || later.Coins.Debt != 0 {
			t.Errorf("%s: later %+v", debt, later.Coins)
		}
		if debt == mission.DebtFloor && (next.Coins.Balance != 0 || next.Coins.Debt != 200) {
			t.Errorf("after 100 of 300: %+v", next.Coins)
		}
	}
}

// A long life of coins: every entry is in the row or on one page, numbered through.
func TestEntriesGoToPages(t *testing.T) {
	var row *reward.Row
	pages := map[string][]reward.Entry{}
	const n = 5*reward.PageSize + 7
	for i := range n {
		next, effects := reward.ApplyAllotment(row, "u", coins(budget.Reserved, fmt.Sprint("m", i), 10, mission.DebtNegative), noon)
		row = next
		for _, e := range effects {
			if p, ok := e.(reward.Paged); ok {
				pages[p.Key] = p.Entries
			}
		}
	}
	var all []reward.Entry
	for i := range row.Coins.Pages() {
		page := pages[reward.PageKey("u", i)]
		if len(page) != reward.PageSize {
			t.Fatalf("page %d has %d entries", i, len(page))
		}
		all = append(all, page...)
	}
	all = append(all, row.Coins.Entries...)
	if len(all) != n || len(row.Coins.Entries) < reward.PageSize || row.Coins.Pages() != int64(len(pages)) {
		t.Fatalf("%d entries, %d in the row, %d pages", len(all), len(row.Coins.Entries), len(pages))
	}
	for i, e := range all {
		if e.Number != int64(i)+1 || e.BalanceAfter != 10*e.Number {
			t.Fatalf("entry %d is %+v", i, e)
		}
	}
}

// A clock that goes back changes nothing, and what is due is settled before a command is judged.
func TestTimeOfARow(t *testing.T) {
	a := coins(budget.Reserved, "m", 10, mission.DebtNegative)
	a.Grant.Mode, a.Reward.ExpiresAfter = mission.GrantClaim, 1000_000_000
	row, _ := reward.ApplyAllotment(nil, "u", a, noon)
	id := row.Rewards[0].ID
	late, _ := reward.Judge(row, &reward.Command{ID: "c", Op: reward.Claim, UserID: "u", RewardID: id}, nil, noon+1000)
	if late.Rewards[0].State != reward.Expired {
		t.Errorf("claimed when it expired: %s", late.Rewards[0].State)
	}
	back, _ := reward.Judge(late, &reward.Command{ID: "d", Op: reward.Claim, UserID: "u", RewardID: id}, nil, noon)
	if back.Now != noon+1000 || back.Rewards[0].State != reward.Expired {
		t.Errorf("the clock went back to %s: %+v", back.Now, back.Rewards[0])
	}
	if same, effects := reward.AdvanceTo(row, "u", noon+999); same != row || len(effects) > 0 {
		t.Error("something was due")
	}
}

// A card without coins on it changes no balance.
func TestAnEmptyCard(t *testing.T) {
	a := coins(budget.Reserved, "m", 0, mission.DebtNegative)
	a.Reward.Kind = mission.RewardScratchCard
	row, _ := reward.ApplyAllotment(nil, "u", a, noon)
	row, _ = reward.Judge(row, &reward.Command{ID: "c", Op: reward.Claim, UserID: "u", RewardID: row.Rewards[0].ID}, nil, noon)
	row, _ = reward.ApplyAllotment(row, "u", coins(budget.Revoked, "m", 0, mission.DebtNegative), noon)
	if row.Rewards[0].State != reward.ClawedBack || row.Coins.Count != 0 {
		t.Errorf("%+v, %+v", row.Rewards[0], row.Coins)
	}
}
