package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/cluster"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/stream"
)

// outcome sends completions, or their revocations, of a user in a mission whose name is so long that some hundred
// rewards fill a row.
func (d *deployment) outcome(kind mission.OutcomeKind, from, to int64) {
	d.t.Helper()
	for i := from; i <= to; i++ {
		o := &mission.Outcome{
			Kind: kind, UserID: "u", Mission: longName(), Version: 1, LimitsOf: 1, Iteration: i, Currency: "INR", Debt: mission.DebtNegative, At: 1_772_359_200_000,
			Reward: mission.Reward{Kind: mission.RewardCoins, Amount: 10}, Grant: mission.Grant{Mode: mission.GrantAuto}, Limits: mission.Limits{Budget: 1 << 40},
		}
		value, err := missioncodec.Outcome{}.Encode(o)
		d.Check(err)
		d.Put(d.Topology.Outcomes.Name, o.Mission, value)
	}
	d.Rest()
}

func longName() string { return strings.Repeat("m", 10_000) }

// purse returns the user's row.
func (d *deployment) purse() *reward.Row {
	d.t.Helper()
	row, err := rewardcodec.Row{}.Decode(d.last(string(d.Topology.Rewards.Table()), func(r *kgo.Record) bool { return string(r.Key) == "u" }).Value)
	d.Check(err)
	return row
}

// account returns what the mission's budget has reserved and spent.
func (d *deployment) account() budget.Account {
	d.t.Helper()
	row, err := rewardcodec.BudgetRow{}.Decode(d.last(string(d.Topology.Budget.Table()), func(r *kgo.Record) bool { return string(r.Key) == longName() }).Value)
	d.Check(err)
	return row.Mission.Account(mission.Coins)
}

// letters gives take every dead letter.
func (d *deployment) letters(take func(*kgo.Record)) {
	d.t.Helper()
	r, err := cluster.OpenReader(d.t.Context(), d.Settings.Client(), []string{d.Topology.DeadLetterRecords.Name}, cluster.From{})
	d.Check(err)
	defer r.Close()
	d.Check(r.Round(d.t.Context(), func(rec *kgo.Record) error {
		take(rec)
		return nil
	}))
}

// When a user's rewards no longer fit into a row, the next is a dead letter with its bytes, and its amount stays
// reserved: budget, coins and verify agree. What is in the row goes on as before.
func TestMoreRewardsThanARowHolds(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	const all = 130
	d.outcome(mission.Completed, 1, all)
	row, account := d.purse(), d.account()
	had := int64(len(row.Rewards))
	if had < 50 || had >= all || row.Coins.Balance != 10*had {
		t.Fatalf("%d rewards, %d coins", had, row.Coins.Balance)
	}
	if account.Spent != 10*had || account.Reserved != 10*(all-had) || account.Returned != 0 {
		t.Errorf("%d rewards, and the budget has %+v", had, account)
	}
	dead := map[string]int{}
	d.letters(func(r *kgo.Record) {
		a, err := rewardcodec.Allotment{}.Decode(r.Value)
		d.Check(err)
		for _, h := range r.Headers {
			if h.Key == stream.HeaderReason {
				dead[fmt.Sprintf("%s %s", h.Value, a.Verdict)]++
			}
		}
	})
	if len(dead) != 1 || dead["row_too_large reserved"] != int(all-had) {
		t.Errorf("dead letters: %v", dead)
	}
	sound := func(when string) {
		t.Helper()
		for name, c := range d.verify() {
			if !c.OK && name != audit.Outcomes { // no payment has brought these outcomes
				t.Errorf("%s: %s: %q", when, name, c.Evidence)
			}
		}
	}
	sound("at the bound")
	d.outcome(mission.Revoked, 1, 3)
	row, account = d.purse(), d.account()
	if row.Coins.Balance != 10*(had-3) || account.Spent != 10*(had-3) || account.Returned != 30 || account.Reserved != 10*(all-had) {
		t.Errorf("after claw-backs: %d coins, %+v", row.Coins.Balance, account)
	}
	sound("after claw-backs")
}
