package views

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/views/token"
)

const spendPath = "/v1/users/usr_1/coins/spend"

// give lets support give usr_1 coins.
func (f *fixture) give(amount int) {
	f.t.Helper()
	if w := f.say("POST", "/v1/panel/users/usr_1/rewards", fmt.Sprintf(`{"kind":"coins","amount":%d,"reason":"r"}`, amount)); w.Code != http.StatusOK {
		f.t.Fatal(w.Code, w.Body)
	}
}

// A service spends coins, down to none and not below, once for each key and each id, and gives them back by id.
func TestCoinsAreSpentOverHTTP(t *testing.T) {
	f := newFixture(t)
	f.give(500)
	shop := f.token("shop", token.Service)
	post := func(path, key, body string) (int, map[string]any) {
		t.Helper()
		w := f.ask("POST", path, shop, withBody(body), withKey(key))
		return w.Code, f.object(w.Body.Bytes())
	}
	const coffee = `{"amount":300,"reason":"A coffee","spend_id":"order-1"}`
	want := map[string]any{
		"id": "2", "reward_id": nil, "spend_id": "order-1", "kind": "spend", "summary": "Spent 300 coins", "reason": "A coffee", "amount": -300.0, "balance_after": 200.0,
		"at": "2026-03-01T10:00:00.000Z", "state": "spent", "balance": 200.0, "debt": 0.0,
	}
	sent := f.asked.sent
	for range 2 {
		if code, got := post(spendPath, "k1", coffee); code != http.StatusOK || cmp.Diff(want, got) != "" {
			t.Errorf("%d %s", code, cmp.Diff(want, got))
		}
	}
	if f.asked.sent != sent+1 {
		t.Errorf("%d sent", f.asked.sent-sent)
	}
	if code, got := post(spendPath, "k1", strings.Replace(coffee, "300", "100", 1)); code != http.StatusConflict || got["code"] != "idempotency_conflict" {
		t.Errorf("the key for something else: %d %v", code, got)
	}
	if code, got := post(spendPath, "k2", strings.Replace(coffee, "300", "100", 1)); code != http.StatusConflict || got["code"] != "idempotency_conflict" {
		t.Errorf("the id for something else: %d %v", code, got)
	}
	if code, got := post(spendPath, "k3", coffee); code != http.StatusOK || got["id"] != "2" || got["balance"] != 200.0 {
		t.Errorf("the id again: %d %v", code, got)
	}
	code, got := post(spendPath, "k4", `{"amount":201,"reason":"A cake"}`)
	if code != http.StatusConflict || got["code"] != "insufficient_coins" || got["detail"] != "the user has 200 coins" || got["title"] != "The user has fewer coins" {
		t.Errorf("too much: %d %v", code, got)
	}
	if code, got := post(spendPath, "k5", `{"amount":200,"reason":"A cake"}`); code != http.StatusOK || !strings.HasPrefix(got["spend_id"].(string), "sp_") || got["balance"] != 0.0 {
		t.Errorf("all there is: %d %v", code, got)
	}

	const back = spendPath + "/order-1/reverse"
	want = map[string]any{
		"id": "4", "reward_id": nil, "spend_id": "order-1", "kind": "spend_reversal", "summary": "300 coins came back from a spend", "reason": "It was cold",
		"amount": 300.0, "balance_after": 300.0, "at": "2026-03-01T10:00:00.000Z", "state": "reversed", "balance": 300.0, "debt": 0.0,
	}
	for _, key := range []string{"k6", "k6", "k7"} { // by another key there is nothing to do
		if code, got := post(back, key, `{"reason":"It was cold"}`); code != http.StatusOK || cmp.Diff(want, got) != "" {
			t.Errorf("%s: %d %s", key, code, cmp.Diff(want, got))
		}
	}
	if code, got := post(spendPath+"/order-9/reverse", "k8", `{"reason":"It was cold"}`); code != http.StatusNotFound || got["code"] != "not_found" {
		t.Errorf("of nothing: %d %v", code, got)
	}
	seen := f.object(f.ask("GET", "/v1/users/me/coins", f.token("usr_1", token.User)).Body.Bytes())
	var kinds []string
	for _, e := range seen["entries"].([]any) {
		kinds = append(kinds, e.(map[string]any)["summary"].(string))
	}
	if diff := cmp.Diff([]string{"300 coins came back from a spend", "Spent 200 coins", "Spent 300 coins", "Given 500 coins"}, kinds); diff != "" {
		t.Error(diff)
	}
}

// A key is the same command however many entries have come since: its entry lies on a page then.
func TestASpendAgainAfterPages(t *testing.T) {
	f := newFixture(t)
	f.give(1000)
	shop := f.token("shop", token.Service)
	spend := func(i int) map[string]any {
		t.Helper()
		w := f.ask("POST", spendPath, shop, withBody(`{"amount":1,"reason":"r"}`), withKey(fmt.Sprint("k", i)))
		if w.Code != http.StatusOK {
			t.Fatal(i, w.Code, w.Body)
		}
		return f.object(w.Body.Bytes())
	}
	first := spend(0)
	const n = 2*reward.PageSize + 2
	for i := range n {
		spend(i + 1)
	}
	again := spend(0)
	if again["id"] != first["id"] || again["spend_id"] != first["spend_id"] || again["balance"] != 1000.0-1-n {
		t.Errorf("%v, then %v", first, again)
	}
}

// Only services spend, with a key, and whole coins.
func TestSpendsThatAreRefused(t *testing.T) {
	f := newFixture(t)
	f.give(500)
	sent := f.asked.sent
	shop := f.token("shop", token.Service)
	for body, want := range map[string]string{
		`{"amount":0,"reason":"r"}`:                  "422 invalid_field /amount",
		`{"amount":-1,"reason":"r"}`:                 "422 invalid_field /amount",
		`{"amount":1.5,"reason":"r"}`:                "422 invalid_field /amount",
		`{"amount":"1","reason":"r"}`:                "422 invalid_field /amount",
		`{"reason":"r"}`:                             "422 invalid_field /amount",
		`{"amount":1125899906842625,"reason":"r"}`:   "422 invalid_field /amount",
		`{"amount":1}`:                               "422 invalid_field /reason",
		`{"amount":1,"reason":" "}`:                  "422 invalid_field /reason",
		`{"amount":1,"reason":"r","spend_id":"a/b"}`: "422 invalid_field /spend_id",
		`{"amount":1,"reason":"r","spend_id":""}`:    "422 invalid_field /spend_id",
		`{"amount":1,"reason":"r","currency":"INR"}`: "400 invalid_field /currency",
		`{"amount":1,"amount":2,"reason":"r"}`:       "400 bad_request ",
	} {
		w := f.ask("POST", spendPath, shop, withBody(body), withKey("k"+body))
		p := f.object(w.Body.Bytes())
		if got := strings.Join([]string{w.Result().Status[:3], p["code"].(string), firstPointer(p)}, " "); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
	const body = `{"amount":1,"reason":"r"}`
	for _, path := range []string{spendPath, spendPath + "/s/reverse"} {
		for _, role := range []token.Role{token.User, token.Viewer, token.Editor, token.Approver, token.Admin, token.Health} {
			f.wantProblem(f.ask("POST", path, f.token("usr_1", role), withBody(body), withKey("k")), http.StatusForbidden, "forbidden")
		}
		p := f.wantProblem(f.ask("POST", path, shop, withBody(body)), http.StatusUnprocessableEntity, "invalid_field")
		if firstPointer(p) != "/header/Idempotency-Key" {
			t.Errorf("without a key: %v", p)
		}
		f.wantProblem(f.ask("POST", strings.Replace(path, "usr_1", "a%1Fb", 1), shop, withBody(body), withKey("k")), http.StatusNotFound, "not_found")
		f.wantProblem(f.ask("POST", path, shop, withBody(body), withKey("k"), withHeader("Content-Type", "text/plain")), http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	if f.asked.sent != sent {
		t.Errorf("%d sent", f.asked.sent-sent)
	}
}

func TestSpendWithoutAVerdictIsAccepted(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Wait = time.Millisecond })
	f.asked.deaf = true
	w := f.ask("POST", spendPath, f.token("shop", token.Service), withBody(`{"amount":1,"reason":"r"}`), withKey("k"))
	if w.Code != http.StatusAccepted || f.object(w.Body.Bytes())["status"] != "pending" || w.Header().Get("Location") != "/v1/users/usr_1/coins" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}
