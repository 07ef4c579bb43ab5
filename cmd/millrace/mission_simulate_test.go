package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/simulation"
	"github.com/millrace/millrace/engine/embedded"
)

func TestMissionSimulate(t *testing.T) {
	elsewhere(t)
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	to := []string{"--brokers", b.Addr(), "--partitions", "2", "--replication", "1"}
	millrace(t, 0, append([]string{"topics", "apply"}, to...)...)
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i := range 5 { // a payment a day, of two users
		at := instant.Milli(1_772_366_400_000 + int64(i)*86_400_000) // from 2026-03-01T12:00:00Z on
		user := fmt.Sprint("u", i%2)
		p := &ledger.Posting{Kind: ledger.PaymentSettled, Seq: 1, NetAfter: 20_000, At: at, Facts: payment.Facts{
			TransactionID: fmt.Sprint("t", i), UserID: user, AmountMinor: 20_000, Currency: "INR", Labels: payment.Labels{payment.Merchant: "swiggy"}, CreatedAt: at,
		}}
		if i == 4 {
			p.Labels[payment.Merchant] = "zomato"
		}
		value, err := ledgercodec.Posting{}.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "postings", Key: []byte(user), Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	file := write(t, "m.yaml", `
- id: draft
  title: Spend
  currency: INR
  goal: {metric: amount, target: 40000}
  filters: [{id: merchant, operator: eq, values: swiggy}]
  window: {kind: fixed, from: "2026-03-01", to: "2026-03-08"}
  time_zone: Asia/Kolkata
  reward: {kind: coins, amount: 100}
`)
	simulate := func(code int, more ...string) answer {
		t.Helper()
		return millrace(t, code, append(append([]string{"mission", "simulate", "-f", file}, to...), more...)...)
	}
	var got simulation.Result
	if err := json.Unmarshal([]byte(simulate(0, "-o", "json").out), &got); err != nil {
		t.Fatal(err)
	}
	want := simulation.Result{
		Users: 2, Completions: 2, Cost: 200, ByDay: []simulation.Day{{Day: "2026-03-03", Completions: 1, Cost: 100}, {Day: "2026-03-04", Completions: 1, Cost: 100}},
		NotCounted: []simulation.Count{{Reason: "filter", Count: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	lacks(t, simulate(0, "--from", "2026-03-02", "--to", "2026-03-05T00:00:00Z").out, "DRAFT", "window: 2026-03-01 to 2026-03-07 Asia/Kolkata", "2026-03-04", "users")
	lacks(t, simulate(2, "--from", "2026-03-02", "--to", "2026-03-02").errs, "--to must be after --from")
	lacks(t, simulate(2, "--from", "yesterday").errs, "--from")
	millrace(t, 2, append([]string{"mission", "simulate", "-f", file}, nobody()...)...)
}
