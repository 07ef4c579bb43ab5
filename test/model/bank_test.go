package model

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/oracle"
)

const prizes = `[
{"id":"coins","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"coins","amount":50},"limits":{"budget":220,"over_budget":"truncate"}},
{"id":"floor","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"coins","amount":70},"debt":"floor","limits":{"max_winners":3}},
{"id":"cash","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"cash","amount":900},"limits":{"budget":4000}},
{"id":"card","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"gift_card","amount":500,"pool":"p"}},
{"id":"claim","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"coins","amount":5},"grant":{"mode":"claim"}},
{"id":"scratch","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"scratch_card","amount":8}},
{"id":"held","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"coins","amount":6},"grant":{"hold":"4ms"},"limits":{"budget":12}},
{"id":"asked","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"cash","amount":70,"expires_after":"5ms"},"grant":{"mode":"claim"},"limits":{"budget":140}},
{"id":"code","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"gift_card","amount":9,"pool":"q","expires_after":"3ms"},"grant":{"mode":"claim","hold":"2ms"}},
{"id":"soon","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"scratch_card","amount":3,"expires_after":"4ms"},"grant":{"hold":"1ms"}}]`

// contests are the missions of prizes.
func contests() []string {
	return []string{"coins", "floor", "cash", "card", "claim", "scratch", "held", "asked", "code", "soon"}
}

// bank does what budgets, rewards and a provider do with outcomes, by the domain's decisions, with queues for topics
// that are worked off in any order.
type bank struct {
	t       interface{ Fatal(...any) }
	choose  func(n int) int
	double  func(topic string) bool // hands a record to the treasury twice
	forge   func(record any) bool   // alters a record on its way to the treasury, or drops it
	seen    *Treasury
	annals  *Annals
	queues  []*queue
	budgets map[string]*budget.Row
	users   map[string]*reward.Row
	now     instant.Milli
	timers  []timer
	held    map[win]int64 // completions in force
	asked   int           // commands
}

type timer struct {
	user string
	at   instant.Milli
}

// queue is what is under way to one row.
type queue struct {
	name string
	todo []func()
}

func newBank(t *testing.T, choose func(int) int) *bank {
	t.Helper()
	var list []oracle.Mission
	for _, d := range parse(t, prizes) {
		list = append(list, oracle.Mission{Definition: d})
	}
	b := &bank{
		t: t, choose: choose, double: func(string) bool { return false }, forge: func(any) bool { return true }, seen: NewTreasury(list...),
		budgets: map[string]*budget.Row{}, users: map[string]*reward.Row{}, held: map[win]int64{}, annals: NewAnnals(),
	}
	for _, codes := range []*budget.Codes{{Pool: "p", Codes: []string{"a", "b", "c"}}, {Pool: "q", Codes: []string{"d", "e"}}} {
		feedTo(b, "pool-codes", codes, rewardcodec.PoolCodes{}.Encode, b.seen.Codes)
		b.moves(budget.Import(codes))
	}
	b.settle()
	return b
}

func (b *bank) send(to string, do func()) {
	for _, q := range b.queues {
		if q.name == to {
			q.todo = append(q.todo, do)
			return
		}
	}
	b.queues = append(b.queues, &queue{to, []func(){do}})
}

// settle works off everything, also what is due later.
func (b *bank) settle() {
	for len(b.queues)+len(b.timers) > 0 {
		if len(b.queues) == 0 {
			b.ring()
			continue
		}
		i := b.choose(len(b.queues))
		q := b.queues[i]
		do := q.todo[0]
		if q.todo = q.todo[1:]; len(q.todo) == 0 {
			b.queues = append(b.queues[:i], b.queues[i+1:]...)
		}
		do()
	}
}

// ring lets time pass to the first timer.
func (b *bank) ring() {
	next := slices.MinFunc(b.timers, func(x, y timer) int { return cmp.Compare(x.at, y.at) })
	b.timers = slices.DeleteFunc(b.timers, func(x timer) bool { return x == next })
	b.now = max(b.now, next.at)
	b.turn(next.user, func(row *reward.Row) (*reward.Row, []reward.Effect) { return reward.AdvanceTo(row, next.user, b.now) })
}

// turn is one change of a user's row. Several may be of one moment, as those of a transaction are.
func (b *bank) turn(user string, change func(*reward.Row) (*reward.Row, []reward.Effect)) {
	b.now += instant.Milli(b.choose(3)+1) / 2
	next, effects := change(b.users[user])
	b.users[user] = next
	if next != nil {
		b.feedRow("annals", user, func() ([]byte, error) { return rewardcodec.Row{}.Encode(next) }, b.annals.RewardsRow)
	}
	b.pay(user, effects)
}

// feedTo hands a record to the treasury.
func feedTo[T any](b *bank, topic string, record T, encode func(T) ([]byte, error), take func([]byte) error) {
	if !b.forge(record) {
		return
	}
	value, err := encode(record)
	for range map[bool]int{false: 1, true: 2}[b.double(topic)] {
		if err == nil {
			err = take(value)
		}
	}
	if err != nil {
		b.t.Fatal(topic, err)
	}
}

// outcome lets a user win or lose an iteration.
func (b *bank) outcome(w win) {
	d := b.seen.missions[w.mission][0]
	o := &mission.Outcome{
		Kind: mission.Completed, UserID: w.user, Mission: w.mission, Version: 1, Iteration: 1, Currency: d.Currency,
		Reward: mission.Reward{Kind: d.Reward.Kind, Amount: d.Reward.Amount, Pool: d.Reward.Pool},
		Grant:  mission.Grant{Mode: mission.GrantAuto}, Debt: mission.DebtNegative,
		Limits: mission.Limits{MaxWinners: d.Limits.MaxWinners, Budget: d.Limits.Budget, OverBudget: mission.OverBudgetReject},
	}
	if d.Grant.Mode != "" {
		o.Grant.Mode = d.Grant.Mode
	}
	o.Grant.Hold, o.Reward.ExpiresAfter = time.Duration(lasting(d.Grant.Hold))*time.Millisecond, time.Duration(lasting(d.Reward.ExpiresAfter))*time.Millisecond
	if d.Debt != "" {
		o.Debt = d.Debt
	}
	if d.Limits.OverBudget != "" {
		o.Limits.OverBudget = d.Limits.OverBudget
	}
	if b.held[w]++; b.held[w] > 1 {
		o.Kind, b.held[w] = mission.Revoked, 0
	}
	feedTo(b, "outcomes", o, missioncodec.Outcome{}.Encode, b.seen.Outcome)
	b.send("outcomes", func() {
		next, effects := budget.Judge(b.budgets[o.Mission], o)
		b.budgets[o.Mission] = next
		b.moves(effects)
	})
}

func (b *bank) moves(effects []budget.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case budget.Moved:
			b.send("loop "+e.To, func() {
				next, more := budget.ApplyMove(b.budgets[e.To], e.To, e.Move)
				b.budgets[e.To] = next
				b.moves(more)
			})
		case budget.Allotted:
			a := e.Allotment
			feedTo(b, "rewards-in", a, rewardcodec.Allotment{}.Encode, b.seen.Allotment)
			b.send("rewards-in "+a.UserID, func() {
				b.turn(a.UserID, func(row *reward.Row) (*reward.Row, []reward.Effect) {
					return reward.ApplyAllotment(row, a.UserID, a, b.now)
				})
			})
		case budget.Rejected:
			b.t.Fatal(e.Detail)
		}
	}
}

func (b *bank) pay(user string, effects []reward.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case reward.Changed:
			feedTo(b, "notifications", reward.NoticeOf(user, e), rewardcodec.Notice{}.Encode, b.seen.Notice)
			if w := e.Reward; (w.State == reward.Claimable || w.Kind == mission.RewardScratchCard && w.State == reward.Granted) && b.choose(2) == 0 {
				b.command(&reward.Command{Op: reward.Claim, UserID: user, RewardID: w.ID})
			}
		case reward.Due:
			b.timers = append(b.timers, timer{user, e.At})
		case reward.Settled:
			feedTo(b, "budget-returns", e.Return, rewardcodec.BudgetReturn{}.Encode, b.seen.Return)
			b.send("budget-returns", func() {
				next, effects := budget.Resolve(b.budgets[e.Return.Mission], e.Return)
				b.budgets[e.Return.Mission] = next
				b.moves(effects)
			})
		case reward.TaskRequested:
			feedTo(b, "tasks", rewardcodec.Payout(user, e), taskcodec.Submission{}.Encode, b.seen.Task)
			b.send("provider", func() { b.answer(user, e) })
		case reward.Rejected:
			b.t.Fatal(e.Detail)
		case reward.Stale:
			b.t.Fatal("stale result", e.TaskID)
		}
	}
}

// command sends a command on its way, some of them twice.
func (b *bank) command(c *reward.Command) {
	b.asked++
	c.ID = fmt.Sprint("command", b.asked)
	if c.Op == reward.Goodwill {
		c.RewardID = reward.GoodwillID(c.UserID, c.ID)
	}
	for range 1 + b.choose(4)/3 {
		feedTo(b, "claims", c, rewardcodec.Command{}.Encode, b.seen.Command)
		b.send("claims "+c.UserID, func() {
			b.turn(c.UserID, func(row *reward.Row) (*reward.Row, []reward.Effect) { return reward.Judge(row, c, nil, b.now) })
		})
	}
}

// answer is the provider's: some payouts fail, and some claw-backs.
func (b *bank) answer(user string, asked reward.TaskRequested) {
	r := &reward.Result{TaskID: asked.TaskID, UserID: user, RewardID: asked.Reward.ID, Epoch: asked.Epoch, OK: b.choose(4) > 0}
	if asked.Kind == task.RewardClawback {
		r.OK = b.choose(2) == 0
	}
	feedTo(b, "reward-results", r, rewardcodec.Result{}.Encode, b.seen.Answer)
	b.send("results "+user, func() {
		b.turn(user, func(row *reward.Row) (*reward.Row, []reward.Effect) { return reward.Answer(row, user, r, b.now) })
	})
}

// problems hands the tables to the treasury.
func (b *bank) problems() []string {
	b.settle()
	for key, row := range b.budgets {
		if row != nil {
			b.feedRow("budget-table", key, func() ([]byte, error) { return rewardcodec.BudgetRow{}.Encode(row) }, b.seen.BudgetRow)
		}
	}
	for key, row := range b.users {
		b.feedRow("rewards-table", key, func() ([]byte, error) { return rewardcodec.Row{}.Encode(row) }, b.seen.RewardsRow)
	}
	b.seen.Recall(b.annals)
	return b.seen.Problems()
}

func (b *bank) feedRow(table, key string, encode func() ([]byte, error), take func(string, []byte) error) {
	value, err := encode()
	if err == nil {
		err = take(key, value)
	}
	if err != nil {
		b.t.Fatal(table, err)
	}
}

// meddle lets users and support ask for what they may and may not.
func (b *bank) meddle(user string) {
	c := &reward.Command{Op: reward.Claim, UserID: user, RewardID: "rw_none", Reason: "for the test"}
	if row := b.users[user]; row != nil && len(row.Rewards) > 0 && b.choose(8) > 0 {
		c.RewardID = row.Rewards[b.choose(len(row.Rewards))].ID
	}
	switch b.choose(9) {
	case 6, 7:
		c.Op, c.SpendID, c.Amount = reward.Spend, fmt.Sprint("s", b.choose(4)), int64(b.choose(40))
	case 8:
		c.Op, c.SpendID = reward.ReverseSpend, "s-none"
		if row := b.users[user]; row != nil && len(row.Coins.Spends) > 0 && b.choose(8) > 0 {
			c.SpendID = row.Coins.Spends[b.choose(len(row.Coins.Spends))].ID
		}
	case 0:
		c.Op = reward.Cancel
	case 1:
		c.Op, c.Reason = reward.Cancel, " "
	case 2:
		c.Op, c.Reward = reward.Goodwill, mission.Reward{Kind: []string{"coins", "cash", "scratch_card"}[b.choose(3)], Amount: int64(b.choose(3))}
		if c.Reward.Kind == mission.RewardCash {
			c.Currency = "INR"
		}
		c.Reward.ExpiresAfter, c.Grant.Hold = time.Duration(b.choose(4))*time.Millisecond, time.Duration(b.choose(3))*time.Millisecond
		c.Grant.Mode = []string{"", mission.GrantAuto, mission.GrantClaim}[b.choose(3)]
	case 3:
		c.UserID = "stranger"
	}
	b.command(c)
}

func (b *bank) reward(user, mission string) *reward.Reward {
	for _, r := range b.users[user].Rewards {
		if r.Mission == mission {
			return r
		}
	}
	b.t.Fatal("no reward of ", user, " in ", mission)
	return nil
}
