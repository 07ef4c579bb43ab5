package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	domain "github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
)

// provider stands for the workers and providers that answer the tasks of rewards: at least once, and to a repeated task the same.
type provider struct {
	c      *contest
	client *kgo.Client

	answered chan struct{} // receives after some more were

	mu          sync.Mutex
	seen        int              // tasks answered
	paid, taken map[string]int64 // by reward id and epoch
}

func newProvider(c *contest) *provider {
	return &provider{
		c: c, answered: make(chan struct{}, 1), paid: map[string]int64{}, taken: map[string]int64{},
		client: newClient(c.t, kgo.SeedBrokers(c.seeds...), kgo.ConsumeTopics(c.topo.Tasks.Name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.FetchIsolationLevel(kgo.ReadCommitted())),
	}
}

// serve answers until ctx ends.
func (p *provider) serve(ctx context.Context) {
	for ctx.Err() == nil {
		fetches := p.client.PollFetches(ctx)
		var results []*kgo.Record
		for r := range fetches.RecordsAll() {
			x, err := p.c.topo.Tasks.Codec.Decode(r.Value)
			if err != nil {
				p.c.t.Error(err)
				continue
			}
			result := p.work(x)
			results = append(results, result, result) // whoever sends at least once may send twice
		}
		if err := p.c.out.ProduceSync(ctx, results...).FirstErr(); err != nil && ctx.Err() == nil {
			p.c.t.Error(err)
		}
		p.mu.Lock()
		p.seen += len(results) / 2
		p.mu.Unlock()
		select {
		case p.answered <- struct{}{}:
		default:
		}
	}
}

// work pays or takes back what a task says, or cannot: three of four it can.
func (p *provider) work(x *task.Task) *kgo.Record {
	var doc struct {
		RewardID string `json:"reward_id"`
		Epoch    int64  `json:"epoch"`
		Kind     string `json:"kind"`
		Amount   int64  `json:"amount"`
	}
	if err := json.Unmarshal(x.Payload, &doc); err != nil {
		p.c.t.Error(err)
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(x.ID))
	result := &reward.Result{TaskID: x.ID, UserID: x.Key, RewardID: doc.RewardID, Epoch: doc.Epoch, OK: h.Sum32()%4 > 0, Reason: "not today", At: x.At}
	paid := reward.TaskID(doc.RewardID, doc.Epoch)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !result.OK:
	case x.Kind == task.RewardClawback:
		if p.paid[paid] != doc.Amount {
			p.c.t.Errorf("%s takes %d back, %d was paid", x.ID, doc.Amount, p.paid[paid])
		}
		p.taken[paid] = doc.Amount
	default:
		p.paid[paid] = doc.Amount
		if doc.Kind == mission.RewardGiftCard {
			result.Code = "provider-" + x.ID
		}
	}
	value, err := p.c.topo.RewardResults.Codec.Encode(result)
	if err != nil {
		p.c.t.Error(err)
	}
	return &kgo.Record{Topic: p.c.topo.RewardResults.Name, Key: []byte(x.Key), Value: value, Partition: partitionOf(x.Key, p.c.topo)}
}

// settle returns when neither the groups nor the provider have anything to do.
func (p *provider) settle(ctx context.Context) {
	p.c.t.Helper()
	for tasks := -1; ; {
		p.c.settle(ctx)
		p.c.log.readTo(ctx, p.c.topo.Tasks.Name)
		before := tasks
		if tasks = len(p.c.log.records[p.c.topo.Tasks.Name]); tasks == before { // the answers made no others
			return
		}
		for p.count() < tasks {
			select {
			case <-p.answered:
			case <-ctx.Done():
				p.c.t.Fatalf("%d of %d tasks are answered: %v", p.count(), tasks, context.Cause(ctx))
			}
		}
	}
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

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

func (c *contest) stock(ctx context.Context, n int) {
	c.t.Helper()
	codes := &domain.Codes{Pool: "p"}
	for i := range n {
		codes.Codes = append(codes.Codes, fmt.Sprint("code-", i))
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

// Completions come and go, a provider pays, fails and takes back, and both groups are killed at every step: every amount is in one
// place, a code with one user, and nobody is paid twice for one reward.
func TestMoneyOfRewardsAddsUp(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	c := newContest(ctx, t, 4)
	p := newProvider(c)
	serving, stop := context.WithCancel(ctx)
	served := make(chan struct{})
	go func() { defer close(served); p.serve(serving) }()
	defer func() { stop(); <-served }()
	random := rand.New(rand.NewPCG(5, 7)) // #nosec G404 -- a test that repeats itself
	missions, reached := rewardMissions(), map[string]bool{}
	const users, toggles, pool = 40, 300, 25
	c.stock(ctx, pool)
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
	p.settle(ctx)
	p.check(missions, reached, pool)
}

// held adds up what the users' rewards say.
type held struct {
	reserved, spent, winners int64
	codes                    []string
}

func (h *held) add(r *reward.Reward) {
	switch r.State {
	case reward.Reserved, reward.Pending, reward.Claimable, reward.Granting:
		h.reserved += r.Amount
		h.winners++
	case reward.Granted, reward.Redeemed:
		h.spent += r.Amount
		h.winners++
	case reward.Expired, reward.Cancelled, reward.ClawedBack, reward.Exhausted, reward.Failed:
	}
	if r.Held != nil {
		h.winners++
		if r.Held.Hold == reward.Awaited {
			h.reserved += r.Held.Amount
		} else {
			h.spent += r.Held.Amount
		}
		h.codes = append(h.codes, r.Held.Code)
	}
	if r.Code != "" {
		h.codes = append(h.codes, r.Code)
	}
}

func (p *provider) check(missions []*mission.Outcome, reached map[string]bool, pool int) {
	t, c := p.c.t, p.c
	t.Helper()
	all, states, net := map[string]*held{}, map[reward.State]int{}, map[string]int64{}
	for id, amount := range p.paid {
		if p.taken[id] == 0 {
			net[strings.Split(id, ".")[0]] += amount
		}
	}
	for user, value := range c.rows(string(c.topo.Rewards.Table())) {
		row, err := c.topo.Rewards.Row.Decode(value)
		if err != nil {
			t.Fatal(err)
		}
		coins := int64(0)
		for _, r := range row.Rewards {
			if all[r.Mission] == nil {
				all[r.Mission] = &held{}
			}
			all[r.Mission].add(r)
			states[r.State]++
			if r.Revoked == reached[r.Mission+"/"+user] || r.Ahead != 0 {
				t.Errorf("%s of %s: %+v", r.Mission, user, r)
			}
			p.checkPaid(r, net[r.ID])
			if r.Kind == mission.RewardCoins && r.State == reward.Granted {
				coins += r.Amount
			}
		}
		if row.Coins.Balance-row.Coins.Debt != coins {
			t.Errorf("%s: %+v, the rewards add up to %d", user, row.Coins, coins)
		}
	}
	t.Logf("%v; %d tasks", states, p.seen)
	for _, state := range []reward.State{reward.Granted, reward.ClawedBack, reward.Exhausted, reward.Failed, reward.Cancelled} {
		if states[state] == 0 {
			t.Errorf("no reward is %s: the test is too tame", state)
		}
	}
	for _, m := range missions {
		p.checkBudget(m, all[m.Mission])
	}
	p.checkCodes(all[missions[4].Mission].codes, pool)
	c.checkLetters()
}

// checkPaid compares what the provider paid for a reward with what the reward says.
func (p *provider) checkPaid(r *reward.Reward, net int64) {
	want := int64(0)
	switch {
	case r.Kind == mission.RewardCoins || r.Pool != "":
	case r.State == reward.Granted:
		want = r.Amount
	case r.Held != nil:
		want = r.Held.Amount
	}
	if net != want {
		p.c.t.Errorf("the provider paid %d for %s of %s, which says %d: %+v %+v", net, r.ID, r.Mission, want, r, r.Held)
	}
}

func (p *provider) checkBudget(m *mission.Outcome, h *held) {
	c := p.c
	row, err := c.topo.Budget.Row.Decode(c.rows(string(c.topo.Budget.Table()))[m.Mission])
	if err != nil {
		c.t.Fatal(err)
	}
	a := row.Mission.Account(domain.UnitOf(m.Reward.Kind, m.Currency))
	if a.Reserved != h.reserved || a.Spent != h.spent || row.Mission.Winners != h.winners {
		c.t.Errorf("%s: the budget has %+v and %d winners, the users %d reserved, %d spent and %d winners", m.Mission, a, row.Mission.Winners, h.reserved, h.spent, h.winners)
	}
	if l := m.Limits; l.Budget > 0 && a.Reserved+a.Spent > l.Budget || l.MaxWinners > 0 && h.winners > l.MaxWinners {
		c.t.Errorf("%s: %+v and %d winners, beyond %+v", m.Mission, a, h.winners, l)
	}
}

// checkCodes wants every code in one place.
func (p *provider) checkCodes(codes []string, pool int) {
	c, place := p.c, map[string]bool{}
	for key, value := range c.rows(string(c.topo.Budget.Table())) {
		row, err := c.topo.Budget.Row.Decode(value)
		if err != nil {
			c.t.Fatalf("%s: %v", key, err)
		}
		if row.Shelf != nil {
			codes = append(codes, row.Shelf.Codes...)
		}
	}
	for _, code := range codes {
		if place[code] {
			c.t.Errorf("code %q is in two places", code)
		}
		place[code] = true
	}
	if len(place) != pool {
		c.t.Errorf("%d codes of %d", len(place), pool)
	}
}
