package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/views/token"
)

// cashMission gives up to so many paise in cash.
func cashMission(budget int, status string) string {
	return fmt.Sprintf(`{"title":"Cash","currency":"INR","goal":{"metric":"count","target":1},"window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"time_zone":"Asia/Kolkata",
		"reward":{"kind":"cash","amount":50000},"limits":{"budget":%d},"status":%q}`, budget, status)
}

// secondPerson: nobody alone lets a mission give more than the threshold, by whatever tokens, headers and order of
// requests.
func (x *target) secondPerson(t *testing.T) {
	const allowed, tooMuch = 10_000_000, 100_000_000
	editor, both, admin := x.token("mallory", token.Editor), x.token("mallory", token.Editor, token.Approver), x.token("mallory", token.Admin)
	bob := x.token("bob", token.Approver)
	ask := func(want int, method, bearer, path, body string, header ...string) heard {
		t.Helper()
		got := x.raw(x.addr, request(method, "/v1/panel/missions/"+path, bearer, body, header...))
		if got.status != want {
			t.Errorf("%s %s: %d, want %d: %.300s", method, path, got.status, want, got.body)
		}
		return got
	}
	seen := func(revision int) string { return "If-Match: " + strconv.Quote(strconv.Itoa(revision)) }
	in := func(id string) (status, state string, version float64) {
		m := x.object(ask(http.StatusOK, "GET", bob, id, "").body)
		return m["status"].(string), m["approval"].(map[string]any)["state"].(string), m["version"].(float64)
	}
	want := func(id, status, state string, version float64) {
		t.Helper()
		if a, b, n := in(id); a != status || b != state || n != version {
			t.Errorf("%s is %s, %s, version %v, and not %s, %s, version %v", id, a, b, n, status, state, version)
		}
	}

	for _, status := range []string{"active", "scheduled", "paused", "ended"} { // in one request, in any role
		for _, bearer := range []string{editor, both, admin} {
			ask(http.StatusConflict, "PUT", bearer, "m-"+status, cashMission(tooMuch, status))
		}
	}
	ask(http.StatusOK, "PUT", editor, "m1", cashMission(tooMuch, "draft"))
	for _, bearer := range []string{both, admin, x.token("mallory", token.Approver)} { // one's own, by another token
		ask(http.StatusForbidden, "POST", bearer, "m1/approve", "", seen(1))
		ask(http.StatusForbidden, "POST", bearer, "m1/approve", "", seen(1), "Millrace-Actor: bob", "X-User: bob", "X-Forwarded-User: bob", "From: bob")
		ask(http.StatusForbidden, "POST", bearer, "m1/approve", `{"reason":"ok"}`, seen(1), "Millrace-Reason: approved by bob")
		ask(http.StatusBadRequest, "POST", bearer, "m1/approve", `{"actor":"bob"}`, seen(1))
	}
	ask(http.StatusForbidden, "POST", x.token("bob", token.Editor, token.Service, token.User), "m1/approve", "", seen(1)) // no role for it
	ask(http.StatusPreconditionRequired, "POST", bob, "m1/approve", "", "If-Match: *")
	ask(http.StatusBadRequest, "PUT", editor, "m1", strings.Replace(cashMission(tooMuch, "draft"), `"status"`, `"approved":{"actor":"bob"},"status"`, 1), seen(1))
	forged := strings.Replace(cashMission(tooMuch, "active"), `"status"`, `"approval":{"state":"approved","approved":{"actor":"bob"}},"status"`, 1)
	ask(http.StatusConflict, "PUT", editor, "m1", forged, seen(1)) // as if it had been read so
	ask(http.StatusConflict, "POST", both, "m1/activate", `{"at":"2040-01-01T00:00:00Z"}`)
	want("m1", "draft", "waiting", 1)

	ask(http.StatusOK, "POST", bob, "m1/approve", "", seen(1)) // approved, edited, activated
	ask(http.StatusConflict, "PUT", editor, "m1", cashMission(tooMuch+1, "active"), seen(2))
	ask(http.StatusOK, "PUT", editor, "m1", cashMission(tooMuch+1, "draft"), seen(2))
	ask(http.StatusConflict, "POST", editor, "m1/activate", "")
	ask(http.StatusPreconditionFailed, "POST", bob, "m1/approve", "", seen(1)) // what bob has seen is gone
	want("m1", "draft", "waiting", 1)

	ask(http.StatusOK, "PUT", editor, "m2", cashMission(allowed-1, "active")) // raised while it is active: two small steps, no budget, other rewards
	ask(http.StatusOK, "PUT", editor, "m2", cashMission(allowed, "active"), seen(1))
	ask(http.StatusOK, "PUT", editor, "m2", cashMission(allowed+1, "active"), seen(2))
	for i, other := range []string{`"budget":0`, `"max_winners":201`} {
		ask(http.StatusOK, "PUT", editor, "m2", strings.Replace(cashMission(1, ""), `"budget":1`, other, 1), seen(3+i))
		want("m2", "active", "waiting", 2)
	}
	ask(http.StatusOK, "PUT", editor, "m2", strings.Replace(cashMission(tooMuch, ""), `"kind":"cash","amount":50000`, `"kind":"coins","amount":1`, 1), seen(5))
	want("m2", "active", "waiting", 2)
	ask(http.StatusForbidden, "POST", admin, "m2/approve", "", seen(6))
	want("m2", "active", "waiting", 2)
	ask(http.StatusOK, "PUT", editor, "m2", cashMission(tooMuch, "active"), "If-Match: *")
	x.raceOfApproval(t, editor, bob)
}

// raceOfApproval: of an edit and an approval of what was there before it, at the same moment, one wins; the edit is
// never approved unseen.
func (x *target) raceOfApproval(t *testing.T, editor, bob string) {
	for i := range 5 {
		path := fmt.Sprintf("/v1/panel/missions/race-%d", i)
		x.raw(x.addr, request("PUT", path, editor, cashMission(20_000_000, "draft")))
		var all sync.WaitGroup
		for _, send := range []string{
			request("PUT", path, editor, cashMission(90_000_000, "draft"), `If-Match: "1"`),
			request("PUT", path, editor, cashMission(91_000_000, "draft"), "If-Match: *"),
			request("POST", path+"/approve", bob, "", `If-Match: "1"`),
		} {
			all.Go(func() { x.raw(x.addr, send) })
		}
		all.Wait()
		got := x.raw(x.second, request("POST", path+"/activate", editor, ""))
		if got.status != http.StatusConflict && got.status != http.StatusNotFound {
			m := x.object(got.body)
			if budget := m["limits"].(map[string]any)["budget"]; budget != 20_000_000.0 {
				t.Errorf("%s gives %v, which nobody has approved", path, budget)
			}
		}
	}
}

// largeGift: nobody alone gives a user more than the threshold either, in any role or kind.
func (x *target) largeGift(t *testing.T) {
	const allowed = 10_000_000
	give := func(want int, bearer, kind string, amount int) {
		t.Helper()
		body := fmt.Sprintf(`{"kind":%q,"amount":%d,"currency":"INR","reason":"sorry"}`, kind, amount)
		got := x.raw(x.addr, request("POST", "/v1/panel/users/mules/rewards", bearer, body))
		if got.status != want || want == http.StatusConflict && !strings.Contains(got.body, "approval_required") {
			t.Errorf("%d as %s: %d, want %d: %.300s", amount, kind, got.status, want, got.body)
		}
	}
	for _, bearer := range []string{x.token("mallory", token.Editor), x.token("mallory", token.Editor, token.Approver), x.token("mallory", token.Admin)} {
		for _, kind := range []string{"cash", "gift_card", "custom"} {
			give(http.StatusConflict, bearer, kind, allowed+1)
		}
		give(http.StatusOK, bearer, "cash", allowed)
	}
}
