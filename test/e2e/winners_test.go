package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/cmd/cluster"
	domain "github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/processors/budget"
	"github.com/millrace/millrace/processors/rewards"
	"github.com/millrace/millrace/topology"
)

// contest is the groups budget and rewards on a broker, each in one life after another.
type contest struct {
	t     *testing.T
	seeds []string
	topo  *topology.Topology
	adm   *cluster.Admin
	out   *kgo.Client
	log   *topicLog
	lives map[string]*life
}

// life is one of a group.
type life struct {
	wire   *enginetest.Wire
	stop   context.CancelFunc
	result chan error
}

func newContest(ctx context.Context, t *testing.T, partitions int32) *contest {
	t.Helper()
	c := &contest{t: t, seeds: brokers(t), lives: map[string]*life{}}
	c.topo = createTopics(ctx, t, c.seeds, partitions)
	c.out = newClient(t, kgo.SeedBrokers(c.seeds...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	c.adm = cluster.NewAdmin(c.out)
	c.log = newTopicLog(t, c.seeds, c.adm, append(treasuryTopics(c.topo), c.topo.DeadLetterRecords.Name))
	for _, name := range []string{"budget", "rewards"} {
		c.begin(name)
	}
	t.Cleanup(func() {
		for name, l := range c.lives {
			l.stop()
			if err := <-l.result; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	return c
}

func (c *contest) graph(name string) *goka.GroupGraph {
	if name == "budget" {
		return budget.Graph(c.topo, budget.NewMetrics(nil))
	}
	return rewards.Graph(nil, nil, c.topo, rewards.NewMetrics(nil))
}

func (c *contest) begin(name string) {
	c.t.Helper()
	l := &life{wire: enginetest.NewWire(), result: make(chan error, 1)}
	e, err := engine.New(engine.Config{
		Client: engine.ClientConfig{Brokers: c.seeds, Dial: l.wire.Dial}, Partitions: c.topo.Config.Partitions,
		CommitInterval: 5 * time.Millisecond, StopPatience: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	p, err := goka.NewProcessor(c.seeds, c.graph(name), e.Options()...)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	go func() { l.result <- e.Run(ctx, p) }()
	c.lives[name] = l
}

// kill waits until the wire of a group is cut, and begins its next life with nothing but what Kafka has.
func (c *contest) kill(ctx context.Context, name string) {
	c.t.Helper()
	l := c.lives[name]
	select {
	case <-l.wire.Done():
	case err := <-l.result:
		c.t.Fatalf("%s stopped: %v", name, err)
	case <-ctx.Done():
		c.t.Fatalf("%s was not killed: %v", name, context.Cause(ctx))
	}
	l.stop()
	<-l.result
	c.begin(name)
}

func (c *contest) send(ctx context.Context, outcomes ...*mission.Outcome) {
	c.t.Helper()
	records := make([]*kgo.Record, len(outcomes))
	for i, o := range outcomes {
		value, err := c.topo.Outcomes.Codec.Encode(o)
		if err != nil {
			c.t.Fatal(err)
		}
		records[i] = &kgo.Record{Topic: c.topo.Outcomes.Name, Key: []byte(o.Mission), Value: value, Partition: partitionOf(o.Mission, c.topo)}
	}
	if err := c.out.ProduceSync(ctx, records...).FirstErr(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *contest) settle(ctx context.Context) {
	c.t.Helper()
	var stages []cluster.Stage
	for _, s := range cluster.Stages(c.topo) {
		if s.Group == c.topo.Budget.Name || s.Group == c.topo.Rewards.Name {
			stages = append(stages, s)
		}
	}
	if err := cluster.Drain(ctx, c.adm, stages, 20*time.Millisecond); err != nil {
		c.t.Fatal(err)
	}
	c.log.readTo(ctx, string(c.topo.Budget.Table()), string(c.topo.Rewards.Table()), c.topo.RewardsIn.Name, c.topo.DeadLetterRecords.Name)
}

// counts is what the tables hold of a mission.
type counts struct {
	states  map[reward.State]int
	coins   int64 // balances of all users
	grants  int   // positive entries: what was ever paid out
	account domain.Account
	winners int64
}

func (c *contest) count(missionID string) counts {
	c.t.Helper()
	s := counts{states: map[reward.State]int{}}
	for key, value := range c.rows(string(c.topo.Rewards.Table())) {
		row, err := c.topo.Rewards.Row.Decode(value)
		if err != nil {
			c.t.Fatalf("%q: %v", key, err)
		}
		for _, r := range row.Rewards {
			if r.Mission == missionID {
				s.states[r.State]++
				s.coins += row.Coins.Balance
				for _, e := range row.Coins.Entries {
					if e.Amount > 0 {
						s.grants++
					}
				}
			}
		}
	}
	row, err := c.topo.Budget.Row.Decode(c.rows(string(c.topo.Budget.Table()))[missionID])
	if err != nil {
		c.t.Fatal(err)
	}
	s.account, s.winners = row.Mission.Account(mission.Coins), row.Mission.Winners
	return s
}

func (c *contest) rows(table string) map[string][]byte {
	rows := map[string][]byte{}
	for _, r := range c.log.rows(table) {
		if r.Value != nil {
			rows[string(r.Key)] = r.Value
		}
	}
	return rows
}

// contenders is how many users complete each mission, winners for how many of them there is something, coins what one
// wins.
const (
	contenders = 1000
	winners    = 100
	coins      = 50
)

// contestOutcome is a completion of a mission for a number of winners, or of one with a budget for as many.
func contestOutcome(missionID string, user int) *mission.Outcome {
	o := &mission.Outcome{
		Kind: mission.Completed, UserID: fmt.Sprintf("%s-user-%d", missionID, user), Mission: missionID, Version: 1, Iteration: 1, Currency: "INR",
		Reward: mission.Reward{Kind: mission.RewardCoins, Amount: coins}, Grant: mission.Grant{Mode: mission.GrantAuto}, Debt: mission.DebtNegative,
		Limits: mission.Limits{CompletionsPerUser: 1, MaxWinners: winners, OverBudget: mission.OverBudgetReject}, At: 1_772_359_200_000,
	}
	if missionID == "budget" {
		o.Limits.MaxWinners, o.Limits.Budget = 0, winners*coins
	}
	return o
}

// killings are the steps of a transaction, before the broker and after.
func killings() []enginetest.Point {
	var all []enginetest.Point
	for _, key := range []kmsg.Key{kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
		all = append(all, enginetest.Point{Key: key}, enginetest.Point{Key: key, Applied: true})
	}
	return all
}

// 1,000 users complete at once what there is for 100: exactly 100 are granted, and paid once, while both groups are
// killed at every step of a transaction. What 40 of them lose again goes to exactly 40 others.
func TestExactlyAsManyWinnersAsThereAre(t *testing.T) {
	for _, partitions := range []int32{1, 4, 12} {
		t.Run(fmt.Sprint(partitions), func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			c := newContest(ctx, t, partitions)
			points := killings()
			part := contenders / len(points)
			for i, point := range points {
				for _, l := range c.lives {
					l.wire.CutAt(point)
				}
				var batch []*mission.Outcome
				for user := i * part; user < contenders && (user < (i+1)*part || i == len(points)-1); user++ {
					batch = append(batch, contestOutcome("winners", user), contestOutcome("budget", user))
				}
				c.send(ctx, batch...)
				c.kill(ctx, "budget")
				c.kill(ctx, "rewards")
			}
			c.settle(ctx)
			c.check("winners", winners, 0)
			c.check("budget", winners, 0)
			c.passOn(ctx)
		})
	}
}

// passOn lets some winners lose, and others complete.
func (c *contest) passOn(ctx context.Context) {
	c.t.Helper()
	const lost = 40
	for _, id := range []string{"winners", "budget"} {
		var revocations, completions []*mission.Outcome
		for user := range contenders {
			o := contestOutcome(id, user)
			if value := c.rows(string(c.topo.Rewards.Table()))[o.UserID]; len(revocations) < lost && c.granted(value) {
				o.Kind = mission.Revoked
				revocations = append(revocations, o)
			}
		}
		for user := range 3 * lost {
			completions = append(completions, contestOutcome(id, contenders+user))
		}
		c.send(ctx, revocations...)
		c.settle(ctx)
		c.send(ctx, completions...)
		c.settle(ctx)
		c.check(id, winners, lost)
	}
}

func (c *contest) granted(value []byte) bool {
	row, err := c.topo.Rewards.Row.Decode(value)
	if err != nil {
		c.t.Fatal(err)
	}
	return row.Rewards[0].State == reward.Granted
}

func (c *contest) check(missionID string, granted, lost int) {
	c.t.Helper()
	s := c.count(missionID)
	want := domain.Account{Unit: mission.Coins, Spent: int64(granted) * coins, Returned: int64(lost) * coins}
	if s.states[reward.Granted] != granted || s.states[reward.ClawedBack] != lost || s.grants != granted+lost || s.coins != int64(granted)*coins ||
		s.account != want || s.winners != int64(granted) {
		c.t.Errorf("%s: %+v; want %d granted, %d clawed back and %+v", missionID, s, granted, lost, want)
	}
	c.checkLetters()
}

func (c *contest) checkLetters() {
	c.t.Helper()
	if n := len(c.log.records[c.topo.DeadLetterRecords.Name]); n > 0 {
		c.t.Errorf("%d dead letters, the first: %q", n, c.log.records[c.topo.DeadLetterRecords.Name][0].Value)
	}
}
