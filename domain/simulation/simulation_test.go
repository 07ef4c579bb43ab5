package simulation_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/simulation"
)

const (
	noon = instant.Milli(1_772_366_400_000) // 2026-03-01T12:00:00Z
	day  = instant.Milli(86_400_000)
)

func draft() mission.Mission {
	m := mission.Default()
	m.ID, m.Title, m.Currency = "m", "Pay", "INR"
	m.Goal = mission.Goal{Metric: mission.MetricCount, Target: 1}
	m.Window = mission.Window{Kind: mission.WindowFixed, From: "2026-02-27", To: "2026-03-10"}
	m.TimeZone, m.Reward.Kind, m.Reward.Amount = "Asia/Kolkata", mission.RewardCoins, 10
	m.Limits.CompletionsPerUser = 2
	m.Status = mission.Draft
	return m
}

func paid(transaction, user, currency string, at instant.Milli) *ledger.Posting {
	return &ledger.Posting{
		Facts: payment.Facts{TransactionID: transaction, UserID: user, AmountMinor: 100, Currency: currency, CreatedAt: at},
		Kind:  ledger.PaymentSettled, Seq: 1, NetAfter: 100, At: at,
	}
}

func reversal(p *ledger.Posting, at instant.Milli) *ledger.Posting {
	q := *p
	q.Kind, q.Seq, q.NetBefore, q.NetAfter, q.At = ledger.PaymentReversed, 2, p.NetAfter, 0, at
	return &q
}

func run(t *testing.T, m mission.Mission, cfg simulation.Config, partitions ...[]*ledger.Posting) simulation.Result {
	t.Helper()
	cfg.Missions = mission.DefaultConfig()
	s, problems := simulation.New(m, cfg)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, postings := range partitions {
		for _, p := range postings {
			if err := s.Apply(p); err != nil {
				t.Fatal(err)
			}
		}
		s.Forget()
	}
	return s.Result()
}

func TestWhatADraftWouldHaveCost(t *testing.T) {
	first := paid("t1", "u1", "INR", noon)
	got := run(t, draft(), simulation.Config{},
		[]*ledger.Posting{first, paid("t2", "u1", "INR", noon+day), paid("t3", "u1", "INR", noon+day), reversal(first, noon+2*day)}, // the third stays in for the first
		[]*ledger.Posting{paid("t4", "u2", "INR", noon), paid("t5", "u2", "USD", noon), paid("t6", "u3", "INR", noon+20*day), paid("t7", "u3", "INR", noon-20*day)})
	want := simulation.Result{
		Users: 2, Completions: 3, Cost: 30,
		ByDay:      []simulation.Day{{"2026-03-01", 2, 20}, {"2026-03-02", 1, 10}},
		NotCounted: []simulation.Count{{"outside_window", 2}, {"currency", 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A revoked completion comes off on its day; a payment of midnight belongs to the mission's local day.
func TestDaysAreLocalAndRevocationsCount(t *testing.T) {
	late := paid("t1", "u1", "INR", noon+7*3_600_000) // 00:30 in India
	got := run(t, draft(), simulation.Config{}, []*ledger.Posting{late, reversal(late, noon+2*day)})
	want := simulation.Result{Users: 1, ByDay: []simulation.Day{{"2026-03-02", 1, 10}, {"2026-03-03", -1, -10}}, NotCounted: []simulation.Count{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBudgetAndBoundsHold(t *testing.T) {
	m := draft()
	m.Limits.Budget, m.Limits.OverBudget = 25, mission.OverBudgetTruncate
	postings := []*ledger.Posting{paid("t1", "u1", "INR", noon), paid("t2", "u2", "INR", noon), paid("t3", "u3", "INR", noon), paid("t4", "u4", "INR", noon)}
	if got := run(t, m, simulation.Config{}, postings); got.Completions != 3 || got.Cost != 25 || got.Users != 4 {
		t.Errorf("%+v", got)
	}
	if got := run(t, draft(), simulation.Config{From: noon + 1, To: noon + day}, postings); got.Completions != 0 || got.Users != 0 {
		t.Errorf("payments out of bounds count: %+v", got)
	}
	if got := run(t, draft(), simulation.Config{From: noon, To: noon + 1}, postings); got.Completions != 4 {
		t.Errorf("payments at the bounds: %+v", got)
	}
	s, problems := simulation.New(draft(), simulation.Config{Missions: mission.DefaultConfig(), MaxUsers: 3})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var err error
	for _, p := range postings {
		err = errors.Join(err, s.Apply(p))
	}
	if !errors.Is(err, simulation.ErrUsers) {
		t.Errorf("four users of three: %v", err)
	}
	m.TimeZone = "Nowhere"
	if _, problems := simulation.New(m, simulation.Config{}); len(problems) == 0 {
		t.Error("a mission that is not valid was taken")
	}
}

// A mission of the largest rewards and no limits: its cost stops at the bound of a budget, and never wraps.
func TestCostNeverOverflows(t *testing.T) {
	m := draft()
	m.Reward.Amount = money.Max
	var postings []*ledger.Posting
	for i := range 2*money.MaxTotal/money.Max + 7 {
		postings = append(postings, paid(fmt.Sprint("t", i), fmt.Sprint("u", i), "INR", noon))
	}
	got := run(t, m, simulation.Config{}, postings)
	if got.Cost != money.MaxTotal || got.Completions != money.MaxTotal/money.Max || len(got.ByDay) != 1 || got.ByDay[0].Cost != money.MaxTotal {
		t.Errorf("%+v", got)
	}
}
