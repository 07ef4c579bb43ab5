package reward_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

// Whatever a user's rewards are in the middle of when the user is forgotten, every amount that was ever reserved for
// them has come to its end once: spent, or returned.
func TestErasureLeavesNothingReserved(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var row *reward.Row
		now, reserved, ended := noon, int64(0), int64(0)
		var asked []reward.TaskRequested
		follow := func(effects []reward.Effect) {
			for _, e := range effects {
				switch e := e.(type) {
				case reward.Settled:
					if e.Return.Movement != budget.Recovered {
						ended += e.Return.Amount
					}
				case reward.TaskRequested:
					asked = append(asked, e)
				case reward.Rejected:
					rt.Fatal(e.Detail)
				}
			}
		}
		kinds := []string{mission.RewardCoins, mission.RewardCash, mission.RewardScratchCard, mission.RewardCustom}
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "ms")) * time.Millisecond)
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			a := coins(budget.Revoked, kind, 10, mission.DebtNegative)
			a.Reward.Kind, a.Currency, a.Reward.ExpiresAfter = kind, "INR", 5*time.Millisecond
			if rapid.Bool().Draw(rt, "claim") {
				a.Grant = mission.Grant{Mode: mission.GrantClaim, Hold: 2 * time.Millisecond}
			}
			r := row.Find(reward.ID("u", kind, 1, 0, 1))
			var effects []reward.Effect
			switch choice := rapid.IntRange(0, 3).Draw(rt, "what"); {
			case choice == 0 && r != nil && !r.Revoked:
				row, effects = reward.ApplyAllotment(row, "u", a, now)
			case choice < 2 && (r == nil || r.Revoked):
				a.Verdict = budget.Reserved
				reserved += a.Amount
				row, effects = reward.ApplyAllotment(row, "u", a, now)
			case choice == 2 && r != nil:
				op := rapid.SampledFrom([]reward.Op{reward.Claim, reward.Cancel}).Draw(rt, "op")
				row, effects = reward.Judge(row, &reward.Command{ID: now.String(), Op: op, UserID: "u", RewardID: r.ID, Reason: "why"}, nil, now)
			case choice == 3 && len(asked) > 0:
				x := asked[0]
				asked = asked[1:]
				row, effects = reward.Answer(row, "u", &reward.Result{TaskID: x.TaskID, UserID: "u", RewardID: x.Reward.ID, Epoch: x.Epoch, OK: rapid.Bool().Draw(rt, "ok")}, now)
			}
			follow(effects)
		}
		_, effects := reward.Erase(row, "u", now)
		follow(effects)
		if ended != reserved {
			rt.Fatalf("%d was reserved, and %d of it is spent or returned", reserved, ended)
		}
	})
}
