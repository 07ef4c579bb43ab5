package views

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/views/token"
)

const goodwillBody = `{"kind":"coins","amount":50,"grant":{"mode":"claim"},"reason":"a late refund"}`

func TestGoodwillClaimAndCancelOverHTTP(t *testing.T) {
	f := newFixture(t)
	w := f.say("POST", "/v1/panel/users/usr_1/rewards", goodwillBody, withKey("k1"))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	given := f.object(w.Body.Bytes())
	id := given["id"].(string)
	want := map[string]any{
		"id": id, "mission_id": nil, "mission_version": 0.0, "iteration": 0.0, "epoch": 1.0, "kind": "coins", "amount": 50.0, "currency": nil,
		"state": "claimable", "reason": nil, "available_at": "2026-03-01T10:00:00.000Z", "expires_at": nil, "code": nil,
	}
	if diff := cmp.Diff(want, given); diff != "" {
		t.Error(diff)
	}
	if got := w.Header().Get("Location"); got != "/v1/users/usr_1/rewards/"+id {
		t.Errorf("Location %q", got)
	}
	if again := f.object(f.say("POST", "/v1/panel/users/usr_1/rewards", goodwillBody, withKey("k1")).Body.Bytes()); again["id"] != id || f.asked.sent != 1 {
		t.Errorf("again: %v, %d sent", again, f.asked.sent)
	}
	other := strings.Replace(goodwillBody, "50", "51", 1)
	f.wantProblem(f.say("POST", "/v1/panel/users/usr_1/rewards", other, withKey("k1")), http.StatusConflict, "idempotency_conflict")

	asha := f.token("usr_1", token.User)
	claim := "/v1/users/me/rewards/" + id + "/claim"
	for range 2 { // the second time there is nothing to do
		w = f.ask("POST", claim, asha)
		if got := f.object(w.Body.Bytes()); w.Code != http.StatusOK || got["state"] != "granted" {
			t.Errorf("claimed: %d %v", w.Code, got)
		}
	}
	f.wantProblem(f.ask("POST", "/v1/users/me/rewards/nope/claim", asha), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("POST", claim, f.token("usr_2", token.User)), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("POST", strings.Replace(claim, "me", "usr_1", 1), f.token("usr_2", token.User)), http.StatusNotFound, "not_found")
	if w := f.ask("POST", strings.Replace(claim, "me", "usr_1", 1), f.token("backend", token.Service)); w.Code != http.StatusOK {
		t.Errorf("a service claims for its user: %d %s", w.Code, w.Body)
	}

	cancel := "/v1/panel/users/usr_1/rewards/" + id + "/cancel"
	p := f.wantProblem(f.say("POST", cancel, `{}`), http.StatusUnprocessableEntity, "invalid_field")
	if firstPointer(p) != "/reason" {
		t.Errorf("%v", p)
	}
	w = f.say("POST", cancel, `{"reason":"given twice"}`)
	if got := f.object(w.Body.Bytes()); w.Code != http.StatusOK || got["state"] != "clawed_back" || got["reason"] != "support" {
		t.Errorf("cancelled: %d %v", w.Code, got)
	}
	p = f.wantProblem(f.ask("POST", claim, asha), http.StatusUnprocessableEntity, "invalid_state")
	if detail := p["detail"].(string); strings.Contains(detail, "twice") || !strings.Contains(detail, "cannot be claimed") {
		t.Errorf("%v", p)
	}
}

func TestRewardsThatCannotBeGiven(t *testing.T) {
	f := newFixture(t)
	const target = "/v1/panel/users/usr_1/rewards"
	for body, want := range map[string]string{
		`{"kind":"boat","amount":50,"reason":"r"}`:                          "422 invalid_field /kind",
		`{"kind":"coins","amount":0,"reason":"r"}`:                          "422 invalid_field /amount",
		`{"kind":"coins","amount":1.5,"reason":"r"}`:                        "422 invalid_field /amount",
		`{"kind":"coins","amount":5}`:                                       "422 invalid_field /reason",
		`{"kind":"cash","amount":5,"reason":"r"}`:                           "422 invalid_field /currency",
		`{"kind":"coins","amount":5,"reason":"r","grant":{"mode":"never"}}`: "422 invalid_field /grant/mode",
		`{"kind":"coins","amount":5,"reason":"r","pool":"p"}`:               "400 invalid_field /pool",
		`{"kind":"coins","amount":5,"amount":6,"reason":"r"}`:               "400 bad_request ",
		`[]`: "422 invalid_field ",
		`{`:  "400 bad_request ",
		`{"kind":"coins","amount":5,"reason":"r","expires_after":"a long time"}`: "422 invalid_field /expires_after",
	} {
		w := f.say("POST", target, body)
		p := f.object(w.Body.Bytes())
		if got := strings.Join([]string{w.Result().Status[:3], p["code"].(string), firstPointer(p)}, " "); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
	f.wantProblem(f.ask("POST", target, f.token("v", token.Viewer), withBody(goodwillBody)), http.StatusForbidden, "forbidden")
	f.wantProblem(f.ask("POST", target, f.token("usr_1", token.User), withBody(goodwillBody)), http.StatusForbidden, "forbidden")
	f.wantProblem(f.say("POST", target, goodwillBody, withHeader("Content-Type", "text/plain")), http.StatusUnsupportedMediaType, "unsupported_media_type")
	f.wantProblem(f.say("POST", "/v1/panel/users/a%1Fb/rewards", goodwillBody), http.StatusNotFound, "not_found")
	f.asked.failing = errors.New("secret broker")
	f.wantProblem(f.say("POST", target, goodwillBody), http.StatusServiceUnavailable, "unavailable")
	if f.asked.sent != 0 {
		t.Errorf("%d sent", f.asked.sent)
	}
}

// Money is given in the currencies of events and missions, spelled as theirs, and in no others.
func TestGoodwillInACurrency(t *testing.T) {
	f := newFixture(t)
	const target = "/v1/panel/users/usr_1/rewards"
	for body, want := range map[string]string{
		`{"kind":"cash","amount":5,"currency":"XYZ","reason":"r"}`:                "/currency",
		`{"kind":"cash","amount":5,"currency":"in r","reason":"r"}`:               "/currency",
		`{"kind":"gift_card","amount":5,"currency":"RUPEE","reason":"r"}`:         "/currency",
		`{"kind":"custom","amount":5,"currency":"356","reason":"r"}`:              "/currency",
		`{"kind":"cash","amount":5,"currency":"ınr","reason":"r"}`:                "/currency",
		`{"kind":"coins","amount":5,"currency":"INR","reason":"r"}`:               "/currency",
		`{"kind":"cash","amount":5,"currency":"INR","debt":"floor","reason":"r"}`: "/debt",
	} {
		if p := f.wantProblem(f.say("POST", target, body), http.StatusUnprocessableEntity, "invalid_field"); firstPointer(p) != want {
			t.Errorf("%s: %v", body, p)
		}
	}
	for given, want := range map[string]any{
		`{"kind":"cash","amount":5,"currency":" inr ","reason":"r"}`: "INR",
		`{"kind":"cash","amount":5,"currency":"USD","reason":"r"}`:   "USD",
		`{"kind":"coins","amount":5,"debt":"floor","reason":"r"}`:    nil,
		`{"kind":"coins","amount":5,"currency":null,"reason":"r"}`:   nil,
	} {
		w := f.say("POST", target, given)
		if got := f.object(w.Body.Bytes()); w.Code != http.StatusOK || got["currency"] != want {
			t.Errorf("%s: %d %v", given, w.Code, got)
		}
	}
}

func TestUserWriteWithoutAVerdictIsAccepted(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Wait = time.Millisecond })
	f.asked.deaf = true
	w := f.say("POST", "/v1/panel/users/usr_1/rewards", goodwillBody, withKey("k"))
	if w.Code != http.StatusAccepted || f.object(w.Body.Bytes())["status"] != "pending" || !strings.HasPrefix(w.Header().Get("Location"), "/v1/users/usr_1/rewards/") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if n := f.indexes.watchers.Rewards.Waits(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

// The reason of support is kept with the reward: it has the bound of all reasons, as the document says.
func TestReasonsOfSupportAreBounded(t *testing.T) {
	f := newFixture(t)
	f.putRewards()
	long := `"reason":"` + strings.Repeat("x", 501) + `"`
	f.wantProblem(f.say("POST", "/v1/panel/users/usr_1/rewards", `{"kind":"coins","amount":5,`+long+`}`), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.say("POST", "/v1/panel/users/usr_1/rewards/"+swiggyReward()+"/cancel", `{`+long+`}`), http.StatusUnprocessableEntity, "invalid_field")
	if w := f.say("POST", "/v1/panel/users/usr_1/rewards", `{"kind":"coins","amount":5,`+strings.Replace(long, "x", "", 1)+`}`); w.Code != http.StatusOK {
		t.Errorf("500 bytes: %d %s", w.Code, w.Body)
	}
}
