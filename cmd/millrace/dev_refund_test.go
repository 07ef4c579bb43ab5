package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A refund of history comes at the time that the deployment has reached: one of now would find the payment expired.
func TestDevRefundOfHistory(t *testing.T) {
	tour, err := filepath.Abs("../../examples/tour/payments.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	r := startTour(t)
	run := func(code int, args ...string) answer {
		t.Helper()
		return millrace(t, code, append(args, "--server", r.server, "--brokers", r.brokers)...)
	}
	run(0, "replay", tour, "--advance", "2m", "--wait")
	var got shownPayment
	if err := json.Unmarshal([]byte(run(0, "dev", "refund", "txn_2", "-o", "json").out), &got); err != nil { // refunded in part before
		t.Fatal(err)
	}
	if got.Status != "success" || got.Amount != 25000 || got.Reversed != 25000 || got.Net != 0 {
		t.Errorf("%+v", got)
	}
	lacks(t, run(1, "dev", "refund", "txn_2").errs, "nothing is left of payment txn_2: 25000 INR were reversed")
	early := fmt.Sprintf(`{"id":"r1","type":"reversal","transaction_id":"txn_early","user_id":"usr_1","amount":5,"currency":"INR","status":"success","updated_at":%q}`, "2026-03-02T10:04:00Z")
	run(0, "replay", write(t, "early.jsonl", early+"\n"), "--wait")
	lacks(t, run(1, "dev", "refund", "txn_early").errs, "there is no payment txn_early to take back: reversal r1 of it waits until 2026-", "orphan_reversal")
	lacks(t, run(0, "transaction", "get", "txn_early").out, "waiting until 2026-")
	lacks(t, run(1, "dev", "refund", "txn_none").errs, `there is no payment "txn_none", or its row has expired (ledger.retention)`)
	lacks(t, run(1, "transaction", "get", "txn_none").errs, "or its row has expired (ledger.retention)")
}

// Where the payment expires before its refund comes, nothing was taken back, and the command says so.
func TestDevRefundThatComesTooLate(t *testing.T) {
	elsewhere(t)
	var event struct {
		ID        string `json:"id"`
		UpdatedAt string `json:"updated_at"`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case req.Method == http.MethodPost:
			if err := json.NewDecoder(req.Body).Decode(&event); err != nil {
				t.Error(err)
			}
			fmt.Fprint(w, `{"accepted":1,"results":[{}]}`)
		case event.ID == "":
			fmt.Fprint(w, `{"transaction_id":"t","user_id":"u","status":"success","currency":"INR","amount":500,"reversed":0,"net":500,"reversals":[],
				"journal":[{"at":"2026-03-02T10:00:00.000Z"},{"at":"2026-03-02T10:00:07.000Z"}],"as_of":{"stream_time":"2026-03-02T10:00:05.000Z"}}`)
		default:
			fmt.Fprintf(w, `{"transaction_id":"t","user_id":"u","status":"unknown","currency":"INR","amount":0,"reversed":0,"net":0,"journal":[],
				"reversals":[{"reversal_id":%q,"amount":null,"status":"waiting","waits_until":"2026-06-01T00:00:00.000Z"}],"as_of":{"stream_time":null}}`, event.ID)
		}
	}))
	defer server.Close()
	got := millrace(t, 1, "dev", "refund", "t", "--server", server.URL, "--token", "x")
	lacks(t, got.errs, "payment t is not there any more", "ledger.retention", "nothing was taken back", "waits until 2026-06-01T00:00:00.000Z", "orphan_reversal")
	if got.out != "" {
		t.Errorf("it prints %s", got.out)
	}
	if event.UpdatedAt != "2026-03-02T10:00:07.000Z" {
		t.Errorf("the refund is of %s, not of the latest time that is known", event.UpdatedAt)
	}
}

// A payment completes a mission, its reward is granted; the payment is taken back, and so is the reward.
func TestDevRefundClawsBack(t *testing.T) {
	t.Parallel()
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
