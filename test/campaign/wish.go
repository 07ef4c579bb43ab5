package campaign

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

// wish is what somebody asks for when a reward has changed.
type wish struct {
	command *reward.Command
	times   int  // how often it is sent
	byHTTP  bool // where somebody sends claims by HTTP
}

// wishes returns what the user of a reward, others and support ask for at a change of it; the same for the same notice,
// whenever it is read.
//
// Of rewards that wait for their user half are claimed, most of them once, some twice by one command, some by two. The
// others are left to expire. Some are claimed by others, or too early, too late, or again. Support cancels some in any
// state, and gives some users something. Of coins that are granted some are spent, and some of that comes back.
func wishes(n *reward.Notice) []wish {
	key := fmt.Sprintf("%s-%d-%s", n.RewardID, n.Epoch, n.State)
	ask := func(op reward.Op, by string) *reward.Command {
		return &reward.Command{ID: fmt.Sprintf("%s-%s-%s", op, by, key), Op: op, UserID: n.UserID, Actor: n.UserID,
			RewardID: n.RewardID, At: n.At}
	}
	claim := ask(reward.Claim, "first")
	out := append(support(n, ask, lot(key, "support")%200), shop(n, ask, lot(key, "shop")%30)...)
	draw := lot(key, "claim") % 60
	switch {
	case n.State == reward.Claimable || n.State == reward.Granted && n.Kind == mission.RewardScratchCard:
		switch {
		case draw < 8:
			out = append(out, wish{claim, 1, true})
		case draw < 24:
			out = append(out, wish{claim, 1, false})
		case draw < 27:
			out = append(out, wish{claim, 2, false})
		case draw < 30:
			out = append(out, wish{claim, 1, false}, wish{ask(reward.Claim, "second"), 1, false})
		case draw < 33: // not theirs
			claim.UserID = "stranger-" + n.UserID
			out = append(out, wish{claim, 1, false})
		}
	case n.State == reward.Expired && draw < 20, draw == 0: // what is over, not there yet, or has come already
		out = append(out, wish{claim, 1, draw%4 == 1})
	case draw == 1:
		claim.RewardID = "rw_unknown"
		out = append(out, wish{claim, 1, false})
	}
	return out
}

// shop returns what a service does with coins that a user has now, one time in 4.
func shop(n *reward.Notice, ask func(op reward.Op, by string) *reward.Command, draw uint32) []wish {
	if n.State != reward.Granted || n.Kind != mission.RewardCoins {
		return nil
	}
	spend, back := ask(reward.Spend, "shop"), ask(reward.ReverseSpend, "shop")
	for _, c := range []*reward.Command{spend, back} {
		c.Actor, c.Reason, c.RewardID, c.SpendID = "shop", "for the test", "", fmt.Sprintf("%s-%d", n.RewardID, n.Epoch)
	}
	spend.Amount = n.Amount
	again := func(c *reward.Command) wish {
		same := *c
		same.ID += "-again"
		return wish{&same, 1, false}
	}
	switch draw {
	case 0, 1:
		return []wish{{spend, 1 + int(draw), false}}
	case 2: // by another command
		return []wish{{spend, 1, false}, again(spend)}
	case 3:
		return []wish{{spend, 1, false}, {back, 2, false}}
	case 4:
		return []wish{{spend, 1, false}, {back, 1, false}, again(back), again(spend)}
	case 5: // more than there is
		spend.Amount = 1 << 40
		return []wish{{spend, 1, false}}
	case 6: // of nothing
		return []wish{{back, 1, false}}
	}
	return nil
}

// support returns what support does at a change, one time in 25.
func support(n *reward.Notice, ask func(op reward.Op, by string) *reward.Command, draw uint32) []wish {
	cancel, gift := ask(reward.Cancel, "support"), ask(reward.Goodwill, "support")
	cancel.Reason, gift.Reason = "for the test", "for the test"
	gift.Reward, gift.Grant, gift.RewardID = mission.Reward{Kind: mission.RewardCoins, Amount: 7},
		mission.Grant{Mode: mission.GrantAuto}, reward.GoodwillID(n.UserID, gift.ID)
	once := func(c *reward.Command) []wish { return []wish{{c, 1, false}} }
	switch draw {
	case 0:
		return once(cancel)
	case 1: // again, by another command
		again := *cancel
		again.ID += "-again"
		return append(once(cancel), wish{&again, 1, false})
	case 2:
		cancel.Reason = " "
		return once(cancel)
	}
	if n.Mission == "" { // gifts make no gifts
		return nil
	}
	switch draw {
	case 3:
	case 4:
		gift.Reward.ExpiresAfter, gift.Grant.Mode = time.Second, mission.GrantClaim
	case 5:
		gift.Reward.Kind, gift.Currency, gift.Grant.Hold = mission.RewardCash, "INR", 700*time.Millisecond
	case 6:
		gift.Reward.Kind, gift.Reward.ExpiresAfter = mission.RewardScratchCard, time.Second
	case 7:
		gift.Reason = ""
	default:
		return nil
	}
	return []wish{{gift, 1 + int(draw%2), false}}
}
