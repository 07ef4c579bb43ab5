package views

import (
	"net/http"
	"strings"
	"testing"
)

// A definition over HTTP names only what is there, and is taken once it is.
func TestDefinitionsNameWhatIsThere(t *testing.T) {
	f := newFixture(t)
	const body = `{"id":"m","currency":"INR","goal":{"metric":"count","target":1},"window":{"kind":"recurring","every":"day"},"time_zone":"UTC","brand_id":"b",` +
		`"reward":{"kind":"gift_card","amount":500,"pool":"p"}}`
	w := f.say("POST", "/v1/panel/missions", body)
	f.wantProblem(w, http.StatusUnprocessableEntity, "invalid_field")
	for _, want := range []string{`"/brand_id"`, "no such brand: create it first", `"/reward/pool"`, "no such pool: create it first"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is missing: %s", want, w.Body)
		}
	}
	if len(f.commands.sent) != 0 {
		t.Errorf("sent %+v", f.commands.sent)
	}
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"b","name":"B"}`), `"1"`)
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"p","brand_id":"b"}`), `"1"`)
	f.wantOK(f.say("POST", "/v1/panel/missions", body), `"1"`)
	f.wantOK(f.say("DELETE", "/v1/panel/pools/p", "", withMatch("*")), `"2"`)
	f.wantProblem(f.say("POST", "/v1/panel/missions", strings.Replace(body, `"m"`, `"n"`, 1)), http.StatusUnprocessableEntity, "invalid_field")
	f.wantOK(f.say("PUT", "/v1/panel/missions/m", strings.Replace(body, `"count","target":1`, `"count","target":2`, 1), withMatch("*")), `"2"`)
}
