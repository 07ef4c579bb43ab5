package mission

import (
	"testing"
	_ "time/tzdata"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// at parses RFC 3339.
func at(text string) instant.Milli {
	var m instant.Milli
	if err := m.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return m
}

func text(s string) Value { return Value{Kind: TextValue, Text: s} }

func num(s string) Value { return Value{Kind: NumberValue, Text: s} }

func boolean(s string) Value { return Value{Kind: BoolValue, Text: s} }

func where(id string, op Operator, values ...Value) Filter {
	return Filter{ID: id, Operator: op, Values: values}
}

// swiggy is the mission of docs/missions.md.
func swiggy() Mission {
	m := Default()
	m.ID, m.Title, m.Currency = "swiggy-500", "Spend ₹500 at Swiggy", "INR"
	m.Goal = Goal{Metric: MetricAmount, Target: 50000}
	m.Filters = []Filter{where("amount", Gte, num("10000")), where("merchant", Eq, text("swiggy"))}
	m.Window = Window{Kind: WindowFixed, From: "2026-03-01", To: "2026-03-08"}
	m.TimeZone = "Asia/Kolkata"
	m.Reward = Reward{Kind: RewardCoins, Amount: 100}
	m.Status = Active
	return m
}

// everything counts all payments in INR of March 2026.
func everything(id, metric string, target int64) Mission {
	m := Default()
	m.ID, m.Currency = id, "INR"
	m.Goal = Goal{Metric: metric, Target: target}
	m.Window = Window{Kind: WindowFixed, From: "2026-03-01", To: "2026-04-01"}
	m.Reward = Reward{Kind: RewardCoins, Amount: 10}
	m.Status = Active
	return m
}

func compiled(t testing.TB, m Mission) *Plan {
	t.Helper()
	v := NewHistory(m, at("2026-02-20T00:00:00Z"))
	c, problems := Compile(&v)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return c
}

func snapshot(t testing.TB, missions ...Mission) *Snapshot {
	t.Helper()
	list := make([]*Plan, len(missions))
	for i, m := range missions {
		list[i] = compiled(t, m)
	}
	return newSnapshot(list)
}

func facts(id string, amount int64, created string) payment.Facts {
	return payment.Facts{
		TransactionID: id, UserID: "u1", AmountMinor: amount, Currency: "INR", Mode: "upi", Instrument: "sbi", Gateway: "razorpay",
		Labels: payment.Labels{payment.Merchant: "swiggy", payment.Category: "food"}, Attributes: []payment.Attribute{{Key: "card", Value: "famcard"}, {Key: "n", Value: "12.50"}},
		CreatedAt: at(created),
	}
}

// settled is the first posting of a payment.
func settled(f payment.Facts) *ledger.Posting {
	return &ledger.Posting{Facts: f, Kind: ledger.PaymentSettled, EventID: "e-" + f.TransactionID, Seq: 1, NetAfter: f.AmountMinor, At: f.CreatedAt}
}

// moved is a later posting of the payment of p: its net is now net.
func moved(p *ledger.Posting, net int64) *ledger.Posting {
	next := *p
	next.Seq++
	next.NetBefore, next.NetAfter = p.NetAfter, net
	next.Kind = ledger.PaymentReversed
	if net > p.NetAfter {
		next.Kind = ledger.ReversalReturned
	}
	return &next
}

func fold(row *UserRow, s *Snapshot, postings ...*ledger.Posting) (*UserRow, []Effect) {
	var all []Effect
	for _, p := range postings {
		var effects []Effect
		row, effects = Apply(row, p, s, DefaultConfig())
		all = append(all, effects...)
	}
	return row, all
}

func progress(t testing.TB, row *UserRow, s *Snapshot, id string) View {
	t.Helper()
	v, ok := ViewOf(row, "u1", id, s, at("2026-03-31T00:00:00Z"), DefaultConfig())
	if !ok {
		t.Fatalf("mission %s is not visible", id)
	}
	return v
}
