package reward_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/reward"
)

// A balance at its bound takes no more: the reward fails with a reason and its amount returns to the budget; nothing
// wraps, and the entries still add up.
func TestBalancesNeverOverflow(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		full := &reward.Row{Coins: reward.Coins{Balance: money.MaxTotal - 2*money.Max}}
		row, failed := full, 0
		for i := range 12 {
			kind := rapid.SampledFrom([]string{mission.RewardCoins, mission.RewardScratchCard}).Draw(t, "kind")
			a := coins(budget.Reserved, fmt.Sprint("m", i), rapid.SampledFrom([]int64{money.Max, 1}).Draw(t, "amount"), mission.DebtNegative)
			a.Reward.Kind = kind
			before := row.Coins.Balance
			next, effects := reward.ApplyAllotment(row, "u", a, noon)
			id := reward.ID("u", a.Mission, 1, 0, 1)
			if kind == mission.RewardScratchCard {
				var more []reward.Effect
				next, more = reward.Judge(next, &reward.Command{ID: fmt.Sprint("c", i), Op: reward.Claim, UserID: "u", RewardID: id}, nil, noon)
				effects = append(effects, more...)
			}
			row = next
			r := row.Find(id)
			switch fits := a.Amount <= money.MaxTotal-before; {
			case fits && (row.Coins.Balance != before+a.Amount || r.State == reward.Failed):
				t.Fatalf("%d to %d: %+v", a.Amount, before, r)
			case !fits && (row.Coins.Balance != before || r.State != reward.Failed || r.Reason != reward.ReasonBalance):
				t.Fatalf("%d to %d: %+v", a.Amount, before, r)
			case !fits:
				failed++
				if !slices.ContainsFunc(effects, func(e reward.Effect) bool {
					s, ok := e.(reward.Settled)
					return ok && s.Return.Movement == budget.Returned && s.Return.Amount == a.Amount
				}) {
					t.Fatalf("the amount does not return: %+v", effects)
				}
				// It cannot be taken back, since it was never had.
				if next, _ := reward.ApplyAllotment(row, "u", coins(budget.Revoked, a.Mission, a.Amount, mission.DebtNegative), noon); next.Coins.Balance != before {
					t.Fatalf("revoked: %+v", next.Coins)
				}
			}
		}
		sum := full.Coins.Balance
		for _, e := range row.Coins.Entries {
			if sum += e.Amount; e.BalanceAfter != sum {
				t.Fatalf("entry %+v, the ones up to it add up to %d", e, sum)
			}
		}
	})
}

// A reward of money is in a currency that payments can have, and coins have none.
func TestGoodwillIsInCoinsOrInACurrency(t *testing.T) {
	const other = "is not a currency of ISO 4217, in upper case"
	for _, c := range []struct{ kind, currency, debt, pointer, detail string }{
		{mission.RewardCash, "INR", "", "", ""}, {mission.RewardGiftCard, "JPY", "", "", ""}, {mission.RewardCustom, "BHD", "", "", ""},
		{mission.RewardCoins, "", "", "", ""}, {mission.RewardCoins, "", mission.DebtFloor, "", ""}, {mission.RewardScratchCard, "", mission.DebtNegative, "", ""},
		{mission.RewardCash, "", "", "/currency", "is required"}, {mission.RewardCash, "XYZ", "", "/currency", other}, {mission.RewardGiftCard, "in r", "", "/currency", other},
		{mission.RewardCustom, "RUPEE", "", "/currency", other}, {mission.RewardCash, "356", "", "/currency", other}, {mission.RewardCash, "inr", "", "/currency", other},
		{mission.RewardCash, "IRN", "", "/currency", other + ": did you mean INR?"},
		{mission.RewardCoins, "INR", "", "/currency", "coins have no currency: leave it out"}, {mission.RewardScratchCard, "XYZ", "", "/currency", "coins have no currency: leave it out"},
		{mission.RewardCash, "INR", mission.DebtFloor, "/debt", "belongs to rewards in coins only: leave it out"},
		{mission.RewardCustom, "INR", mission.DebtNegative, "/debt", "belongs to rewards in coins only: leave it out"},
	} {
		command := &reward.Command{UserID: "u", Reason: "r", Reward: mission.Reward{Kind: c.kind, Amount: 5}, Currency: c.currency, Debt: c.debt}
		got := reward.CheckGoodwill(command)
		if ok := c.pointer == ""; ok != (len(got) == 0) || !ok && (len(got) != 1 || got[0].Pointer != c.pointer || !strings.HasPrefix(got[0].Detail, c.detail)) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestGoodwillExpiresWhereItWaits: what is granted at once does not expire, so an end of it is refused.
func TestGoodwillExpiresWhereItWaits(t *testing.T) {
	for _, kind := range mission.RewardKinds() {
		for _, mode := range []string{"", mission.GrantAuto, mission.GrantClaim} {
			c := &reward.Command{UserID: "u", Reason: "r", Reward: mission.Reward{Kind: kind, Amount: 5, ExpiresAfter: time.Hour}, Grant: mission.Grant{Mode: mode}}
			if !mission.RewardKindOf(kind).InCoins {
				c.Currency = "INR"
			}
			waits := mode == mission.GrantClaim || kind == mission.RewardScratchCard
			if got := reward.CheckGoodwill(c); waits != (len(got) == 0) || !waits && got[0].Pointer != "/expires_after" {
				t.Errorf("%s %q: %v", kind, mode, got)
			}
		}
	}
}

func TestGoodwillBeyondTheBound(t *testing.T) {
	for pointer, c := range map[string]*reward.Command{
		"/expires_after": {Reward: mission.Reward{ExpiresAfter: mission.MaxDuration + 1}}, "/grant/hold": {Grant: mission.Grant{Hold: 1<<63 - 1}},
	} {
		c.UserID, c.Reason, c.Reward.Kind, c.Reward.Amount, c.Grant.Mode = "u", "r", mission.RewardCoins, 5, mission.GrantClaim
		if got := reward.CheckGoodwill(c); len(got) != 1 || got[0].Pointer != pointer {
			t.Errorf("%s: %v", pointer, got)
		}
	}
	for amount, want := range map[int64]string{0: "must be a whole number above 0", money.Max + 1: money.MaxDetail, 1<<63 - 1: money.MaxDetail} {
		c := &reward.Command{UserID: "u", Reason: "r", Reward: mission.Reward{Kind: mission.RewardCoins, Amount: amount}}
		if got := reward.CheckGoodwill(c); len(got) != 1 || got[0].Pointer != "/amount" || got[0].Detail != want {
			t.Errorf("%d: %v", amount, got)
		}
	}
}

func TestReasonsHaveNoControls(t *testing.T) {
	for reason, ok := range map[string]bool{"two\nlines": true, "a\x1bb": false, "a\u202eb": false} {
		got := reward.CheckGoodwill(&reward.Command{UserID: "u", Reason: reason, Reward: mission.Reward{Kind: mission.RewardCoins, Amount: 5}})
		if ok != (len(got) == 0) || !ok && got[0].Pointer != "/reason" {
			t.Errorf("%q: %v", reason, got)
		}
	}
}
