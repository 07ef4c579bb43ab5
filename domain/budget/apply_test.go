package budget_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

func outcome(kind mission.OutcomeKind, user string, amount int64, l mission.Limits) *mission.Outcome {
	return &mission.Outcome{
		Kind: kind, UserID: user, Mission: "m", Version: 1, Iteration: 1, Currency: "INR", Limits: l,
		Reward: mission.Reward{Kind: mission.RewardCoins, Amount: amount},
	}
}

// allotment returns the one allotment among effects.
func allotment(t interface{ Fatalf(string, ...any) }, effects []budget.Effect) *budget.Allotment {
	for _, e := range effects {
		if a, ok := e.(budget.Allotted); ok {
			return a.Allotment
		}
	}
	t.Fatalf("no allotment among %v", effects)
	return nil
}

// model is a budget as one would keep it on paper: a list of what was promised, and what became of it.
type model struct {
	promised []promise
}

type promise struct {
	unit   string
	amount int64
	state  budget.Movement // empty: reserved
}

func (m *model) sum(unit string, state budget.Movement) (sum, n int64) {
	for _, p := range m.promised {
		if p.state == state && p.unit == unit {
			sum += p.amount
			n++
		}
	}
	return sum, n
}

func (m *model) winners() int64 {
	n := int64(0)
	for _, p := range m.promised {
		if p.state == "" || p.state == budget.Spent {
			n++
		}
	}
	return n
}

// want says what a completion should find.
func (m *model) want(o *mission.Outcome, unit string, l mission.Limits) (int64, string) {
	reserved, _ := m.sum(unit, "")
	spent, _ := m.sum(unit, budget.Spent)
	left := l.Budget - reserved - spent
	switch {
	case l.MaxWinners > 0 && m.winners() >= l.MaxWinners:
		return 0, budget.ReasonWinners
	case l.Budget == 0 || o.Reward.Amount <= left:
		return o.Reward.Amount, ""
	case left > 0 && l.OverBudget == mission.OverBudgetTruncate && o.Reward.Kind != mission.RewardGiftCard && o.Reward.Kind != mission.RewardCustom:
		return left, ""
	}
	return 0, budget.ReasonBudget
}

// Any order of completions, revocations, returns and edits: the row says what a list on paper says, and nothing is
// given beyond the limits in force.
func TestBudgetIsExact(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		var row *budget.Row
		m := &model{}
		limits := map[int64]mission.Limits{}
		newest := int64(0)
		for range 60 {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1, 2:
				version := rapid.Int64Range(1, newest+1).Draw(t, "version")
				if _, ok := limits[version]; !ok {
					limits[version] = mission.Limits{
						Budget: rapid.SampledFrom([]int64{0, 100, 250}).Draw(t, "budget"), MaxWinners: rapid.Int64Range(0, 4).Draw(t, "winners"),
						OverBudget: rapid.SampledFrom([]string{mission.OverBudgetReject, mission.OverBudgetTruncate}).Draw(t, "over"),
					}
				}
				newest = max(newest, version)
				o := outcome(mission.Completed, "u", rapid.Int64Range(0, 120).Draw(t, "amount"), limits[version])
				o.Version = version
				o.Reward.Kind = rapid.SampledFrom([]string{mission.RewardCoins, mission.RewardScratchCard, mission.RewardCash, mission.RewardGiftCard, mission.RewardCustom}).Draw(t, "kind")
				unit := mission.UnitOf(o.Reward.Kind, o.Currency)
				amount, reason := m.want(o, unit, limits[newest])
				next, effects := budget.Judge(row, o)
				a := allotment(t, effects)
				if a.Amount != amount || a.Reason != reason || (a.Verdict == budget.Exhausted) != (reason != "") {
					t.Fatalf("%+v, want %d %q", a, amount, reason)
				}
				if reason == "" {
					m.promised = append(m.promised, promise{unit: unit, amount: amount})
				}
				row = next
			case 3:
				next, effects := budget.Judge(row, outcome(mission.Revoked, "u", 5, mission.Limits{}))
				if a := allotment(t, effects); a.Verdict != budget.Revoked {
					t.Fatalf("%+v", a)
				}
				newest = max(newest, 1)
				if newest == 1 {
					limits[1] = mission.Limits{} // version 1 again, and what it says now
				}
				row = next
			default:
				if len(m.promised) == 0 {
					continue
				}
				p := &m.promised[rapid.IntRange(0, len(m.promised)-1).Draw(t, "which")]
				movement := map[budget.Movement]budget.Movement{"": rapid.SampledFrom([]budget.Movement{budget.Returned, budget.Spent}).Draw(t, "movement"), budget.Spent: budget.Recovered}[p.state]
				if movement == "" {
					continue
				}
				p.state = movement
				next, effects := budget.Resolve(row, &budget.Return{Movement: movement, Mission: "m", Unit: p.unit, Amount: p.amount})
				if len(effects) > 0 {
					t.Fatalf("%v", effects)
				}
				row = next
			}
			check(t, row, m, limits[newest])
		}
	})
}

func check(t *rapid.T, row *budget.Row, m *model, l mission.Limits) {
	if row == nil {
		return
	}
	for _, unit := range []string{mission.Coins, "INR"} {
		reserved, _ := m.sum(unit, "")
		spent, _ := m.sum(unit, budget.Spent)
		returned, _ := m.sum(unit, budget.Returned)
		recovered, _ := m.sum(unit, budget.Recovered)
		want := budget.Account{Unit: unit, Reserved: reserved, Spent: spent, Returned: returned + recovered}
		if diff := cmp.Diff(want, row.Mission.Account(unit)); diff != "" {
			t.Fatalf("account (-paper +row):\n%s", diff)
		}
		if left, ok := row.Mission.Left(unit); ok && spent+reserved+left != l.Budget {
			t.Fatalf("%s: spent %d + reserved %d + left %d is not %d", unit, spent, reserved, left, l.Budget)
		}
	}
	if row.Mission.Winners != m.winners() {
		t.Fatalf("%d winners, want %d", row.Mission.Winners, m.winners())
	}
}

func TestRaisedBudgetLetsLaterCompletionsIn(t *testing.T) {
	limits := func(budget int64) mission.Limits {
		return mission.Limits{Budget: budget, OverBudget: mission.OverBudgetReject}
	}
	var row *budget.Row
	verdict := func(version, limit int64) budget.Verdict {
		o := outcome(mission.Completed, "u", 100, limits(limit))
		o.Version = version
		next, effects := budget.Judge(row, o)
		row = next
		return allotment(t, effects).Verdict
	}
	for i, c := range []struct {
		version, limit int64
		want           budget.Verdict
	}{{1, 100, budget.Reserved}, {1, 100, budget.Exhausted}, {2, 300, budget.Reserved}, {1, 100, budget.Reserved}, {1, 100, budget.Exhausted}} {
		if got := verdict(c.version, c.limit); got != c.want {
			t.Errorf("completion %d: %s", i, got)
		}
	}
}

func TestDamagedRecordsAreRejected(t *testing.T) {
	row, _ := budget.Judge(nil, outcome(mission.Completed, "u", 100, mission.Limits{}))
	for name, r := range map[string]*budget.Return{
		"more than reserved": {Movement: budget.Spent, Unit: mission.Coins, Amount: 101}, "negative": {Movement: budget.Returned, Unit: mission.Coins, Amount: -1},
		"never spent": {Movement: budget.Recovered, Unit: mission.Coins, Amount: 1}, "other unit": {Movement: budget.Returned, Unit: "INR", Amount: 1},
		"unknown": {Movement: "lost", Unit: mission.Coins, Amount: 1},
	} {
		if next, effects := budget.Resolve(row, r); next != row || len(effects) != 1 || effects[0] == (budget.Rejected{}) {
			t.Errorf("%s: %v", name, effects)
		}
	}
	for name, o := range map[string]*mission.Outcome{
		"kind": outcome("x", "u", 1, mission.Limits{}), "user": outcome(mission.Completed, "", 1, mission.Limits{}),
		"amount": outcome(mission.Completed, "u", -1, mission.Limits{}), "large": outcome(mission.Revoked, "u", money.Max+1, mission.Limits{}),
	} {
		next, effects := budget.Judge(row, o)
		if _, rejected := effects[0].(budget.Rejected); next != row || !rejected {
			t.Errorf("%s: %v", name, effects)
		}
	}
}

// A budget that is raised holds from the next completion on that brings the newer limits, whatever version its user is
// in; an older record does not take it back.
func TestRaisedBudget(t *testing.T) {
	first, second := mission.Limits{Budget: 10}, mission.Limits{Budget: 25}
	var row *budget.Row
	var got []budget.Verdict
	for _, o := range []struct {
		limits mission.Limits
		of     int64
	}{{first, 0}, {first, 1}, {second, 2}, {first, 1}} {
		c := outcome(mission.Completed, "u", 10, o.limits)
		c.LimitsOf = o.of
		next, effects := budget.Judge(row, c)
		row, got = next, append(got, allotment(t, effects).Verdict)
	}
	if diff := cmp.Diff([]budget.Verdict{budget.Reserved, budget.Exhausted, budget.Reserved, budget.Exhausted}, got); diff != "" {
		t.Error(diff)
	}
	if left, limited := row.Mission.Left(mission.Coins); left != 5 || !limited || row.Mission.Version != 2 {
		t.Errorf("%+v", row.Mission)
	}
}
