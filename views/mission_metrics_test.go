package views

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	missionviews "github.com/millrace/millrace/views/mission"
)

func (f *fixture) putBudget(id string, row budget.Mission) {
	put(f, f.tables.budget, f.topology.Budget, id, &budget.Row{Mission: &row})
}

// limited returns a mission of a status, with limits.
func limited(id string, status mission.Status, reward mission.Reward, limits mission.Limits) mission.Mission {
	m := swiggy()
	m.ID = id
	m.Status, m.Reward, m.Limits = status, reward, limits
	m.Limits.OverBudget = mission.OverBudgetReject
	return m
}

func TestBudgetsAreShown(t *testing.T) {
	f := measured(t)
	coins, cash := mission.Reward{Kind: mission.RewardCoins, Amount: 10}, mission.Reward{Kind: mission.RewardCash, Amount: 50_000}
	f.putMission(limited("near", mission.Active, cash, mission.Limits{Budget: 1 << 50, MaxWinners: 7}))
	f.putMission(limited("fresh", mission.Paused, coins, mission.Limits{Budget: 100}))
	f.putMission(limited("free", mission.Active, coins, mission.Limits{}))
	f.putMission(limited("draft", mission.Draft, coins, mission.Limits{Budget: 100}))
	f.putBudget("near", budget.Mission{Accounts: []budget.Account{{Unit: "INR", Reserved: 3, Spent: 1<<50 - 5, Returned: 9}, {Unit: mission.Coins, Spent: 4}}, Winners: 6, Exhausted: 2})
	f.putBudget("free", budget.Mission{Accounts: []budget.Account{{Unit: mission.Coins, Spent: 20}}, Winners: 2})
	f.wantShown(
		`millrace_budget_limit_minor{currency="INR",mission="near"} 1.125899906842624e+15`,
		`millrace_budget_spent_minor{currency="INR",mission="near"} 1.125899906842619e+15`, // to the paisa
		`millrace_budget_reserved_minor{currency="INR",mission="near"} 3`,
		`millrace_budget_left_minor{currency="INR",mission="near"} 2`,
		`millrace_budget_spent_minor{currency="coins",mission="near"} 4`,
		`millrace_mission_winners{mission="near"} 6`,
		`millrace_mission_winners_limit{mission="near"} 7`,
		`millrace_mission_exhausted_completions{mission="near"} 2`,
		`millrace_budget_left_minor{currency="coins",mission="fresh"} 100`,
		`millrace_budget_spent_minor{currency="coins",mission="fresh"} 0`,
		`millrace_budget_spent_minor{currency="coins",mission="free"} 20`,
		`millrace_missions{status="draft"} 1`, `millrace_missions{status="paused"} 1`, `millrace_missions{status="archived"} 0`,
		`millrace_missions_hidden 0`,
		`millrace_currency_minor_units{currency="INR"} 100`, `millrace_currency_minor_units{currency="JPY"} 1`,
		`millrace_currency_minor_units{currency="KWD"} 1000`, `millrace_currency_minor_units{currency="coins"} 1`,
	)
	if text := strings.Join(f.shows(), "\n"); strings.Contains(text, `mission="draft"`) || strings.Contains(text, `limit_minor{currency="coins",mission="near"}`) ||
		strings.Contains(text, `left_minor{currency="coins",mission="free"}`) {
		t.Error(text)
	}
	f.tables.budget.set(func() { f.tables.budget.loading = true })
	if text := strings.Join(f.shows(), "\n"); strings.Contains(text, "millrace_budget_") || !strings.Contains(text, "millrace_missions{") {
		t.Error("while the table of budgets is loaded:", text)
	}
}

// However many missions there are, those that are nearly spent are shown.
func TestMissionsShownAreBounded(t *testing.T) {
	f := measured(t)
	coins := mission.Reward{Kind: mission.RewardCoins, Amount: 10}
	for n := range missionviews.MaxShownMissions + 3 {
		f.putMission(limited(fmt.Sprintf("m%04d", n), mission.Active, coins, mission.Limits{Budget: 100, MaxWinners: 100}))
	}
	f.putBudget("m0501", budget.Mission{Accounts: []budget.Account{{Unit: mission.Coins, Spent: 90}}})
	f.putBudget("m0502", budget.Mission{Winners: 99})
	text := strings.Join(f.shows(), "\n")
	for id, want := range map[string]bool{"m0501": true, "m0502": true, "m0000": true, "m0497": true, "m0498": false} {
		if strings.Contains(text, `millrace_mission_winners{mission="`+id+`"}`) != want {
			t.Errorf("%s is shown: %t", id, !want)
		}
	}
}
