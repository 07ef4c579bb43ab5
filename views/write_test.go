package views

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

const overrideBody = `{"id":"o1","mode":"UPI","instrument":"sbi","state":"down","until":"2026-03-01T11:00:00Z","reason":"bank said so"}`

// say sends a write as an editor.
func (f *fixture) say(method, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	f.t.Helper()
	if body != "" {
		change = append([]func(*http.Request){withBody(body)}, change...)
	}
	return f.ask(method, target, f.token("eve", token.Editor), change...)
}

func (f *fixture) wantOK(w *httptest.ResponseRecorder, etag string) map[string]any {
	f.t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("ETag") != etag {
		f.t.Fatalf("%d %s %s", w.Code, w.Header().Get("ETag"), w.Body)
	}
	return f.object(w.Body.Bytes())
}

func withMatch(etag string) func(*http.Request) { return withHeader("If-Match", etag) }

func withKey(key string) func(*http.Request) { return withHeader("Idempotency-Key", key) }

func TestOverrideLivesOverHTTP(t *testing.T) {
	f := newFixture(t)
	const one = "/v1/panel/overrides/o1"
	got := f.wantOK(f.say("POST", "/v1/panel/overrides", overrideBody), `"1"`)
	for name, want := range map[string]any{
		"id": "o1", "mode": "upi", "instrument": "sbi", "gateway": nil, "state": "down", "from": "2026-03-01T10:00:00.000Z", "until": "2026-03-01T11:00:00.000Z",
		"reason": "bank said so", "actor": "eve", "status": "set", "revision": 1.0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, not %v", name, got[name], want)
		}
	}
	longer := strings.Replace(overrideBody, "11:00", "12:00", 1)
	f.wantProblem(f.say("PUT", one, longer), http.StatusPreconditionRequired, "precondition_required")
	f.wantProblem(f.say("PUT", one, longer, withMatch(`"7"`)), http.StatusPreconditionFailed, "precondition_failed")
	f.wantProblem(f.say("PUT", one, longer, withMatch("7")), http.StatusBadRequest, "bad_request")
	if got := f.wantOK(f.say("PUT", one, longer, withMatch(`"1"`)), `"2"`); got["until"] != "2026-03-01T12:00:00.000Z" {
		t.Errorf("%v", got)
	}
	f.wantOK(f.say("PUT", one, longer, withMatch("*")), `"2"`) // nothing to do
	w := f.ask("GET", one, f.token("v", token.Viewer))
	if got := f.wantOK(w, `"2"`); got["until"] != "2026-03-01T12:00:00.000Z" {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.say("DELETE", one, ""), http.StatusPreconditionRequired, "precondition_required")
	if got := f.wantOK(f.say("DELETE", one, "", withMatch(`"2"`)), `"3"`); got["status"] != "withdrawn" || got["until"] != nil {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.say("DELETE", "/v1/panel/overrides/o2", ""), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("GET", "/v1/panel/overrides/o2", f.token("v", token.Viewer)), http.StatusNotFound, "not_found")
}

func TestWritesAreSafeToRepeat(t *testing.T) {
	f := newFixture(t)
	body := strings.Replace(overrideBody, `"id":"o1",`, "", 1)
	first := f.wantOK(f.say("POST", "/v1/panel/overrides", body, withKey("k1")), `"1"`)
	again := f.wantOK(f.say("POST", "/v1/panel/overrides", body, withKey("k1")), `"1"`)
	if first["id"] != again["id"] || len(f.commands.sent) != 1 {
		t.Errorf("%v, then %v; %d sent", first["id"], again["id"], len(f.commands.sent))
	}
	other := f.wantOK(f.say("POST", "/v1/panel/overrides", body, withKey("k2")), `"1"`)
	if other["id"] == first["id"] {
		t.Error("two keys, one override")
	}
	w := f.ask("POST", "/v1/panel/overrides", f.token("mallory", token.Admin), withBody(body), withKey("k1"))
	if f.wantOK(w, `"1"`)["id"] == first["id"] {
		t.Error("two subjects, one override")
	}
	f.wantProblem(f.say("POST", "/v1/panel/overrides", strings.Replace(body, "said so", "says no", 1), withKey("k1")), http.StatusConflict, "idempotency_conflict")
	path := "/v1/panel/overrides/" + first["id"].(string)
	f.wantOK(f.say("DELETE", path, "", withMatch(`"1"`), withKey("d")), `"2"`)
	f.wantOK(f.say("DELETE", path, "", withMatch(`"1"`), withKey("d")), `"2"`) // the verdict of then, though the revision is another
	if n := len(f.commands.sent); n != 4 {
		t.Errorf("%d sent", n)
	}
}

func TestWritesThatCannotBe(t *testing.T) {
	f := newFixture(t)
	const list = "/v1/panel/overrides"
	f.wantProblem(f.ask("POST", list, "", withBody(overrideBody)), http.StatusUnauthorized, "unauthenticated")
	for _, role := range []token.Role{token.Viewer, token.User, token.Health, token.Service} {
		f.wantProblem(f.ask("POST", list, f.token("v", role), withBody(overrideBody)), http.StatusForbidden, "forbidden")
	}
	f.wantProblem(f.ask("GET", list, f.token("v", token.User)), http.StatusForbidden, "forbidden")
	f.wantProblem(f.say("POST", list, `{"mode":`), http.StatusBadRequest, "bad_request")
	f.wantProblem(f.say("POST", list, overrideBody, withHeader("Content-Type", "text/plain")), http.StatusUnsupportedMediaType, "unsupported_media_type")
	f.wantProblem(f.say("PUT", list+"/o2", overrideBody), http.StatusUnprocessableEntity, "invalid_field")
	w := f.say("POST", list, `{"mode":"upi","state":"sideways-secret","until":"2026-03-01T11:00:00Z","reason":"r","colour":1}`)
	p := f.wantProblem(w, http.StatusBadRequest, "invalid_field")
	var pointers []string
	for _, e := range p["errors"].([]any) {
		pointers = append(pointers, e.(map[string]any)["pointer"].(string))
	}
	if got := strings.Join(pointers, " "); got != "/colour /state /instrument" || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%s: %s", got, w.Body)
	}
	if n := len(f.commands.sent); n != 0 {
		t.Errorf("%d sent", n)
	}
	past := strings.Replace(overrideBody, "11:00", "09:00", 1) // only the catalog knows from when it holds
	p = f.wantProblem(f.say("POST", list, past), http.StatusUnprocessableEntity, "invalid_field")
	if firstPointer(p) != "/until" {
		t.Errorf("%v", p)
	}
	f.commands.failing = errors.New("secret broker")
	w = f.say("POST", list, strings.Replace(overrideBody, "o1", "o5", 1))
	f.wantProblem(w, http.StatusServiceUnavailable, "unavailable")
	if strings.Contains(w.Body.String(), "secret") || !strings.Contains(f.log.String(), "secret broker") {
		t.Errorf("%s, log %s", w.Body, f.log)
	}
}

func TestWriteWithoutAVerdictIsAccepted(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Wait = time.Millisecond })
	f.commands.deaf = true
	w := f.say("PUT", "/v1/panel/health-settings", `{"mode":"upi","instrument":"a/b","settings":{"up_after":5}}`, withKey("k"))
	var body serve.Pending
	f.check(json.Unmarshal(w.Body.Bytes(), &body))
	if w.Code != http.StatusAccepted || w.Header().Get("Location") != "/v1/panel/health-settings/upi/a%2Fb" || body.Status != "pending" || body.CommandID != f.commands.sent[0].ID {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	f.wantProblem(f.ask("GET", w.Header().Get("Location"), f.token("v", token.Viewer)), http.StatusNotFound, "not_found")
	f.judge(f.commands.sent[0])
	got := f.wantOK(f.ask("GET", w.Header().Get("Location"), f.token("v", token.Viewer)), `"1"`)
	if got["instrument"] != "a/b" || got["settings"].(map[string]any)["up_after"] != 5.0 || got["effective_from"] != "2026-03-01T10:00:00.000Z" {
		t.Errorf("%v", got)
	}
	f.wantOK(f.say("PUT", "/v1/panel/health-settings", `{"mode":"upi","instrument":"a/b","settings":{"up_after":5}}`, withKey("k")), `"1"`)
	if len(f.commands.sent) != 1 {
		t.Errorf("%d sent", len(f.commands.sent))
	}
	if n := f.indexes.watchers.Catalog.Waits(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

func TestOtherKindsOverHTTP(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/maintenance", `{"mode":"upi","instrument":"sbi","gateway":"payu","begin":"2026-03-02T00:00:00Z","end":"2026-03-02T01:00:00Z","reason":"upgrade"}`), `"1"`)
	f.wantOK(f.say("PUT", "/v1/panel/freeze", `{"mode":"upi","until":"2026-03-02T00:00:00Z","reason":"sale"}`), `"1"`)
	f.wantProblem(f.say("PUT", "/v1/panel/freeze", `{"mode":"upi","until":"2026-03-03T00:00:00Z","reason":"sale"}`), http.StatusPreconditionRequired, "precondition_required")
	if got := f.wantOK(f.ask("GET", "/v1/panel/freeze/UPI", f.token("v", token.Viewer)), `"1"`); got["instrument"] != nil || got["until"] != "2026-03-02T00:00:00.000Z" {
		t.Errorf("%v", got)
	}
	f.wantOK(f.say("PUT", "/v1/panel/health-settings", `{"mode":"upi","settings":{"up_after":5}}`), `"1"`)
	got := f.wantOK(f.say("DELETE", "/v1/panel/health-settings/upi", "", withMatch("*")), `"2"`)
	if got["status"] != "withdrawn" || len(got["changes"].([]any)) != 1 { // both at one time: the later stays
		t.Errorf("%v", got)
	}
	f.wantOK(f.say("DELETE", "/v1/panel/freeze/upi", "", withMatch("*")), `"2"`)
	f.wantProblem(f.say("DELETE", "/v1/panel/health-settings/upi/sbi", ""), http.StatusNotFound, "not_found")
	for target, want := range map[string]int{
		"maintenance": 1, "maintenance?mode=card": 0, "freeze?status=set": 0, "freeze?status=withdrawn": 1, "health-settings": 1, "overrides": 0,
	} {
		if items := f.get("/v1/panel/" + target)["items"].([]any); len(items) != want {
			t.Errorf("%s: %v", target, items)
		}
	}
}

func TestInterventionPages(t *testing.T) {
	f := newFixture(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		f.wantOK(f.say("POST", "/v1/panel/overrides", strings.Replace(overrideBody, "o1", id, 1)), `"1"`)
	}
	f.putMission(swiggy())
	for _, limit := range []string{"1", "2", "5"} {
		var got []string
		for _, page := range f.ids("/v1/panel/overrides?limit=" + limit) {
			got = append(got, page...)
		}
		if strings.Join(got, "") != "abcde" {
			t.Errorf("by %s: %v", limit, got)
		}
	}
	f.tables.catalog.put(catalog.Key(catalog.KindOverride, "b"), []byte("damaged"))
	if items := f.get("/v1/panel/overrides")["items"].([]any); len(items) != 4 {
		t.Errorf("%v", items)
	}
	f.wantProblem(f.say("DELETE", "/v1/panel/overrides/b", ""), http.StatusInternalServerError, "internal")
}
