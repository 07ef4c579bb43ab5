package audit_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/audit"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine/position"
)

// middle is an audit, without copies of the tables, that begins when much has been and some is under way. What happens
// the test puts there, step by step.
type middle struct {
	*still
	metrics *audit.Metrics
	looked  chan struct{}
	log     bytes.Buffer // not to be read before end
	end     func()
}

func (s *still) watch() *middle {
	m := &middle{still: s, metrics: audit.NewMetrics(prometheus.NewRegistry()), looked: make(chan struct{})}
	c := s.config()
	c.Log = slog.New(slog.NewTextHandler(&m.log, nil))
	now := time.Now()
	c.Clock = signalling(m.looked, func() time.Time { // what is seen unchanged at two looks has lasted long enough
		now = now.Add(c.Settle)
		return now
	})
	m.end = watch(s.t, c, m.metrics)
	m.finds("at the start", 0)
	return m
}

// finds waits until all that is there has been looked at often enough, and holds what stands then against want.
func (m *middle) finds(when string, want int64) {
	m.t.Helper()
	for range 12 {
		<-m.looked
	}
	got := int64(0)
	if n := m.metrics.State().Difference["INR"]; n != nil {
		got = n.Int64()
	}
	if got != want {
		m.t.Errorf("%s: the audit finds a difference of %d INR, want %d", when, got, want)
	}
}

// allot reserves money of a mission's budget, return is what became of it, and the budget's row says what it makes of
// both.
func (s *still) allot(amount int64) {
	a := &budget.Allotment{
		Verdict: budget.Reserved, UserID: "u1", Mission: "m1", Version: 1, Currency: "INR", Amount: amount,
		Reward: mission.Reward{Kind: mission.RewardCash, Amount: amount}, At: 1_772_359_200_000,
	}
	s.put(s.topology.RewardsIn.Name, "u1", encoded(s, a, rewardcodec.Allotment{}.Encode))
}

func (s *still) returns(movement budget.Movement, amount int64) {
	r := &budget.Return{Movement: movement, Mission: "m1", Unit: "INR", Amount: amount, RewardID: "r1", Epoch: 1, At: 1_772_359_200_000}
	s.put(s.topology.BudgetReturns.Name, "m1", encoded(s, r, rewardcodec.BudgetReturn{}.Encode))
}

func (s *still) budget(reserved, spent, handled int64) {
	row := &budget.Row{Mission: &budget.Mission{Version: 1, Accounts: []budget.Account{{Unit: "INR", Reserved: reserved, Spent: spent}}, Winners: 2}}
	s.put(string(s.topology.Budget.Table()), "m1", encoded(s, row, rewardcodec.BudgetRow{}.Encode))
	s.put(string(s.topology.Budget.Table()), position.Key, position.Position{s.topology.BudgetReturns.Name: handled}.Append(nil))
}

// A budget of which the audit has not seen the beginning is held against how it was found: not while something from
// before is still on its way.
func TestBudgetsInTheMiddle(t *testing.T) {
	s := newStill(t)
	s.allot(5_000)
	s.budget(5_000, 0, 0)
	s.returns(budget.Spent, 700) // nobody has handled it
	m := s.watch()
	m.allot(100)
	m.budget(5_100, 0, 0)
	m.finds("more is reserved", 0)
	m.budget(4_400, 700, 1)
	m.finds("what was under way is handled", 0)
	m.returns(budget.Spent, 100)
	m.finds("spent, and not handled yet", 0)
	m.budget(4_300, 800, 2)
	m.finds("spent", 0)
	m.budget(4_300, 850, 2)
	m.finds("50 from nowhere", 50)
	m.budget(4_300, 800, 2)
	m.finds("as it was", 0)
	m.end()
	if n := bytes.Count(m.log.Bytes(), []byte("\n")); n != 1 || !bytes.Contains(m.log.Bytes(), []byte("check=budgets")) {
		t.Errorf("the log should tell of the 50 alone: %s", m.log.Bytes())
	}
}

// The same of users: the row as it was found holds a payment less, and gets it from a posting that came before.
func TestUsersInTheMiddle(t *testing.T) {
	s := newStill(t)
	post := func(id string, seq, amount int64) {
		facts := payment.Facts{TransactionID: id, UserID: "u1", AmountMinor: amount, Currency: "INR"}
		p := &ledger.Posting{Facts: facts, Kind: ledger.PaymentSettled, EventID: "e" + id, Seq: seq, NetAfter: amount, At: 1_772_359_200_000}
		s.put(s.topology.Postings.Name, "u1", encoded(s, p, ledgercodec.Posting{}.Encode))
	}
	user := func(received, handled int64) {
		row := &mission.UserRow{Received: []mission.Received{{Currency: "INR", Net: money.TotalOf(received)}}}
		s.put(string(s.topology.Progress.Table()), "u1", encoded(s, row, missioncodec.UserRow{}.Encode))
		s.put(string(s.topology.Progress.Table()), position.Key, position.Position{s.topology.Postings.Name: handled}.Append(nil))
	}
	post("t1", 1, 500)
	post("t2", 1, 300)
	m := s.watch()
	user(500, 1)
	m.finds("the first is handled", 0)
	user(800, 2)
	m.finds("the second is handled", 0)
	post("t3", 1, 40)
	m.finds("a third, not handled yet", 0)
	user(840, 3)
	m.finds("the third is handled", 0)
	user(870, 3)
	m.finds("30 from nowhere", 30)
	m.end()
	if n := bytes.Count(m.log.Bytes(), []byte("\n")); n != 1 || !bytes.Contains(m.log.Bytes(), []byte("check=conservation")) {
		t.Errorf("the log should tell of the 30 alone: %s", m.log.Bytes())
	}
}
