package model

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

// Whatever order budgets, rewards and a provider work in, the treasury finds nothing wrong.
func TestTreasuryAgreesWithTheDomain(t *testing.T) {
	states, seen := map[string]int{}, reflect.ValueOf(&Tally{}).Elem()
	rapid.Check(t, func(rt *rapid.T) {
		b := newBank(t, func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") })
		for range rapid.IntRange(1, 40).Draw(rt, "outcomes") {
			b.outcome(win{
				user:    rapid.SampledFrom([]string{"u", "v", "w", "x", "y"}).Draw(rt, "user"),
				mission: rapid.SampledFrom(contests()).Draw(rt, "mission"),
			})
			if rapid.Bool().Draw(rt, "meddle") {
				b.meddle(rapid.SampledFrom([]string{"u", "v", "w", "x", "y"}).Draw(rt, "who"))
			}
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
		for i := range seen.NumField() {
			seen.Field(i).SetInt(seen.Field(i).Int() + reflect.ValueOf(b.seen.Tally()).Field(i).Int())
		}
		for user, got := range b.seen.Holdings() {
			row := b.users[user]
			if row == nil {
				row = &reward.Row{}
			}
			if want := (Holding{row.Coins.Balance, row.Coins.Debt, len(row.Rewards)}); got != want {
				rt.Fatalf("%s has %+v, want %+v", user, got, want)
			}
		}
	})
	for _, s := range []reward.State{reward.Granted, reward.Cancelled, reward.ClawedBack, reward.Exhausted, reward.Claimable, reward.Redeemed, reward.Failed, reward.Expired} {
		if states[string(s)] == 0 {
			t.Errorf("no reward was ever %s: %v", s, states)
		}
	}
	t.Logf("%v %+v", states, seen)
	for i := range seen.NumField() {
		if seen.Field(i).Int() == 0 {
			t.Errorf("none of some kind: %+v", seen)
		}
	}
}

// first lets time go on, and claims come.
func first(n int) int { return n / 3 * (n % 2) }

// all lets everybody win everything, some of it twice, and support give.
func all(b *bank) {
	for _, m := range contests() {
		for _, u := range []string{"u", "v", "w", "x", "y"} {
			b.outcome(win{user: u, mission: m})
		}
	}
	b.settle()
	b.outcome(win{user: "v", mission: "coins"})
	b.outcome(win{user: "v", mission: "card"})
	b.command(&reward.Command{Op: reward.Goodwill, UserID: "v", Reason: "sorry", Reward: mission.Reward{Kind: "coins", Amount: 4}})
	b.settle()
	for _, u := range []string{"u", "w"} {
		b.command(&reward.Command{Op: reward.Spend, UserID: u, Reason: "tea", SpendID: "tea", Amount: 3})
		b.command(&reward.Command{Op: reward.Spend, UserID: u, Reason: "cake", SpendID: "cake", Amount: 2})
		b.command(&reward.Command{Op: reward.ReverseSpend, UserID: u, Reason: "cold", SpendID: "tea"})
		b.settle()
	}
}

// Whatever is told twice is found.
func TestTreasuryNamesWhatIsTwice(t *testing.T) {
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
}

// Whatever is not on its topic as it was, is found.
func TestTreasuryNamesForgedRecords(t *testing.T) {
	for name, c := range map[string]struct {
		forge func(record any) bool
		want  string
	}{
		"an expiry that returns nothing": {func(record any) bool {
			r, ok := record.(*budget.Return)
			return !ok || r.Mission != "soon" || r.Movement != budget.Returned
		}, "soon: expired, {times:0 amount:0} of it returned, want {times:1 amount:3}"},
		"an expiry that says it was given": {func(record any) bool {
			if r, ok := record.(*budget.Return); ok && r.Mission == "soon" && r.Movement == budget.Returned {
				r.Movement = budget.Spent
			}
			return true
		}, "soon: expired, {times:1 amount:3} spent and not recovered, want {times:0"},
		"a return of what nobody has": {func(record any) bool {
			if r, ok := record.(*budget.Return); ok && r.Mission == "soon" {
				r.RewardID = "rw_none"
			}
			return true
		}, "reward rw_none: "},
		"a grant before its hold has passed": {func(record any) bool {
			if n, ok := record.(*reward.Notice); ok && n.Mission == "held" && n.State == reward.Granted {
				n.At -= 100
			}
			return true
		}, "before its hold had passed"},
		"a notification of nothing": {func(record any) bool {
			if n, ok := record.(*reward.Notice); ok && n.Mission == "held" {
				n.RewardID = "rw_none"
			}
			return true
		}, "there is no such reward"},
		"the last notification is lost": {func(record any) bool {
			n, ok := record.(*reward.Notice)
			return !ok || n.Mission != "held" || n.State != reward.Granted
		}, "granted at epoch 1, the last notification was"},
		"a task without an answer": {func(record any) bool { _, ok := record.(*reward.Result); return !ok }, "of which 0 are answered"},
		"an outcome of no mission": {func(record any) bool {
			if o, ok := record.(*mission.Outcome); ok && o.Mission == "soon" {
				o.Mission = "nowhere"
			}
			return true
		}, "no such mission or version"},
		"a code from nowhere": {func(record any) bool {
			if a, ok := record.(*budget.Allotment); ok && a.Code == "a" {
				a.Code = "z"
			}
			return true
		}, "code z was handed out, and never imported"},
		"a reserved code that is none": {func(record any) bool {
			if a, ok := record.(*budget.Allotment); ok && a.Mission == "card" {
				a.Code = ""
			}
			return true
		}, "reserved with code \"\""},
		"a longer hold than the mission's": {func(record any) bool {
			if a, ok := record.(*budget.Allotment); ok && a.Mission == "held" {
				a.Grant.Hold *= 2
			}
			return true
		}, "is not what the mission says"},
		"a command that is not there": {func(record any) bool { _, ok := record.(*reward.Command); return !ok }, "it was never sent"},
	} {
		b := newBank(t, first)
		b.forge = c.forge
		all(b)
		if text := strings.Join(b.problems(), "\n"); !strings.Contains(text, c.want) {
			t.Errorf("%s: not found:\n%s", name, text)
		}
	}
}

// Whatever is not in its table as it was, is found.
func TestTreasuryNamesForgedRows(t *testing.T) {
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
		"a budget that leaks":   {func(b *bank) { b.budgets["coins"].Mission.Accounts[0].Spent += 10 }, "budget of coins"},
		"one winner too many":   {func(b *bank) { b.budgets["floor"].Mission.Winners = 4 }, "4 winners"},
		"a code given and kept": {func(b *bank) { b.budgets["pool/p/0"] = &budget.Row{Shelf: &budget.Shelf{Codes: []string{"a"}}} }, "code a is in 2 places"},
		"a code given twice":    {func(b *bank) { b.reward("w", "card").Code = b.reward("u", "card").Code }, "is with"},
		"goodwill that nobody gave": {func(b *bank) {
			row := b.users["u"]
			row.Rewards = append(row.Rewards, &reward.Reward{ID: "rw_x", Epoch: 1, Kind: "coins", Amount: 1, State: reward.Granted})
		}, "is not what support gave"},
		"goodwill that is lost": {func(b *bank) { b.users["v"].Rewards = b.users["v"].Rewards[:len(b.users["v"].Rewards)-1] }, "support gave it, and it is not there"},
		"goodwill of another kind": {func(b *bank) {
			entries := b.users["v"].Coins.Entries
			entries[slices.IndexFunc(entries, func(e reward.Entry) bool { return e.Kind == reward.EntryGoodwill })].Kind = reward.EntryReward
		}, "its reward is of support: true"},
		"a code that was revealed and came back": {func(b *bank) {
			b.annals.shown[b.reward("x", "code").ID] = map[string]bool{"d": true}
		}, "code d was revealed, and came back"},
		"a reward of two users": {func(b *bank) {
			b.users["u"].Rewards = append(b.users["u"].Rewards, b.reward("v", "coins"))
		}, ": of users"},
		"a spend that nobody asked for": {func(b *bank) {
			c := &b.users["u"].Coins
			c.Entries = append(c.Entries, reward.Entry{Number: c.Count + 1, SpendID: "x", Kind: reward.EntrySpend, Amount: -1, BalanceAfter: c.Balance - 1})
			c.Balance, c.Count = c.Balance-1, c.Count+1
		}, "spend x of u: entry"},
		"a spend of another amount":    {func(b *bank) { b.users["u"].Coins.Spends[1].Amount++ }, "spend cake of u: entry"},
		"a spend that is forgotten":    {func(b *bank) { b.users["u"].Coins.Spends = b.users["u"].Coins.Spends[:1] }, "spend cake of u: of 2, and the row has none"},
		"a reversal that is forgotten": {func(b *bank) { b.users["u"].Coins.Spends[0].Reversal = 0 }, "spend tea of u: entry"},
		"a reversal that nobody entered": {func(b *bank) {
			c := &b.users["u"].Coins
			c.Entries = slices.DeleteFunc(c.Entries, func(e reward.Entry) bool { return e.Kind == reward.EntrySpendReversal })
		}, "it was reversed, and no entry says so"},
		"an entry out of its number": {func(b *bank) { b.users["u"].Coins.Entries[0].Number = 7 }, "want number 1 and"},
		"a debt that nobody has":     {func(b *bank) { b.users["u"].Coins.Debt += 5 }, "and debt 5, the rewards are"},
		"an answer that nobody asked for": {func(b *bank) {
			feedTo(b, "reward-results", &reward.Result{TaskID: "x", RewardID: "y", OK: true}, rewardcodec.Result{}.Encode, b.seen.Answer)
		}, "which nobody asked for"},
		"a verdict that changes": {func(b *bank) {
			for id, v := range b.annals.verdicts {
				v.result = "else"
				b.annals.verdicts[id] = v
			}
			for user, row := range b.users {
				b.feedRow("annals", user, func() ([]byte, error) { return rewardcodec.Row{}.Encode(row) }, b.annals.RewardsRow)
			}
		}, "and another"},
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
