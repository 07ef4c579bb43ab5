package reward_test

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
)

// One person alone gives no more than a mission may give without a second one.
func TestGoodwillHasACeiling(t *testing.T) {
	most := reward.Ceiling(func(unit string) int64 { return map[string]int64{"INR": 10_000, "USD": -1, mission.Coins: 50}[unit] })
	for _, c := range []struct {
		kind, currency string
		amount         int64
		refused        string
	}{
		{mission.RewardCash, "INR", 10_000, ""}, {mission.RewardCash, "INR", 10_001, "at most ₹100.00"}, {mission.RewardGiftCard, "INR", 10_001, "at most ₹100.00"},
		{mission.RewardCustom, "INR", 20_000, "at most ₹100.00"}, {mission.RewardCash, "USD", 1 << 50, ""}, {mission.RewardCash, "EUR", 1, "at most €0.00"},
		{mission.RewardCoins, "", 50, ""}, {mission.RewardCoins, "", 51, "at most 50 coins"}, {mission.RewardScratchCard, "", 51, "at most 50 coins"},
	} {
		gift := &reward.Command{ID: "c", Op: reward.Goodwill, UserID: "u", Actor: "ann", Reason: "sorry", Currency: c.currency, Reward: mission.Reward{Kind: c.kind, Amount: c.amount}}
		row, _ := reward.Judge(nil, gift, most, 1)
		v, _ := row.Verdict("c")
		if c.refused == "" {
			if len(v.Problems) > 0 || len(row.Rewards) != 1 {
				t.Errorf("%+v: %+v", c, v)
			}
			continue
		}
		if len(v.Problems) != 1 || v.Problems[0].Code != problem.ApprovalRequired || v.Problems[0].Pointer != "/amount" || !strings.Contains(v.Problems[0].Detail, c.refused) || len(row.Rewards) != 0 {
			t.Errorf("%+v: %+v, %d rewards", c, v, len(row.Rewards))
		}
	}
	if row, _ := reward.Judge(nil, &reward.Command{ID: "c", Op: reward.Goodwill, UserID: "u", Reason: "r", Currency: "INR", Reward: mission.Reward{Kind: mission.RewardCash, Amount: 1 << 50}}, nil, 1); len(row.Rewards) != 1 {
		t.Error("without a ceiling any amount may be given")
	}
}

// What was given stays given, whatever the ceiling has become.
func TestGoodwillThatWasGivenIsRepeated(t *testing.T) {
	gift := func(id string) *reward.Command {
		return &reward.Command{ID: id, Op: reward.Goodwill, UserID: "u", Reason: "r", Reward: mission.Reward{Kind: mission.RewardCoins, Amount: 9}}
	}
	row, _ := reward.Judge(nil, gift("c"), nil, 1)
	again, _ := reward.Judge(row, gift("c"), func(string) int64 { return 0 }, 2)
	if len(again.Rewards) != 1 || again.Coins.Balance != 9 {
		t.Errorf("%d rewards, %d coins", len(again.Rewards), again.Coins.Balance)
	}
}
