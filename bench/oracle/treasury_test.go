package oracle

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
)

const prizes = `[
{"id":"coins","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"coins","amount":50},"limits":{"budget":220,"over_budget":"truncate"}},
{"id":"floor","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"coins","amount":70},"debt":"floor","limits":{"max_winners":3}},
{"id":"cash","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"cash","amount":900},"limits":{"budget":4000}},
{"id":"card","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"gift_card","amount":500,"pool":"p"}},
{"id":"claim","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"coins","amount":5},"grant":{"mode":"claim"}},
{"id":"scratch","currency":"INR","goal":{"metric":"count","target":1},"reward":{"kind":"scratch_card","amount":8}}]`

// bank does what budgets, rewards and a provider do with outcomes, by the domain's decisions, with queues for topics that are
// worked off in any order.
type bank struct {
	t       interface{ Fatal(...any) }
	choose  func(n int) int
	double  func(topic string) bool // hands a record to the treasury twice
	seen    *Treasury
	queues  []*queue
	budgets map[string]*budget.Row
	users   map[string]*reward.Row
	now     instant.Milli
	held    map[win]int64 // completions in force
}

// queue is what is under way to one row.
type queue struct {
	name string
	todo []func()
}

func newBank(t *testing.T, choose func(int) int) *bank {
	t.Helper()
	var list []Mission
	for _, d := range parse(t, prizes) {
		list = append(list, Mission{Definition: d})
	}
	b := &bank{
		t: t, choose: choose, double: func(string) bool { return false }, seen: NewTreasury(list...),
		budgets: map[string]*budget.Row{}, users: map[string]*reward.Row{}, held: map[win]int64{},
	}
	codes := &budget.Codes{Pool: "p", Codes: []string{"a", "b", "c"}}
	feedTo(b, "pool-codes", codes, codecs.PoolCodes{}.Encode, b.seen.Codes)
	b.moves(budget.Import(codes))
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

// settle works off everything.
func (b *bank) settle() {
	for len(b.queues) > 0 {
		i := b.choose(len(b.queues))
		q := b.queues[i]
		do := q.todo[0]
		if q.todo = q.todo[1:]; len(q.todo) == 0 {
			b.queues = append(b.queues[:i], b.queues[i+1:]...)
		}
		do()
	}
}

// feedTo hands a record to the treasury.
func feedTo[T any](b *bank, topic string, record T, encode func(T) ([]byte, error), take func([]byte) error) {
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
	if d.Debt != "" {
		o.Debt = d.Debt
	}
	if d.Limits.OverBudget != "" {
		o.Limits.OverBudget = d.Limits.OverBudget
	}
	if b.held[w]++; b.held[w] > 1 {
		o.Kind, b.held[w] = mission.Revoked, 0
	}
	feedTo(b, "outcomes", o, codecs.Outcome{}.Encode, b.seen.Outcome)
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
				next, more := budget.Take(b.budgets[e.To], e.To, e.Move)
				b.budgets[e.To] = next
				b.moves(more)
			})
		case budget.Allotted:
			a := e.Allotment
			feedTo(b, "rewards-in", a, codecs.Allotment{}.Encode, b.seen.Allotment)
			b.send("rewards-in "+a.UserID, func() {
				b.now++
				next, effects := reward.Take(b.users[a.UserID], a.UserID, a, b.now)
				b.users[a.UserID] = next
				b.pay(a.UserID, effects)
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
			feedTo(b, "notifications", reward.NoticeOf(user, e), codecs.Notice{}.Encode, b.seen.Notice)
			if w := e.Reward; (w.State == reward.Claimable || w.Kind == mission.RewardScratchCard && w.State == reward.Granted) && b.choose(2) == 0 {
				b.send("claims "+user, func() { b.claim(user, w.ID) })
			}
		case reward.Settled:
			feedTo(b, "budget-returns", e.Return, codecs.BudgetReturn{}.Encode, b.seen.Return)
			b.send("budget-returns", func() {
				next, effects := budget.Settle(b.budgets[e.Return.Mission], e.Return)
				b.budgets[e.Return.Mission] = next
				b.moves(effects)
			})
		case reward.Asked:
			feedTo(b, "tasks", codecs.Payout(user, e), codecs.Task{}.Encode, b.seen.Task)
			b.send("provider", func() { b.answer(user, e) })
		case reward.Rejected:
			b.t.Fatal(e.Detail)
		case reward.Stale:
			b.t.Fatal("stale result", e.TaskID)
		}
	}
}

func (b *bank) claim(user, id string) {
	c := &reward.Command{ID: fmt.Sprint("claim", b.now), Op: reward.Claim, UserID: user, RewardID: id}
	b.now++
	next, effects := reward.Judge(b.users[user], c, b.now)
	b.users[user] = next
	b.pay(user, effects)
}

// answer is the provider's: some payouts fail, and some claw-backs.
func (b *bank) answer(user string, asked reward.Asked) {
	r := &reward.Result{TaskID: asked.TaskID, UserID: user, RewardID: asked.Reward.ID, Epoch: asked.Epoch, OK: b.choose(4) > 0}
	if asked.Kind == task.RewardClawback {
		r.OK = b.choose(2) == 0
	}
	feedTo(b, "reward-results", r, codecs.RewardResult{}.Encode, b.seen.Answer)
	b.send("results "+user, func() {
		b.now++
		next, effects := reward.Answer(b.users[user], user, r, b.now)
		b.users[user] = next
		b.pay(user, effects)
	})
}

// problems hands the tables to the treasury.
func (b *bank) problems() []string {
	b.settle()
	for key, row := range b.budgets {
		if row != nil {
			b.feedRow("budget-table", key, func() ([]byte, error) { return codecs.BudgetRow{}.Encode(row) }, b.seen.BudgetRow)
		}
	}
	for key, row := range b.users {
		b.feedRow("rewards-table", key, func() ([]byte, error) { return codecs.RewardsRow{}.Encode(row) }, b.seen.RewardsRow)
	}
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

func (b *bank) reward(user, mission string) *reward.Reward {
	for _, r := range b.users[user].Rewards {
		if r.Mission == mission {
			return r
		}
	}
	b.t.Fatal("no reward of ", user, " in ", mission)
	return nil
}

// Whatever order budgets, rewards and a provider work in, the treasury finds nothing wrong.
func TestTreasuryAgreesWithTheDomain(t *testing.T) {
	states := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		b := newBank(t, func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") })
		for range rapid.IntRange(1, 40).Draw(rt, "outcomes") {
			b.outcome(win{
				user:    rapid.SampledFrom([]string{"u", "v", "w", "x", "y"}).Draw(rt, "user"),
				mission: rapid.SampledFrom([]string{"coins", "floor", "cash", "card", "claim", "scratch"}).Draw(rt, "mission"),
			})
			if rapid.Bool().Draw(rt, "settle") {
				b.settle()
			}
		}
		if problems := b.problems(); len(problems) > 0 {
			rt.Fatal(strings.Join(problems, "\n"))
		}
		for state, n := range b.seen.Rewards() {
			states[state] += n
		}
		for user, got := range b.seen.Holdings() {
			row := b.users[user]
			if want := (Holding{row.Coins.Balance, row.Coins.Debt, len(row.Rewards)}); got != want {
				rt.Fatalf("%s has %+v, want %+v", user, got, want)
			}
		}
	})
	for _, s := range []reward.State{reward.Granted, reward.Cancelled, reward.ClawedBack, reward.Exhausted, reward.Claimable, reward.Redeemed, reward.Failed} {
		if states[string(s)] == 0 {
			t.Errorf("no reward was ever %s: %v", s, states)
		}
	}
}

// Whatever is told twice, or not as it is, is found.
func TestTreasuryNamesWhatIsWrong(t *testing.T) {
	first := func(int) int { return 0 }
	all := func(b *bank) {
		for _, m := range []string{"coins", "floor", "cash", "card", "claim", "scratch"} {
			for _, u := range []string{"u", "v", "w", "x", "y"} {
				b.outcome(win{user: u, mission: m})
			}
		}
		b.settle()
		b.outcome(win{user: "v", mission: "coins"})
		b.outcome(win{user: "v", mission: "card"})
		b.settle()
	}
	if problems := func() []string { b := newBank(t, first); all(b); return b.problems() }(); len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, topic := range []string{"outcomes", "rewards-in", "notifications", "budget-returns", "tasks"} {
		b := newBank(t, first)
		n := 0
		b.double = func(of string) bool {
			if of == topic {
				n++
			}
			return of == topic && n == 2
		}
		all(b)
		if len(b.problems()) == 0 {
			t.Errorf("the second record of %s came twice, and nobody noticed", topic)
		}
	}
	for name, c := range map[string]struct {
		change func(b *bank)
		want   string
	}{
		"a grant doubled": {func(b *bank) {
			row := b.users["u"]
			c := &row.Coins
			c.Entries = append(c.Entries, reward.Entry{Number: c.Count + 1, RewardID: c.Entries[0].RewardID, Kind: reward.EntryReward, Amount: 50, BalanceAfter: c.Balance + 50})
			c.Balance, c.Count = c.Balance+50, c.Count+1
		}, "net for reward"},
		"a balance that is not its entries'": {func(b *bank) { b.users["u"].Coins.Balance++ }, "add up to"},
		"a reward that is lost":              {func(b *bank) { b.users["w"].Rewards = b.users["w"].Rewards[1:] }, "no reward"},
		"a reward that is not clawed back": {func(b *bank) {
			b.reward("v", "coins").State = reward.Granted
		}, "granted, want"},
		"a budget that leaks":     {func(b *bank) { b.budgets["coins"].Mission.Accounts[0].Spent += 10 }, "budget of coins"},
		"one winner too many":     {func(b *bank) { b.budgets["floor"].Mission.Winners = 4 }, "4 winners"},
		"a code given and kept":   {func(b *bank) { b.budgets["pool/p/0"] = &budget.Row{Shelf: &budget.Shelf{Codes: []string{"a"}}} }, "code a is in 2 places"},
		"a code given twice":      {func(b *bank) { b.reward("w", "card").Code = b.reward("u", "card").Code }, "is with"},
		"a payout that never was": {func(b *bank) { b.reward("v", "cash").State = reward.Granted }, "paid it 0 times"},
	} {
		b := newBank(t, first)
		all(b)
		c.change(b)
		if text := strings.Join(b.problems(), "\n"); !strings.Contains(text, c.want) {
			t.Errorf("%s: not found:\n%s", name, text)
		}
	}
}
