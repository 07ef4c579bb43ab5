package reward_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

// completion is one iteration of one user in one mission.
type completion struct {
	user, mission string
	iteration     int64
}

// definitions returns missions of every kind of reward.
func definitions(t *rapid.T) []*mission.Outcome {
	var all []*mission.Outcome
	for i, kind := range []string{mission.RewardCoins, mission.RewardScratchCard, mission.RewardCash, mission.RewardGiftCard, mission.RewardCustom, mission.RewardGiftCard} {
		o := &mission.Outcome{
			Mission: fmt.Sprint("m", i), Version: 1, Currency: "INR",
			Reward: mission.Reward{Kind: kind, Amount: 30, ExpiresAfter: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "expires")},
			Grant: mission.Grant{
				Mode: rapid.SampledFrom([]string{mission.GrantAuto, mission.GrantClaim}).Draw(t, "mode"),
				Hold: rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "hold"),
			},
			Limits: mission.Limits{
				Budget: rapid.SampledFrom([]int64{0, 100}).Draw(t, "budget"), MaxWinners: rapid.SampledFrom([]int64{0, 3}).Draw(t, "winners"),
				OverBudget: rapid.SampledFrom([]string{mission.OverBudgetReject, mission.OverBudgetTruncate}).Draw(t, "over"),
			},
			Debt: rapid.SampledFrom([]string{mission.DebtNegative, mission.DebtFloor}).Draw(t, "debt"),
		}
		if i == 5 {
			o.Reward.Pool = "p"
		}
		all = append(all, o)
	}
	return all
}

// Whatever happens in whatever order, every amount is in one place, nobody is paid twice, and a reward stands where the
// last word on its completion has put it.
func TestMoneyAddsUp(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		w := newWorld(t)
		missions := definitions(t)
		reached := map[completion]bool{}
		stocked := 0
		for range 100 {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2:
				o := *rapid.SampledFrom(missions).Draw(t, "mission")
				o.UserID, o.Iteration = fmt.Sprint("u", rapid.IntRange(0, 2).Draw(t, "user")), rapid.Int64Range(1, 2).Draw(t, "iteration")
				c := completion{o.UserID, o.Mission, o.Iteration}
				reached[c] = !reached[c]
				if o.Kind = mission.Revoked; reached[c] {
					o.Kind = mission.Completed
				}
				w.outcome(&o)
			case 3:
				var codes []string
				for range rapid.IntRange(1, 3).Draw(t, "codes") {
					stocked++
					codes = append(codes, fmt.Sprint("code", stocked))
				}
				w.stock(codes)
			case 4:
				w.pass(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour}).Draw(t, "time"))
			case 5:
				w.someCommand()
			default:
				w.step()
			}
		}
		for w.step() {
		}
		w.checkMoney(missions)
		w.checkCoins()
		w.checkProvider()
		w.checkCodes()
		for c, is := range reached {
			r := w.users[c.user].Find(reward.ID(c.user, c.mission, 1, 0, c.iteration))
			if r == nil || r.Revoked == is || r.Ahead != 0 {
				t.Fatalf("%+v: reached %v, the reward says %+v", c, is, r)
			}
		}
	})
}

func (w *world) someCommand() {
	t := w.t
	c := &reward.Command{UserID: fmt.Sprint("u", rapid.IntRange(0, 2).Draw(t, "user")), Actor: "a", Reason: "because", At: w.now}
	c.Op = rapid.SampledFrom([]reward.Op{reward.Claim, reward.Claim, reward.Claim, reward.Cancel, reward.Goodwill, reward.Spend, reward.Spend,
		reward.ReverseSpend}).Draw(t, "op")
	switch row := w.users[c.UserID]; {
	case c.Op == reward.Spend || c.Op == reward.ReverseSpend:
		c.SpendID, c.Amount = fmt.Sprint("s", rapid.IntRange(0, 5).Draw(t, "spend")), rapid.Int64Range(1, 40).Draw(t, "coins")
	case c.Op == reward.Goodwill:
		kind := rapid.SampledFrom([]string{mission.RewardCoins, mission.RewardScratchCard, mission.RewardCash}).Draw(t, "kind")
		c.Reward = mission.Reward{Kind: kind, Amount: 7}
		if kind == mission.RewardCash {
			c.Currency = "INR"
		}
	case row != nil && len(row.Rewards) > 0:
		c.RewardID = rapid.SampledFrom(row.Rewards).Draw(t, "reward").ID
	}
	w.command(c)
}

// amounts returns what the budget must have for a reward.
func amounts(r *reward.Reward) (reserved, spent, winners int64) {
	switch r.State {
	case reward.Reserved, reward.Pending, reward.Claimable, reward.Granting:
		reserved, winners = r.Amount, 1
	case reward.Granted, reward.Redeemed:
		if winners = 1; r.Paid == 0 {
			reserved = r.Amount
		} else {
			spent = r.Amount
		}
	case reward.Expired, reward.Cancelled, reward.ClawedBack, reward.Exhausted, reward.Failed:
	}
	if r.Held != nil {
		if winners++; r.Held.Hold == reward.Awaited {
			reserved += r.Held.Amount
		} else {
			spent += r.Held.Amount
		}
	}
	return reserved, spent, winners
}

func (w *world) checkMoney(missions []*mission.Outcome) {
	for _, m := range missions {
		want := budget.Account{Unit: mission.UnitOf(m.Reward.Kind, m.Currency)}
		winners := int64(0)
		for _, row := range w.users {
			for _, r := range row.Rewards {
				if r.Mission == m.Mission {
					reserved, spent, n := amounts(r)
					want.Reserved, want.Spent, winners = want.Reserved+reserved, want.Spent+spent, winners+n
				}
			}
		}
		row := w.budgets[m.Mission]
		if row == nil {
			continue
		}
		got := row.Mission.Account(want.Unit)
		want.Returned = got.Returned
		left, limited := row.Mission.Left(want.Unit)
		switch {
		case got != want || row.Mission.Winners != winners:
			w.t.Fatalf("%s: the budget has %+v and %d winners; the users have %+v and %d", m.Mission, got, row.Mission.Winners, want, winners)
		case limited && (left < 0 || got.Spent+got.Reserved+left != m.Limits.Budget):
			w.t.Fatalf("%s: %+v and %d left of %d", m.Mission, got, left, m.Limits.Budget)
		case m.Limits.MaxWinners > 0 && winners > m.Limits.MaxWinners:
			w.t.Fatalf("%s: %d winners", m.Mission, winners)
		}
	}
}

func (w *world) checkCoins() {
	for user, row := range w.users {
		var entries []reward.Entry
		for n := range row.Coins.Pages() {
			entries = append(entries, w.pages[reward.PageKey(user, n)].Page...)
		}
		entries = append(entries, row.Coins.Entries...)
		sum := int64(0)
		for i, e := range entries {
			if sum += e.Amount; e.Number != int64(i)+1 || e.BalanceAfter != sum {
				w.t.Fatalf("%s: entry %d: %+v after %d", user, i, e, sum)
			}
		}
		given := int64(0)
		for _, r := range row.Rewards {
			if _, spent, _ := amounts(r); mission.UnitOf(r.Kind, r.Currency) == mission.Coins {
				given += spent
			}
		}
		for _, s := range row.Coins.Spends {
			if s.Reversal == 0 {
				given -= s.Amount
			}
		}
		if sum != row.Coins.Balance || row.Coins.Balance-row.Coins.Debt != given || row.Coins.Debt < 0 {
			w.t.Fatalf("%s: entries add up to %d, the rewards to %d, the balance is %+v", user, sum, given, row.Coins)
		}
	}
}

// checkProvider wants at most one payment for each reward that was not taken back, and that the reward knows of it.
func (w *world) checkProvider() {
	net := map[string]int64{}
	for id, amount := range w.paid {
		if w.taken[id] == 0 {
			net[strings.Split(id, ".")[0]] += amount
		}
	}
	for user, row := range w.users {
		for _, r := range row.Rewards {
			want := int64(0)
			switch {
			case mission.UnitOf(r.Kind, r.Currency) == mission.Coins || r.Pool != "":
				continue
			case r.State == reward.Granted:
				want = r.Amount
			case r.Held != nil:
				want = r.Held.Amount
			}
			if net[r.ID] != want {
				w.t.Fatalf("%s of %s: the provider paid %d, the reward says %d: %+v %+v", r.ID, user, net[r.ID], want, r, r.Held)
			}
		}
	}
}

// checkCodes wants each code in one place.
func (w *world) checkCodes() {
	place := map[string]string{}
	put := func(code, where string) {
		if before, twice := place[code]; twice || !w.codes[code] {
			w.t.Fatalf("code %q is with %s and with %s", code, before, where)
		}
		place[code] = where
	}
	for _, row := range w.users {
		for _, r := range row.Rewards {
			if r.Pool == "" {
				continue
			}
			if r.Code != "" {
				put(r.Code, r.ID)
			}
			if r.Held != nil {
				put(r.Held.Code, r.ID)
			}
		}
	}
	for key, row := range w.budgets {
		if row.Shelf != nil {
			for _, code := range row.Shelf.Codes {
				put(code, key)
				if _, seen := w.seen[code]; seen {
					w.t.Fatalf("code %q was seen and lies on %s", code, key)
				}
			}
		}
	}
	if len(place) != len(w.codes) {
		w.t.Fatalf("%d codes of %d are anywhere", len(place), len(w.codes))
	}
}
