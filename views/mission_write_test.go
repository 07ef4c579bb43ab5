package views

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/views/token"
)

const (
	missionsPath = "/v1/panel/missions"
	missionText  = `{"id":"m1","title":"Spend","currency":"INR","goal":{"metric":"amount","target":50000},"filters":[{"id":"merchant","operator":"eq","values":"Swiggy"}],
		"window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"time_zone":"Asia/Kolkata","reward":{"kind":"coins","amount":100}`
)

func missionBody(more string) string { return missionText + more + "}" }

// The life of a mission over HTTP; each answer is what the next read shows.
func TestMissionLivesOverHTTP(t *testing.T) {
	f := newFixture(t)
	one := missionsPath + "/m1"
	got := f.wantOK(f.say("POST", missionsPath, missionBody("")), `"1"`)
	if got["status"] != "draft" || got["version"] != 1.0 || got["revision"] != 1.0 || got["actor"] != "eve" || got["summary"] == "" {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.say("PUT", one, missionBody(`,"description":"d"`)), http.StatusPreconditionRequired, "precondition_required")
	f.wantProblem(f.say("PUT", one, missionBody(`,"description":"d"`), withMatch(`"5"`)), http.StatusPreconditionFailed, "precondition_failed")
	got = f.wantOK(f.say("PUT", one, missionBody(`,"description":"d"`), withMatch(`"1"`)), `"2"`) // a draft is edited in place
	if got["version"] != 1.0 || got["description"] != "d" || got["status"] != "draft" {
		t.Errorf("%v", got)
	}
	if got := f.wantOK(f.say("POST", one+"/activate", ""), `"3"`); got["status"] != "active" {
		t.Errorf("%v", got)
	}
	got = f.wantOK(f.say("PUT", one, strings.Replace(missionBody(`,"description":"d"`), "50000", "60000", 1), withMatch(`"3"`)), `"4"`)
	if got["version"] != 2.0 || got["status"] != "active" || fmt.Sprint(got["versions"].([]any)[1]) != fmt.Sprint(map[string]any{
		"version": 2.0, "created_at": "2026-03-01T10:00:00.000Z", "in_force_from": "2026-03-01T10:00:10.000Z", "backdated": false,
	}) {
		t.Errorf("%v", got)
	}
	first := f.wantOK(f.ask("GET", one+"?version=1", f.token("v", token.Viewer)), `"4"`)
	if first["version"] != 1.0 || first["status"] != "active" || fmt.Sprint(first["goal"]) == fmt.Sprint(got["goal"]) || first["summary"] == got["summary"] ||
		fmt.Sprint(first["versions"]) != fmt.Sprint(got["versions"]) || first["as_of"] == nil {
		t.Errorf("%v", first)
	}
	if second := f.wantOK(f.ask("GET", one+"?version=2", f.token("v", token.Viewer)), `"4"`); fmt.Sprint(second["goal"]) != fmt.Sprint(got["goal"]) {
		t.Errorf("%v", second)
	}
	f.wantProblem(f.ask("GET", one+"?version=3", f.token("v", token.Viewer)), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("GET", missionsPath+"/m9?version=1", f.token("v", token.Viewer)), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("GET", one+"?version=0", f.token("v", token.Viewer)), http.StatusUnprocessableEntity, "invalid_field")
	f.now = f.now.Add(time.Hour)
	got = f.wantOK(f.say("POST", one+"/pause", `{"at":"2026-03-01T10:30:00Z","reason":"fraud"}`, withMatch(`"4"`)), `"5"`)
	if got["status"] != "paused" || fmt.Sprint(got["pauses"]) != "[map[from:2026-03-01T10:30:00.000Z to:<nil>]]" {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.say("POST", one+"/resume", "", withMatch(`"4"`)), http.StatusPreconditionFailed, "precondition_failed")
	f.wantOK(f.say("POST", one+"/resume", "{}"), `"6"`)
	f.wantOK(f.say("POST", one+"/resume", ""), `"6"`) // it has
	if got := f.wantOK(f.say("POST", one+"/end", ""), `"7"`); got["status"] != "ended" || got["ended_at"] != "2026-03-01T11:00:00.000Z" {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.say("POST", one+"/pause", ""), http.StatusUnprocessableEntity, "invalid_state")
	f.wantProblem(f.say("DELETE", one, ""), http.StatusPreconditionRequired, "precondition_required")
	if got := f.wantOK(f.say("DELETE", one, "", withMatch(`"7"`)), `"8"`); got["status"] != "archived" {
		t.Errorf("%v", got)
	}
	f.wantOK(f.say("POST", one+"/archive", ""), `"8"`)
	read := f.wantOK(f.ask("GET", one, f.token("v", token.Viewer)), `"8"`)
	if read["status"] != "archived" || read["as_of"] == nil {
		t.Errorf("%v", read)
	}
	var line map[string]any
	for _, item := range f.get("/v1/panel/audit?kind=mission&id=m1")["items"].([]any) {
		if of := item.(map[string]any); of["reason"] == "fraud" {
			line = of
		}
	}
	if !strings.Contains(fmt.Sprint(line["changes"]), "map[after:paused before:active pointer:/status]") {
		t.Errorf("%v", line)
	}
	f.wantProblem(f.say("POST", missionsPath+"/m9/pause", ""), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("POST", one+"/pause", f.token("v", token.Viewer)), http.StatusForbidden, "forbidden")
	f.wantProblem(f.say("POST", one+"/sink", ""), http.StatusNotFound, "not_found")
}

// What a read shows can be edited and written back.
func TestMissionIsWrittenAsItWasRead(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", missionsPath, missionBody(`,"status":"scheduled","activate_at":"2026-03-02T00:00:00Z"`)), `"1"`)
	body := f.ask("GET", missionsPath+"/m1", f.token("v", token.Viewer)).Body.String()
	f.wantOK(f.say("PUT", missionsPath+"/m1", body, withMatch(`"1"`)), `"1"`)
	got := f.wantOK(f.say("PUT", missionsPath+"/m1", strings.Replace(body, "2026-03-02T", "2026-03-03T", 1), withMatch(`"1"`)), `"2"`)
	if got["status"] != "scheduled" || got["activate_at"] != "2026-03-03T00:00:00.000Z" {
		t.Errorf("%v", got)
	}
	got = f.wantOK(f.say("POST", missionsPath+"/m1/activate", `{"activate_at":"2026-03-04T00:00:00Z"}`), `"3"`)
	if got["status"] != "scheduled" || got["activate_at"] != "2026-03-04T00:00:00.000Z" {
		t.Errorf("%v", got)
	}
}

func TestMissionsThatCannotBe(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", missionsPath, strings.Replace(missionBody(`,"status":"active"`), "m1", "old", 1)), `"1"`)
	for _, tt := range []struct {
		method, target, body string
		status               int
		code, pointer, error string
	}{
		{"POST", "", strings.Replace(missionBody(""), `"Swiggy"`, `{"a":1}`, 1), 400, "invalid_field", "/filters/0/values/a", "unknown_field"},
		{"POST", "", strings.Replace(missionBody(""), `"id":"merchant","operator":"eq","values":"Swiggy"`, `"id":"amount","operator":"gte","values":"much"`, 1), 422, "invalid_filter", "/filters/0/values", "wrong_type"},
		{"POST", "", strings.Replace(missionBody(""), `"operator":"eq"`, `"operator":"near"`, 1), 422, "invalid_filter", "/filters/0/operator", "invalid_filter"},
		{"POST", "", strings.Replace(missionBody(""), `50000`, `"many"`, 1), 422, "invalid_field", "/goal/target", "wrong_type"},
		{"POST", "", missionBody(`,"colour":"red"`), 400, "invalid_field", "/colour", "unknown_field"},
		{"POST", "", missionBody(`,"id":"m2"`), 400, "bad_request", "", ""},
		{"POST", "", missionBody(`,"status":"archived"`), 422, "invalid_field", "/status", "invalid_field"},
		{"POST", "", missionBody(`,"activate_at":"2026-03-02T00:00:00Z"`), 422, "invalid_field", "/activate_at", "invalid_field"},
		{"POST", "", strings.Replace(missionBody(""), `"kind":"coins","amount":100`, `"template":"nothing"`, 1), 422, "invalid_field", "/reward/template", "invalid_field"},
		{"PUT", "/old", missionBody(``), 422, "invalid_field", "/id", "invalid_field"},
		{"PUT", "/old", strings.NewReplacer("m1", "old", "50000", "1").Replace(missionBody(`,"in_force_from":"2026-03-01T10:00:05Z"`)), 422, "invalid_field", "/in_force_from", "invalid_field"},
		{"PUT", "/old", strings.NewReplacer("m1", "old", "50000", "1").Replace(missionBody(`,"in_force_from":"2026-03-01T09:00:00Z","backdated":true`)), 422, "invalid_field", "/reason", "invalid_field"},
		{"PUT", "/old", strings.Replace(missionBody(`,"status":"draft"`), "m1", "old", 1), 422, "invalid_field", "/status", "invalid_field"},
		{"POST", "/old/pause", `{"at":"2026-03-01T11:00:00Z"}`, 422, "invalid_field", "/at", "invalid_field"},
		{"POST", "/old/pause", `{"at":1}`, 422, "invalid_field", "/at", "wrong_type"},
		{"POST", "/old/pause", `{"when":"2026-03-01T11:00:00Z"}`, 400, "invalid_field", "/when", "unknown_field"},
		{"POST", "/old/pause", `{`, 400, "bad_request", "", ""},
	} {
		var change []func(*http.Request)
		if tt.target != "" {
			change = append(change, withMatch("*"))
		}
		w := f.say(tt.method, missionsPath+tt.target, tt.body, change...)
		p := f.wantProblem(w, tt.status, tt.code)
		if tt.pointer == "" {
			continue
		}
		first := p["errors"].([]any)[0].(map[string]any)
		if first["pointer"] != tt.pointer || first["code"] != tt.error || first["detail"] == "" {
			t.Errorf("%s: %v", tt.body, first)
		}
	}
	if got := f.get(missionsPath + "/old"); got["revision"] != 1.0 {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.say("POST", missionsPath+"/old/pause", "x", withHeader("Content-Type", "text/plain")), http.StatusUnsupportedMediaType, "unsupported_media_type")
}

func TestBackdatedVersionsSayWhy(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", missionsPath, missionBody(`,"status":"active"`)), `"1"`)
	body := strings.Replace(missionBody(`,"in_force_from":"2026-03-01T09:00:00Z","backdated":true,"reason":"as announced"`), "50000", "40000", 1)
	got := f.wantOK(f.say("PUT", missionsPath+"/m1", body, withMatch(`"1"`)), `"2"`)
	if v := got["versions"].([]any)[1].(map[string]any); v["backdated"] != true || v["in_force_from"] != "2026-03-01T09:00:00.000Z" {
		t.Errorf("%v", v)
	}
	if line := f.get("/v1/panel/audit?kind=mission")["items"].([]any)[0].(map[string]any); line["reason"] != "as announced" {
		t.Errorf("%v", line)
	}
}

// A mission that names a template is stored with the reward itself: what becomes of the template later does not change
// it.
func TestMissionTakesItsRewardFromATemplate(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/reward-templates", templateText), `"1"`)
	body := strings.Replace(missionBody(""), `"kind":"coins","amount":100`, `"template":"hundred-coins"`, 1)
	got := f.wantOK(f.say("POST", missionsPath, body), `"1"`)
	want := map[string]any{"template": "hundred-coins", "kind": "coins", "amount": 100.0, "expires_after": "720h"}
	if fmt.Sprint(got["reward"]) != fmt.Sprint(want) || got["grant"].(map[string]any)["hold"] != "24h" {
		t.Errorf("%v", got)
	}
	f.wantOK(f.say("PUT", "/v1/panel/reward-templates/hundred-coins", strings.Replace(templateText, ":100,", ":200,", 1), withMatch("*")), `"2"`)
	if got := f.get(missionsPath + "/m1"); fmt.Sprint(got["reward"]) != fmt.Sprint(want) {
		t.Errorf("%v", got["reward"])
	}
	if got := f.wantOK(f.say("PUT", missionsPath+"/m1", body, withMatch("*")), `"2"`); got["reward"].(map[string]any)["amount"] != 200.0 {
		t.Errorf("%v", got["reward"])
	}
	f.wantOK(f.say("DELETE", "/v1/panel/reward-templates/hundred-coins", "", withMatch("*")), `"3"`)
	f.wantProblem(f.say("PUT", missionsPath+"/m1", body, withMatch("*")), http.StatusUnprocessableEntity, "invalid_field")
}

// The document names the fields of a mission that its codec reads, each and no other, and those that must be there.
func TestMissionBodyIsDocumentedAsItIsRead(t *testing.T) {
	f := newFixture(t)
	schemas := f.server.API.OpenAPI().Components.Schemas
	body := schemas.Map()["MissionBody"]
	least := map[string]string{
		"title": `"T"`, "currency": `"INR"`, "goal": `{"metric":"count","target":3}`, "reward": `{"kind":"coins","amount":5}`,
		"window": `{"kind":"per_user","duration":"168h","start":"enrolment"}`, "enrolment": `"opt_in"`, "time_zone": `"UTC"`,
	}
	put := func(fields map[string]string) *httptest.ResponseRecorder {
		var parts []string
		for name, value := range fields {
			parts = append(parts, `"`+name+`":`+value)
		}
		return f.say("POST", "/v1/panel/missions", "{"+strings.Join(parts, ",")+"}")
	}
	if w := put(least); w.Code != http.StatusOK {
		t.Fatalf("the least: %d %s", w.Code, w.Body)
	}
	for _, name := range body.Required {
		without := maps.Clone(least)
		delete(without, name)
		if w := put(without); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("without %s: %d %s", name, w.Code, w.Body)
		}
	}
	for name, p := range body.Properties {
		inner := p
		if p.Ref != "" {
			inner = schemas.SchemaFromRef(p.Ref)
		}
		for field := range inner.Properties {
			if p.ReadOnly {
				continue
			}
			if w := put(map[string]string{name: `{"` + field + `":null}`}); strings.Contains(w.Body.String(), "unknown_field") {
				t.Errorf("%s.%s is not read: %s", name, field, w.Body)
			}
		}
		if w := put(map[string]string{name: "null"}); strings.Contains(w.Body.String(), "unknown_field") {
			t.Errorf("%s is not read: %s", name, w.Body)
		}
	}
	// What the codec writes has each of its fields in the document.
	for _, form := range []struct {
		name   string
		fields []string
	}{
		{"WindowDefinition", []string{"kind", "from", "to", "every", "duration", "start"}}, {"GoalDefinition", []string{"metric", "target", "field", "per_event_cap"}},
		{"FilterDefinition", []string{"id", "operator", "values", "any"}},
	} {
		if got := slices.Sorted(maps.Keys(schemas.Map()[form.name].Properties)); !slices.Equal(got, slices.Sorted(slices.Values(form.fields))) {
			t.Errorf("%s: %v", form.name, got)
		}
	}
}
