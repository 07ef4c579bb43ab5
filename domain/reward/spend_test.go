package reward_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/verdict"
)

func spend(id, spendID string, amount int64) *reward.Command {
	return &reward.Command{ID: id, Op: reward.Spend, UserID: "u", Actor: "shop", Reason: "a coffee", At: 1, SpendID: spendID, Amount: amount}
}

func giveBack(id, spendID string) *reward.Command {
	return &reward.Command{ID: id, Op: reward.ReverseSpend, UserID: "u", Actor: "shop", Reason: "no coffee", At: 1, SpendID: spendID}
}

// having returns the row of a user with so many coins.
func having(amount int64) *reward.Row {
	row, _ := reward.ApplyAllotment(nil, "u", coins(budget.Reserved, "m", amount, mission.DebtNegative), noon)
	return row
}

// judged returns the row after a command, and the verdict on it.
func judged(t interface{ Fatalf(string, ...any) }, row *reward.Row, c *reward.Command) (*reward.Row, verdict.Verdict) {
	next, _ := reward.Judge(row, c, nil, noon)
	v, ok := next.Verdict(c.ID)
	if !ok {
		t.Fatalf("no verdict on %+v", c)
	}
	return next, v
}

// Coins can be spent down to none, and not below.
func TestSpendingCoins(t *testing.T) {
	row, v := judged(t, having(500), spend("c1.1", "", 300))
	want := reward.Entry{Number: 2, SpendID: reward.SpendID("u", "c1.1"), Reason: "a coffee", Kind: reward.EntrySpend, Amount: -300, BalanceAfter: 200, At: noon}
	if got := row.Coins.Entries[1]; v.Result != verdict.Applied || row.Coins.Balance != 200 || got != want {
		t.Errorf("%+v: %+v", v, row.Coins)
	}
	refused, v := judged(t, row, spend("c2.1", "", 201))
	if v.Result != verdict.Refused || v.Problems.Code() != problem.InsufficientCoins || refused.Coins.Balance != 200 || refused.Coins.Count != 2 {
		t.Errorf("beyond what there is: %+v", v)
	}
	if v.Problems[0].Detail != "the user has 200 coins" {
		t.Errorf("%q", v.Problems[0].Detail)
	}
	if row, v = judged(t, row, spend("c3.1", "", 200)); v.Result != verdict.Applied || row.Coins.Balance != 0 {
		t.Errorf("all there is: %+v", v)
	}
	if _, v = judged(t, nil, spend("c4.1", "", 1)); v.Problems.Code() != problem.InsufficientCoins || v.Problems[0].Detail != "the user has no coins" {
		t.Errorf("of nobody: %+v", v)
	}
}

// After a claw-back of what was spent there is nothing to spend, whether the balance is below zero or there is a debt.
// Coins that come back from a spend pay the debt first.
func TestSpendingAfterAClawBack(t *testing.T) {
	for debt, want := range map[string]struct {
		detail        string
		balance, owed int64
	}{
		mission.DebtNegative: {"the user has -300 coins", -100, 0},
		mission.DebtFloor:    {"the user has no coins, and a debt of 300", 0, 100},
	} {
		row, _ := reward.ApplyAllotment(nil, "u", coins(budget.Reserved, "m", 500, debt), noon)
		row, _ = judged(t, row, spend("c1.1", "first", 200))
		row, _ = judged(t, row, spend("c2.1", "second", 100))
		row, _ = reward.ApplyAllotment(row, "u", coins(budget.Revoked, "m", 500, debt), noon)
		refused, v := judged(t, row, spend("c3.1", "", 1))
		if v.Problems.Code() != problem.InsufficientCoins || v.Problems[0].Detail != want.detail || refused.Coins.Count != row.Coins.Count {
			t.Errorf("%s: %+v, %+v", debt, v, row.Coins)
		}
		row, v = judged(t, row, giveBack("c4.1", "first"))
		if v.Result != verdict.Applied || row.Coins.Balance != want.balance || row.Coins.Debt != want.owed {
			t.Errorf("%s: %+v, %+v", debt, v, row.Coins)
		}
		if last := row.Coins.Entries[row.Coins.Count-1]; debt == mission.DebtFloor && (last.Kind != reward.EntryDebt || last.SpendID != "first" || last.Amount != -200) {
			t.Errorf("what pays the debt: %+v", last)
		}
	}
}

// One spend is done once: under its key, and under its id, however much the row has forgotten since, and after its
// entry has gone to a page.
func TestASpendIsDoneOnce(t *testing.T) {
	row := having(1_000_000)
	step := func(c *reward.Command, result verdict.Result, code string) {
		t.Helper()
		before := row.Coins
		next, v := judged(t, row, c)
		if v.Result != result || code != "" && v.Problems.Code() != code || result != verdict.Applied && next.Coins.Count != before.Count {
			t.Errorf("%s: %+v, want %s %s", c.ID, v, result, code)
		}
		row = next
	}
	step(spend("key.1", "", 100), verdict.Applied, "")
	step(spend("own.1", "order-1", 50), verdict.Applied, "")
	again := func() {
		t.Helper()
		step(spend("another.1", "order-1", 50), verdict.Unchanged, "")
		step(spend("yetanother.1", "order-1", 51), verdict.Refused, problem.Conflict)
		step(spend("key.2", "", 101), verdict.Refused, problem.Conflict)
	}
	again()
	for i := range 2*reward.PageSize + 3 {
		step(spend(fmt.Sprintf("many%d.1", i), "", 1), verdict.Applied, "")
	}
	if _, known := row.Verdict("key.1"); known || row.Coins.Entries[0].SpendID == "order-1" || row.Coins.Pages() == 0 {
		t.Fatal("the row remembers more than the test thinks")
	}
	step(spend("key.1", "", 100), verdict.Unchanged, "")
	again()
	step(giveBack("back.1", "order-1"), verdict.Applied, "")
	reversal := row.Coins.Spending("order-1").Reversal
	if e := row.Coins.Entries[len(row.Coins.Entries)-1]; e.Number != reversal || e.Kind != reward.EntrySpendReversal || e.Amount != 50 || e.SpendID != "order-1" || e.Reason != "no coffee" {
		t.Errorf("entry %+v, reversal %d", e, reversal)
	}
	step(giveBack("back.1", "order-1"), verdict.Applied, "") // the verdict that stands there
	step(giveBack("later.1", "order-1"), verdict.Unchanged, "")
	step(spend("another2.1", "order-1", 50), verdict.Unchanged, "") // a spend that was reversed is over
	step(giveBack("none.1", "order-2"), verdict.Refused, problem.NotFound)
}

// A row remembers the last spends, a bounded number of them.
func TestOldSpendsAreForgotten(t *testing.T) {
	row := having(2 * reward.MaxSpends)
	for i := range reward.MaxSpends + 1 {
		row, _ = judged(t, row, spend(fmt.Sprintf("c%d.1", i), fmt.Sprint("s", i), 1))
	}
	if n := len(row.Coins.Spends); n != reward.MaxSpends {
		t.Errorf("%d spends", n)
	}
	if _, v := judged(t, row, giveBack("a.1", "s0")); v.Problems.Code() != problem.NotFound {
		t.Errorf("the first: %+v", v)
	}
	if _, v := judged(t, row, giveBack("a.1", "s1")); v.Result != verdict.Applied {
		t.Errorf("the second: %+v", v)
	}
}

// What cannot be spent or given back is refused with what to write instead.
func TestRefusedSpends(t *testing.T) {
	for pointer, c := range map[string]*reward.Command{
		"/amount must be a whole number above 0": spend("c", "", 0), "/amount must be a whole number above 0 ": spend("c", "", -5),
		"/amount " + money.MaxDetail: spend("c", "", money.Max+1),
		"/spend_id must be 1 to 64 letters, digits, '.', '_', ':' and '-', beginning with a letter or a digit":  spend("c", "../x", 1),
		"/spend_id must be 1 to 64 letters, digits, '.', '_', ':' and '-', beginning with a letter or a digit ": spend("c", strings.Repeat("x", 65), 1),
	} {
		if _, v := judged(t, having(10), c); v.Result != verdict.Refused || len(v.Problems) != 1 || v.Problems[0].Pointer+" "+v.Problems[0].Detail != strings.TrimSpace(pointer) {
			t.Errorf("%+v: %+v", c, v)
		}
	}
	for _, reason := range []string{"", " ", "a\x1bb", strings.Repeat("x", 501)} {
		row, _ := judged(t, having(10), spend("s", "s", 1))
		for _, c := range []*reward.Command{spend("c", "", 1), giveBack("c", "s")} {
			c.Reason = reason
			if next, v := judged(t, row, c); v.Result != verdict.Refused || v.Problems[0].Pointer != "/reason" || next.Coins.Balance != 9 {
				t.Errorf("%q: %+v", reason, v)
			}
		}
	}
	full := &reward.Row{Coins: reward.Coins{Balance: money.MaxTotal}}
	full, _ = judged(t, full, spend("s", "s", 5))
	full.Coins.Balance = money.MaxTotal
	if next, v := judged(t, full, giveBack("c", "s")); v.Result != verdict.Refused || next.Coins.Balance != money.MaxTotal {
		t.Errorf("beyond the bound: %+v", v)
	}
}

// The audit has a line for every spend: who, why, what came of it, and the balance before and after.
func TestSpendsAreAudited(t *testing.T) {
	lineOf := func(row *reward.Row, c *reward.Command) *audit.Line {
		t.Helper()
		_, effects := reward.Judge(row, c, nil, noon)
		for _, e := range effects {
			if a, ok := e.(reward.Audited); ok {
				return a.Line
			}
		}
		t.Fatalf("no line: %+v", effects)
		return nil
	}
	row := having(500)
	line := lineOf(row, spend("c1.1", "order-1", 300))
	want := []audit.Difference{{Pointer: "/coins/balance", Before: "500", After: "200"}, {Pointer: "/spends/order-1", After: `{"amount":300,"state":"spent"}`}}
	if line.Action != audit.ActionCoinsSpent || line.SpendID != "order-1" || line.Actor != "shop" || line.Reason != "a coffee" || line.To != "spent" || !slices.Equal(line.Differences, want) {
		t.Errorf("%+v", line)
	}
	row, _ = judged(t, row, spend("c1.1", "order-1", 300))
	line = lineOf(row, giveBack("c2.1", "order-1"))
	want = []audit.Difference{{Pointer: "/coins/balance", Before: "200", After: "500"}, {Pointer: "/spends/order-1/state", Before: `"spent"`, After: `"reversed"`}}
	if line.Action != audit.ActionSpendReversed || line.SpendID != "order-1" || line.From != "spent" || line.To != "reversed" || !slices.Equal(line.Differences, want) {
		t.Errorf("%+v", line)
	}
	line = lineOf(row, spend("c3.1", "order-2", 300))
	if line.Result != verdict.Refused || line.SpendID != "" || len(line.Differences) > 0 || line.From+line.To != "" || !line.Problems.Has(problem.InsufficientCoins) {
		t.Errorf("refused: %+v", line)
	}
}

// Each entry is told in plain words.
func TestEntriesInWords(t *testing.T) {
	for want, e := range map[string]reward.Entry{
		"Won 1 coin":                       {Kind: reward.EntryReward, Amount: 1},
		"Given 50 coins":                   {Kind: reward.EntryGoodwill, Amount: 50},
		"Taken back 50 coins":              {Kind: reward.EntryClawback, Amount: -50},
		"Paid 50 coins of debt":            {Kind: reward.EntryDebt, Amount: -50},
		"Spent 100 coins":                  {Kind: reward.EntrySpend, Amount: -100},
		"100 coins came back from a spend": {Kind: reward.EntrySpendReversal, Amount: 100},
	} {
		if got := e.Summary(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, kind := range reward.EntryKinds() {
		if (reward.Entry{Kind: kind, Amount: 2}).Summary() == "" {
			t.Errorf("no words for %s", kind)
		}
	}
}

// wallet is the dumb model: what a user with one book has.
type wallet struct {
	balance, debt int64
	spends        map[string]int64 // what is spent, 0 once it came back
	won           map[string]int64
}

func (w *wallet) come(amount int64) {
	w.balance += amount
	for w.debt > 0 && w.balance > 0 {
		w.debt, w.balance = w.debt-1, w.balance-1
	}
}

// A coin is where the model says, whatever is won, lost, spent and given back in whatever order.
func TestCoinsAgainstTheModel(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		w := wallet{spends: map[string]int64{}, won: map[string]int64{}}
		var row *reward.Row
		debt := map[string]string{"a": mission.DebtNegative, "b": mission.DebtFloor, "c": mission.DebtFloor}
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			m, s := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "mission"), fmt.Sprint("s", rapid.IntRange(0, 4).Draw(t, "spend"))
			n := rapid.Int64Range(1, 9).Draw(t, "amount")
			want := verdict.Refused
			amount, spent := w.spends[s]
			switch what := rapid.IntRange(0, 3).Draw(t, "what"); {
			case what == 0 && w.won[m] == 0:
				row, _ = reward.ApplyAllotment(row, "u", coins(budget.Reserved, m, n, debt[m]), noon)
				w.won[m] = n
				w.come(n)
			case what == 0:
				row, _ = reward.ApplyAllotment(row, "u", coins(budget.Revoked, m, w.won[m], debt[m]), noon)
				for range w.won[m] {
					if debt[m] == mission.DebtFloor && w.balance <= 0 {
						w.debt++
					} else {
						w.balance--
					}
				}
				w.won[m] = 0
			case what == 3:
				switch {
				case spent && amount == 0:
					want = verdict.Unchanged
				case spent:
					want = verdict.Applied
					w.come(amount)
					w.spends[s] = 0
				}
				var v verdict.Verdict
				if row, v = judged(t, row, giveBack(fmt.Sprintf("c%d.1", i), s)); v.Result != want {
					t.Fatalf("%s comes back: %+v, want %s", s, v, want)
				}
			default:
				switch {
				case spent && row.Coins.Spending(s).Amount == n:
					want = verdict.Unchanged
				case !spent && w.balance >= n:
					want = verdict.Applied
					w.balance -= n
					w.spends[s] = n
				}
				var v verdict.Verdict
				if row, v = judged(t, row, spend(fmt.Sprintf("c%d.1", i), s, n)); v.Result != want {
					t.Fatalf("%s of %d: %+v, want %s: %+v", s, n, v, want, w)
				}
			}
			if row != nil && (row.Coins.Balance != w.balance || row.Coins.Debt != w.debt) {
				t.Fatalf("%+v, the model has %+v", row.Coins, w)
			}
		}
	})
}
