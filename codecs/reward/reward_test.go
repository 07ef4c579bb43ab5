package reward_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/codecs/codectest"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
)

const rewardAt = 1_772_359_200_000

func aRewardCommand() *reward.Command {
	return &reward.Command{
		ID: "c1", Op: reward.Goodwill, UserID: "u1", Actor: "ann", Proof: audit.Proof{By: audit.ByToken, Issuer: "iss", Role: "editor"}, At: rewardAt, RewardID: "rw_1", Reason: "sorry",
		Reward: mission.Reward{Kind: mission.RewardCash, Amount: 500, Pool: "p", ExpiresAfter: time.Hour},
		Grant:  mission.Grant{Mode: mission.GrantClaim, Hold: time.Minute}, Debt: mission.DebtFloor, Currency: "INR", SpendID: "order-1", Amount: 7,
	}
}

func aRewardResult() *reward.Result {
	return &reward.Result{TaskID: "rw_1.1", UserID: "u1", RewardID: "rw_1", Epoch: 1, OK: true, Reason: "r", Code: "C", At: rewardAt}
}

func anAllotment() *budget.Allotment {
	c := aRewardCommand()
	return &budget.Allotment{
		Verdict: budget.Exhausted, Reason: budget.ReasonPool, UserID: "u1", Mission: "m1", Version: 2, Iteration: 3, WindowStart: rewardAt - 5,
		Currency: "INR", Reward: c.Reward, Grant: c.Grant, Debt: c.Debt, Amount: 50, Code: "ABC", At: rewardAt,
	}
}

func aBudgetReturn() *budget.Return {
	return &budget.Return{Movement: budget.Spent, Mission: "m1", Unit: "INR", Amount: 5, Pool: "p", Code: "ABC", RewardID: "rw_1", Epoch: 2, At: rewardAt}
}

func budgetRows() map[string]*budget.Row {
	return map[string]*budget.Row{
		"mission": {Mission: &budget.Mission{
			Version: 2, Limits: mission.Limits{CompletionsPerUser: 1, MaxWinners: 2, Budget: 3, OverBudget: mission.OverBudgetReject},
			Accounts: []budget.Account{{Unit: "INR", Reserved: 1, Spent: 2, Returned: 3}, {Unit: mission.Coins}}, Winners: 4, Exhausted: 5,
		}},
		"pool":  {Pool: &budget.Pool{Stocked: 5, Drawn: 4, Returned: 3, Duplicates: 2, Missed: 1}},
		"shelf": {Shelf: &budget.Shelf{Codes: []string{"A", "B"}}},
		"known": {Known: &budget.Known{Hashes: []uint64{0, 1 << 63}}},
	}
}

func rewardsRow() *reward.Row {
	return &reward.Row{
		Rewards: []*reward.Reward{
			{
				ID: "rw_1", Number: 1, Mission: "m1", Version: 2, Iteration: 3, WindowStart: 4, Epoch: 5, Kind: mission.RewardGiftCard, Pool: "p", Amount: 6,
				Currency: "INR", Mode: mission.GrantClaim, Hold: time.Minute, Expires: time.Hour, Debt: mission.DebtFloor, Code: "ABC", State: reward.Granted,
				Reason: "r", Note: "n", By: "ann", At: 7, Since: 8, AvailableAt: 9, ExpiresAt: 10, Revoked: true, Barred: true, Ahead: 11, Paid: 12,
				Held: &reward.Holding{Hold: reward.Kept, Epoch: 13, Amount: 14, Code: "DEF", Ended: 15},
			},
			{ID: "rw_2", State: reward.Cancelled},
		},
		Coins: reward.Coins{Balance: -5, Debt: 6, Count: 70, Entries: []reward.Entry{
			{Number: 70, RewardID: "rw_1", Kind: reward.EntryClawback, Amount: -5, BalanceAfter: -5, At: rewardAt, SpendID: "order-1", Reason: "a coffee"},
		}, Spends: []reward.Spending{{ID: "order-1", Entry: 70, Amount: 5, Reversal: 71}}},
		Verdicts: verdict.List{{CommandID: "c1", Result: verdict.Refused, At: rewardAt, Problems: problem.One("/reason", problem.InvalidField, "is required")}},
		Now:      rewardAt,
		Audited:  2,
	}
}

func TestBudgetGolden(t *testing.T) {
	codectest.Golden(t, "allotment", codectest.RoundTrip(t, rewardcodec.Allotment{}, anAllotment()))
	codectest.Golden(t, "budget_return", codectest.RoundTrip(t, rewardcodec.BudgetReturn{}, aBudgetReturn()))
	codectest.Golden(t, "pool_codes", codectest.RoundTrip(t, rewardcodec.PoolCodes{}, &budget.Codes{Pool: "p", Codes: []string{"A", "B"}, At: rewardAt}))
	codectest.Golden(t, "budget_move", codectest.RoundTrip(t, rewardcodec.BudgetMove{}, &budget.Move{Step: budget.StepTake, Allotment: anAllotment(), Codes: []string{"A"}, Duplicates: 2}))
	for name, row := range budgetRows() {
		codectest.Golden(t, "budget_row_"+name, codectest.RoundTrip(t, rewardcodec.BudgetRow{}, row))
	}
	codectest.Golden(t, "rewards_row", codectest.RoundTrip(t, rewardcodec.Row{}, rewardsRow()))
	codectest.Golden(t, "rewards_row_page", codectest.RoundTrip(t, rewardcodec.Row{}, &reward.Row{Page: rewardsRow().Coins.Entries}))
}

func FuzzBudgetRecords(f *testing.F) {
	f.Add(codectest.Encoded(f, rewardcodec.Allotment{}, anAllotment()))
	f.Add(codectest.Encoded(f, rewardcodec.BudgetReturn{}, aBudgetReturn()))
	f.Add(codectest.Encoded(f, rewardcodec.BudgetMove{}, &budget.Move{Step: budget.StepTake, Allotment: anAllotment(), Codes: []string{"A"}}))
	f.Add(codectest.Encoded(f, rewardcodec.Row{}, rewardsRow()))
	for _, row := range budgetRows() {
		f.Add(codectest.Encoded(f, rewardcodec.BudgetRow{}, row))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		codectest.Stable(t, rewardcodec.Allotment{}, b)
		codectest.Stable(t, rewardcodec.BudgetReturn{}, b)
		codectest.Stable(t, rewardcodec.PoolCodes{}, b)
		codectest.Stable(t, rewardcodec.BudgetMove{}, b)
		codectest.Stable(t, rewardcodec.BudgetRow{}, b)
		codectest.Stable(t, rewardcodec.Row{}, b)
	})
}

func TestNoticeJSON(t *testing.T) {
	r := rewardsRow().Rewards[0]
	n := reward.NoticeOf("u1", reward.Changed{Reward: r, From: reward.Granting})
	b := codectest.RoundTrip(t, rewardcodec.Notice{}, n)
	want := `{"type":"reward","user_id":"u1","reward_id":"rw_1","mission_id":"m1","iteration":3,"epoch":5,"kind":"gift_card","amount":6,"currency":"INR",` +
		`"state":"granted","previous":"granting","reason":"r","at":"1970-01-01T00:00:00.008Z"}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
	codectest.RoundTrip(t, rewardcodec.Notice{}, &reward.Notice{UserID: "u"})
}

func TestPayoutPayload(t *testing.T) {
	r := rewardsRow().Rewards[0]
	got := rewardcodec.Payout("u1", reward.TaskRequested{TaskID: "rw_1.5", Kind: task.RewardPayout, Reward: r, Epoch: 5, Amount: 6})
	want := &task.Submission{Task: task.Task{ID: "rw_1.5", Kind: task.RewardPayout, Key: "u1", At: 8, Payload: []byte(
		`{"reward_id":"rw_1","epoch":5,"user_id":"u1","mission_id":"m1","kind":"gift_card","amount":6,"currency":"INR"}`)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	p, err := rewardcodec.ParsePayout(got.Task.Payload)
	if err != nil || p.RewardID != "rw_1" || p.Epoch != 5 || p.UserID != "u1" || *p.Currency != "INR" || p.Amount != 6 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestProviderAnswerJSON(t *testing.T) {
	a := rewardcodec.ProviderAnswer{UserID: "u1", RewardID: "rw_1", Epoch: 5, OK: true, Code: "C", At: rewardAt}
	want := `{"user_id":"u1","reward_id":"rw_1","epoch":5,"ok":true,"code":"C","at":"2026-03-01T10:00:00.000Z"}`
	if diff := cmp.Diff(want, string(a.JSON())); diff != "" {
		t.Error(diff)
	}
	back, err := rewardcodec.ParseProviderAnswer(append(a.JSON()[:len(want)-1], `,"later":1}`...))
	if err != nil || back != a {
		t.Errorf("%+v, %v", back, err)
	}
	if diff := cmp.Diff(aRewardResult(), rewardcodec.ProviderAnswer{
		UserID: "u1", RewardID: "rw_1", Epoch: 1, OK: true, Reason: "r", Code: "C", At: rewardAt,
	}.Result("rw_1.1")); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		``: "JSON", `[]`: "JSON", `{"user_id":"u1","reward_id":"rw_1"}`: "epoch", `{"reward_id":"rw_1","epoch":1}`: "user_id",
		`{"user_id":"u1","epoch":1}`: "reward_id",
	} {
		if _, err := rewardcodec.ParseProviderAnswer([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestRewardRecordsGolden(t *testing.T) {
	codectest.Golden(t, "reward_command", codectest.RoundTrip(t, rewardcodec.Command{}, aRewardCommand()))
	codectest.Golden(t, "reward_result", codectest.RoundTrip(t, rewardcodec.Result{}, aRewardResult()))
	codectest.RoundTrip(t, rewardcodec.Command{}, &reward.Command{ID: "c", Op: reward.Claim})
}

func FuzzRewardRecords(f *testing.F) {
	for _, b := range [][]byte{codectest.Encoded(f, rewardcodec.Command{}, aRewardCommand()), codectest.Encoded(f, rewardcodec.Result{}, aRewardResult())} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		codectest.Stable(t, rewardcodec.Command{}, b)
		codectest.Stable(t, rewardcodec.Result{}, b)
	})
}
