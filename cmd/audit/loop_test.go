package audit_test

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/audit"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/engine/position"
)

// loop returns the topic by which a group reaches its own other keys.
func (s *still) loop(group string) string {
	s.t.Helper()
	for _, g := range s.topology.Groups() {
		if g.Name == group && g.Loop != "" {
			return g.Loop
		}
	}
	s.t.Fatal(group + " has no loop")
	return ""
}

// finding returns what verify finds wrong in a check.
func (s *still) finding(check string) string {
	s.t.Helper()
	report, err := audit.Verify(s.t.Context(), s.config())
	s.check(err)
	for _, c := range report.Checks {
		if c.Name == check {
			return strings.Join(c.Evidence, "\n")
		}
	}
	s.t.Fatal("no check " + check)
	return ""
}

// A page of coin entries is no difference while it is on its way to its row, however long the group takes.
func TestPagesUnderWay(t *testing.T) {
	s := newStill(t)
	rewards := string(s.topology.Rewards.Table())
	handled := func(n int64) {
		s.put(rewards, position.Key, position.Position{s.loop(s.topology.Rewards.Name): n}.Append(nil))
	}
	var entries []reward.Entry
	for n := range int64(reward.PageSize + 3) {
		entries = append(entries, reward.Entry{Number: n + 1, Amount: 10, BalanceAfter: 10 * (n + 1)})
	}
	page := encoded(s, &reward.Row{Page: entries[:reward.PageSize]}, rewardcodec.Row{}.Encode)
	row := &reward.Row{Coins: reward.Coins{Balance: 10 * int64(len(entries)), Count: int64(len(entries)), Entries: entries[reward.PageSize:]}}
	s.put(rewards, "u1", encoded(s, row, rewardcodec.Row{}.Encode))
	handled(0)
	s.put(s.loop(s.topology.Rewards.Name), reward.PageKey("u1", 0), page)
	if found := s.finding(audit.Coins); found != "" {
		t.Errorf("a page is under way: %s", found)
	}
	handled(1)
	if found := s.finding(audit.Coins); !strings.Contains(found, "page 0 of coin entries has 0 of") {
		t.Errorf("a page was handled and is not there: %q", found)
	}
	s.put(rewards, reward.PageKey("u1", 0), page)
	if found := s.finding(audit.Coins); found != "" {
		t.Errorf("all is there: %s", found)
	}
}

// A reservation whose gift code is still being fetched from its pool is no difference either.
func TestReservationsUnderWay(t *testing.T) {
	s := newStill(t)
	a := &budget.Allotment{
		Verdict: budget.Reserved, UserID: "u1", Mission: "m1", Version: 1, Currency: "INR", Amount: 500,
		Reward: mission.Reward{Kind: mission.RewardGiftCard, Amount: 500, Pool: "p1"}, At: 1_772_359_200_000,
	}
	table, loop := string(s.topology.Budget.Table()), s.loop(s.topology.Budget.Name)
	row := &budget.Row{Mission: &budget.Mission{Version: 1, Accounts: []budget.Account{{Unit: "INR", Reserved: 500}}, Winners: 1}}
	s.put(table, "m1", encoded(s, row, rewardcodec.BudgetRow{}.Encode))
	s.put(loop, budget.PoolKey("p1"), encoded(s, &budget.Move{Step: budget.StepDraw, Allotment: a}, rewardcodec.BudgetMove{}.Encode))
	s.put(table, position.Key, position.Position{loop: 0}.Append(nil))
	if found := s.finding(audit.Budgets); found != "" {
		t.Errorf("a code is being fetched: %s", found)
	}
	s.put(table, position.Key, position.Position{loop: 1}.Append(nil))
	if found := s.finding(audit.Budgets); !strings.Contains(found, "500 reserved") {
		t.Errorf("it was fetched, and nobody got it: %q", found)
	}
	s.put(s.topology.RewardsIn.Name, "u1", encoded(s, a, rewardcodec.Allotment{}.Encode))
	if found := s.finding(audit.Budgets); found != "" {
		t.Errorf("it was allotted: %s", found)
	}
}
