package views

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/views/token"
)

// adsOf returns the ids of the ads that a user sees, over pages of two.
func (f *fixture) adsOf(user, query string) []string {
	f.t.Helper()
	ids := []string{}
	for cursor := ""; ; {
		w := f.ask("GET", "/v1/ads?limit=2"+query+cursor, f.token(user, token.User))
		if w.Code != http.StatusOK {
			f.t.Fatalf("%d %s", w.Code, w.Body)
		}
		body := f.object(w.Body.Bytes())
		for _, item := range body["items"].([]any) {
			ids = append(ids, item.(map[string]any)["id"].(string))
		}
		next, more := body["next_cursor"].(string)
		if !more {
			return ids
		}
		cursor = "&cursor=" + next
	}
}

func (f *fixture) putAd(id, more string) {
	f.t.Helper()
	body := `{"title":"T","placement":"home"` + more + `}`
	w := f.say("PUT", "/v1/panel/ads/"+id, body)
	if w.Code == http.StatusPreconditionRequired {
		w = f.say("PUT", "/v1/panel/ads/"+id, body, withMatch("*"))
	}
	if w.Code != http.StatusOK {
		f.t.Fatalf("%s: %d %s", id, w.Code, w.Body)
	}
}

func TestAdsAreThoseInForceForTheUser(t *testing.T) {
	f := newFixture(t)
	f.putMission(swiggy())
	draft, few := swiggy(), swiggy()
	draft.ID, draft.Status = "later", mission.Draft
	few.ID, few.Audience.RolloutPercent = "few", 0
	f.putMission(draft)
	f.putMission(few)
	f.putAd("everybody", "")
	f.putAd("first", `,"priority":9`)
	f.putAd("of-mission", `,"mission_id":"swiggy-500","priority":5`)
	f.putAd("of-draft", `,"mission_id":"later"`)
	f.putAd("of-few", `,"mission_id":"few"`)
	f.putAd("of-nothing", `,"mission_id":"nowhere"`)
	f.putAd("draft", `,"status":"draft"`)
	f.putAd("elsewhere", "")
	f.putAd("evening", `,"schedule":{"from":"2026-03-01T18:00","to":"2026-03-02"},"time_zone":"Asia/Kolkata"`)
	w := f.say("PUT", "/v1/panel/ads/elsewhere", `{"title":"T","placement":"Checkout"}`, withMatch("*")) // moves it
	f.wantOK(w, `"2"`)
	home := []string{"first", "of-mission", "everybody"}
	for query, want := range map[string][]string{
		"&placement=home": home, "&placement=Checkout": {"elsewhere"}, "&placement=nowhere": {}, "": {"first", "of-mission", "elsewhere", "everybody"},
	} {
		if got := f.adsOf("u", query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", query, got, want)
		}
	}
	for clock, in := range map[time.Duration]bool{
		2*time.Hour + 30*time.Minute - time.Millisecond: false, // 18:00 in Kolkata is 12:30 in UTC
		2*time.Hour + 30*time.Minute:                    true,
		8*time.Hour + 30*time.Minute - time.Millisecond: true,
		8*time.Hour + 30*time.Minute:                    false,
	} {
		f.now = start.Add(clock)
		if got := slices.Contains(f.adsOf("u", "&placement=home"), "evening"); got != in {
			t.Errorf("after %s: shown is %t", clock, got)
		}
	}
	f.now = start
	f.wantOK(f.say("DELETE", "/v1/panel/ads/first", "", withMatch("*")), `"2"`)
	if got := f.adsOf("u", "&placement=home"); !slices.Equal(got, home[1:]) {
		t.Errorf("%v", got)
	}
}

func TestAdsSayWhoseTheyAre(t *testing.T) {
	f := newFixture(t)
	f.putMission(swiggy())
	f.wantOK(f.say("POST", "/v1/panel/brands", brandText), `"1"`)
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"old","name":"Old","status":"draft"}`), `"1"`)
	f.putAd("a", `,"mission_id":"swiggy-500","body":"go","target_url":"app://x"`)
	f.putAd("b", `,"brand_id":"old"`)
	w := f.ask("GET", "/v1/ads", f.token("u", token.User))
	items := f.object(w.Body.Bytes())["items"].([]any)
	a, b := items[0].(map[string]any), items[1].(map[string]any)
	want := map[string]any{
		"id": "a", "title": "T", "body": "go", "image_url": nil, "target_url": "app://x", "placement": "home", "mission_id": "swiggy-500", "priority": 0.0,
		"brand": map[string]any{"id": "swiggy", "name": "Swiggy", "logo_url": "https://img.example/swiggy.png"},
	}
	if fmt.Sprint(a) != fmt.Sprint(want) || b["brand"] != nil || strings.Contains(w.Body.String(), "actor") {
		t.Errorf("%v, %v", a, b)
	}
	for _, role := range []token.Role{token.Viewer, token.Health, token.Service, token.Admin} {
		f.wantProblem(f.ask("GET", "/v1/ads", f.token("u", role)), http.StatusForbidden, "forbidden")
	}
	f.wantProblem(f.ask("GET", "/v1/ads", ""), http.StatusUnauthorized, "unauthenticated")
}
