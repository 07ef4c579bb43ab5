package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A payment completes a mission, its reward is granted; the payment is taken back, and so is the reward.
func TestDevRefundClawsBack(t *testing.T) {
	elsewhere(t)
	r := startTour(t)
	file := write(t, "m.yaml", `
- id: one
  title: Pay once
  currency: INR
  goal: {metric: count, target: 1}
  filters: []
  window: {kind: fixed, from: "2020-01-01", to: "2040-01-01"}
  time_zone: Asia/Kolkata
  reward: {kind: coins, amount: 100}
  status: active
`)
	to := []string{"--server", r.server, "--brokers", r.brokers}
	run := func(code int, args ...string) answer {
		t.Helper()
		return millrace(t, code, append(args, to...)...)
	}
	run(0, "mission", "apply", "-f", file)
	now := time.Now().UTC().Format(time.RFC3339)
	paid := write(t, "paid.jsonl", fmt.Sprintf(`{"id":"e1","type":"payment","transaction_id":"txn_1","user_id":"usr_1","amount":12550,"currency":"INR","status":"success","mode":"upi","updated_at":%q}
{"id":"e2","type":"payment","transaction_id":"txn_2","user_id":"usr_1","amount":100,"currency":"INR","status":"failed","mode":"upi","updated_at":%q}
`, now, now))
	run(0, "replay", paid, "--wait")
	token := strings.TrimSpace(run(0, "token", "mint", "--sub", "usr_1", "--role", "user").out)
	state := func(want string) {
		t.Helper()
		for {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.server+"/v1/users/me/rewards", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatalf("no reward is %s: %v", want, err)
			}
			var list struct {
				Items []struct {
					State     string
					MissionID string `json:"mission_id"`
				}
			}
			err = json.NewDecoder(resp.Body).Decode(&list)
			_ = resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range list.Items {
				if w.MissionID == "one" && w.State == want {
					return
				}
			}
		}
	}
	state("granted")
	lacks(t, run(0, "dev", "refund", "txn_1").out, "TRANSACTION", "txn_1", "usr_1", "12550")
	state("clawed_back")
	lacks(t, run(1, "dev", "refund", "txn_1").errs, "nothing is left of payment txn_1")
	lacks(t, run(1, "dev", "refund", "txn_2").errs, "payment txn_2 is failed")
	lacks(t, run(1, "dev", "refund", "txn_3").errs, `there is no payment "txn_3"`)
	lacks(t, run(0, "verify").out, "conservation  true")
	lacks(t, run(0, "mission", "simulate", "-f", file).out, "ONE", "all")
	var would struct{ Transactions, Rows int }
	if err := json.Unmarshal([]byte(run(0, "erase-user", "usr_1", "--dry-run", "-o", "json").out), &would); err != nil || would.Transactions != 2 || would.Rows == 0 {
		t.Errorf("%+v, %v", would, err)
	}
	lacks(t, run(0, "erase-user", "usr_1", "--dry-run").out, "transactions that would be nobody's  2", fmt.Sprintf("rows that would go                   %d\n", would.Rows), "holds the user", "transaction txn_1", "kept in postings")
	lacks(t, run(2, "erase-user", "usr_1").errs, "cannot be undone", "--yes", "--dry-run") // nobody can be asked here
	lacks(t, run(0, "erase-user", "usr_1", "--yes").out, "transactions that are nobody's now  2", fmt.Sprintf("rows deleted                        %d\n", would.Rows), "kept in postings")
	lacks(t, run(1, "dev", "refund", "txn_1").errs, "the user of payment txn_1 was erased")
	if shown := run(0, "transaction", "get", "txn_1", "-o", "json").out; !strings.Contains(shown, `"user_id": null`) && !strings.Contains(shown, `"user_id":null`) {
		t.Error(shown)
	}
	lacks(t, run(0, "verify").out, "conservation  true", "budgets       true")
	for _, again := range []string{"--yes", "--dry-run"} {
		lacks(t, run(1, "erase-user", "usr_1", again).errs, `no row holds user "usr_1"`)
	}
}
