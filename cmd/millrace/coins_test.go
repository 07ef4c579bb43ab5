package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSpentCoinsAreLost spends coins that a mission gave and refunds the payment that won them, against a dev: the
// balance goes below zero, or becomes a debt, as the mission says. Nothing can be spent then, what comes back from a
// spend pays first, and the books of verify are even.
func TestSpentCoinsAreLost(t *testing.T) {
	r := startTour(t)
	elsewhere(t)
	run := func(code int, args ...string) answer {
		t.Helper()
		return millrace(t, code, append(args, "--server", r.server, "--brokers", r.brokers)...)
	}
	event := func(id, user, kind, merchant string) string {
		return fmt.Sprintf(`{"id":"%s-%s","type":%q,"transaction_id":%q,"user_id":%q,"amount":60000,"currency":"INR","status":"success","mode":"upi","instrument":"sbi","merchant":%q,"updated_at":%q}`+"\n",
			kind, id, kind, id, user, merchant, time.Now().UTC().Format(time.RFC3339))
	}
	mission := strings.Replace(goodMission, `{kind: fixed, from: "2026-03-01", to: "2026-03-08"}`, `{kind: fixed, from: "2020-01-01", to: "2040-01-01"}`, 1)
	run(0, "mission", "apply", "-f", write(t, "negative.yaml", strings.NewReplacer("swiggy-500", "tokai-500", "swiggy", "tokai").Replace(mission)))
	floor := strings.NewReplacer("swiggy-500", "zomato-500", "swiggy", "zomato").Replace(mission)
	run(0, "mission", "apply", "-f", write(t, "floor.yaml", strings.Replace(floor, "reward:", "debt: floor\n  reward:", 1)))
	run(0, "replay", write(t, "p.jsonl", event("txn_1", "shopper_1", "payment", "tokai")+event("txn_2", "shopper_2", "payment", "zomato")), "--wait")

	for _, user := range []string{"shopper_1", "shopper_2"} {
		spend := func(code int, amount int, args ...string) answer {
			t.Helper()
			return run(code, append([]string{"coins", "spend", user, "--amount", fmt.Sprint(amount), "--reason", "a coffee"}, args...)...)
		}
		for range 2 { // by one id it is done once
			lacks(t, spend(0, 70, "--spend-id", "order-1").out, "order-1", "spent", "Spent 70 coins", "a coffee", " 30 ")
		}
		lacks(t, spend(1, 31).errs, "409 insufficient_coins", "the user has 30 coins")
		lacks(t, spend(1, 7, "--spend-id", "order-1").errs, "409 idempotency_conflict")
		lacks(t, spend(1, 0).errs, "/amount")
		lacks(t, run(1, "coins", "reverse", user, "order-9", "--reason", "r").errs, `there is no spend "order-9" of user "`+user+`"`, "millrace user coins "+user)
	}
	run(0, "replay", write(t, "r.jsonl", event("txn_1", "shopper_1", "reversal", "tokai")+event("txn_2", "shopper_2", "reversal", "zomato")), "--wait")

	want := func(user string, balance, debt int) {
		t.Helper()
		var got struct{ Balance, Debt int }
		if err := json.Unmarshal([]byte(run(0, "user", "coins", user, "-o", "json").out), &got); err != nil || got.Balance != balance || got.Debt != debt {
			t.Errorf("%s: %+v (%v), want %d and a debt of %d", user, got, err, balance, debt)
		}
	}
	want("shopper_1", -70, 0)
	want("shopper_2", 0, 70)
	lacks(t, run(1, "coins", "spend", "shopper_1", "--amount", "1", "--reason", "r").errs, "409 insufficient_coins", "the user has -70 coins")
	lacks(t, run(1, "coins", "spend", "shopper_2", "--amount", "1", "--reason", "r").errs, "409 insufficient_coins", "the user has no coins, and a debt of 70")
	for _, user := range []string{"shopper_1", "shopper_2"} {
		for range 2 { // the second time there is nothing to do
			lacks(t, run(0, "coins", "reverse", user, "order-1", "--reason", "it was cold").out, "order-1", "reversed", "70 coins came back from a spend", "it was cold")
		}
		want(user, 0, 0)
		lacks(t, run(0, "user", "coins", user).out, "Won 100 coins", "Spent 70 coins", "Taken back", "70 coins came back from a spend", "order-1", "a coffee", "it was cold")
	}
	lacks(t, run(0, "user", "coins", "shopper_2").out, "Paid 70 coins of debt")
	lacks(t, run(0, "verify").out, "coins")
}
