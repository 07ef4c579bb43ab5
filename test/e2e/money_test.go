package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	domain "github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/campaign"
)

// rewardMissions are one of each kind, some of them with less than everybody could win.
func rewardMissions() []*mission.Outcome {
	var all []*mission.Outcome
	for i, kind := range []string{mission.RewardCoins, mission.RewardCash, mission.RewardGiftCard, mission.RewardCustom, mission.RewardGiftCard} {
		o := &mission.Outcome{
			Mission: fmt.Sprintf("%s-%d", kind, i), Version: 1, Iteration: 1, Currency: "INR", Reward: mission.Reward{Kind: kind, Amount: 30},
			Grant: mission.Grant{Mode: mission.GrantAuto}, Debt: mission.DebtFloor, Limits: mission.Limits{OverBudget: mission.OverBudgetTruncate},
			At: 1_772_359_200_000,
		}
		switch i {
		case 0:
			o.Limits.Budget = 500
		case 1:
			o.Limits.MaxWinners = 15
		case 4:
			o.Reward.Pool = "p"
		}
		all = append(all, o)
	}
	return all
}

// asDefined is the mission of an outcome, as the oracle is to see it.
func asDefined(o *mission.Outcome) oracle.Mission {
	var m oracle.Mission
	m.ID, m.Currency, m.Debt = o.Mission, o.Currency, o.Debt
	m.Reward = oracle.Prize{Kind: o.Reward.Kind, Amount: o.Reward.Amount, Pool: o.Reward.Pool}
	m.Limits.MaxWinners, m.Limits.Budget, m.Limits.OverBudget = o.Limits.MaxWinners, o.Limits.Budget, o.Limits.OverBudget
	return m
}

// stock sends codes for the pool: n of them, numbered from one on.
func (c *contest) stock(ctx context.Context, from, n int) {
	c.t.Helper()
	codes := &domain.Codes{Pool: "p"}
	for i := range n {
		codes.Codes = append(codes.Codes, fmt.Sprint("code-", from+i))
	}
	value, err := c.topo.PoolCodes.Codec.Encode(codes)
	if err != nil {
		c.t.Fatal(err)
	}
	key := domain.PoolKey("p")
	err = c.out.ProduceSync(ctx, &kgo.Record{Topic: c.topo.PoolCodes.Name, Key: []byte(key), Value: value, Partition: partitionOf(key, c.topo)}).FirstErr()
	if err != nil {
		c.t.Fatal(err)
	}
}

// Completions come and go, a provider pays, fails and takes back, and both groups are killed at every step: every
// amount is in one place, a code with one user, and nobody is paid twice for one reward.
func TestMoneyOfRewardsAddsUp(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	c := newContest(ctx, t, 4)
	provider, settings := employ(t, c.seeds, c.topo)
	c.queue(ctx, settings)
	random := rand.New(rand.NewPCG(5, 7)) // #nosec G404 -- a test that repeats itself
	missions, reached := rewardMissions(), map[string]bool{}
	const users, toggles, pool = 40, 300, 25
	c.stock(ctx, 0, pool)
	for _, point := range killings() {
		for _, l := range c.lives {
			l.wire.CutAt(point)
		}
		var batch []*mission.Outcome
		for range toggles {
			o := *missions[random.IntN(len(missions))]
			o.UserID = fmt.Sprint("user-", random.IntN(users))
			id := o.Mission + "/" + o.UserID
			reached[id] = !reached[id]
			if o.Kind = mission.Revoked; reached[id] {
				o.Kind = mission.Completed
			}
			batch = append(batch, &o)
		}
		c.send(ctx, batch...)
		c.kill(ctx, "budget")
		c.kill(ctx, "rewards")
	}
	var defined []oracle.Mission
	for _, o := range missions {
		defined = append(defined, asDefined(o))
	}
	c.agree(ctx, defined, provider)
	c.checkLetters()
}

// queue runs the group of tasks until the test is over.
func (c *contest) queue(ctx context.Context, s config.Config) {
	c.t.Helper()
	p, err := pipeline.Start(ctx, pipeline.Config{Settings: s, Topology: c.topo, Groups: []string{"tasks"}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			c.t.Error("tasks:", err)
		}
	})
}

// agree waits until neither the groups nor the provider have anything to do, and asks the oracle.
func (c *contest) agree(ctx context.Context, missions []oracle.Mission, provider *campaign.Provider) {
	c.t.Helper()
	c.settle(ctx)
	for answered := -1; ; {
		c.log.readTo(ctx, c.topo.Tasks.Name)
		if n := len(c.log.records[c.topo.Tasks.Name]); n == answered { // the answers made no others
			break
		}
		answered = c.answered(ctx)
		c.settle(ctx)
	}
	c.log.readTo(ctx, treasuryTopics(c.topo)...)
	treasury, problems := audited(c.log, c.topo, missions)
	problems = append(problems, treasury.Problems()...)
	lost, wrong := errands(c.log, c.topo, provider)
	problems = append(append(problems, lost...), wrong...)
	states := treasury.Rewards()
	c.t.Log(states)
	for _, state := range []string{"granted", "clawed_back", "exhausted", "cancelled"} {
		if states[state] == 0 {
			problems = append(problems, "no reward is "+state+": the test is too tame")
		}
	}
	if len(problems) > 0 {
		c.t.Errorf("%d problems:\n%s", len(problems), strings.Join(problems[:min(len(problems), 20)], "\n"))
	}
}

// answered waits until each task has its answer, and returns how many tasks there are.
func (c *contest) answered(ctx context.Context) int {
	c.t.Helper()
	for {
		tasks := len(c.log.records[c.topo.Tasks.Name])
		seen := map[string]bool{}
		for _, r := range c.log.records[c.topo.RewardResults.Name] {
			x, err := c.topo.RewardResults.Codec.Decode(r.Value)
			if err != nil {
				c.t.Fatal(err)
			}
			seen[x.TaskID] = true
		}
		if len(seen) == tasks {
			return tasks
		}
		if err := c.log.poll(ctx); err != nil {
			c.t.Fatalf("%d of %d tasks are answered: %v", len(seen), tasks, err)
		}
	}
}
