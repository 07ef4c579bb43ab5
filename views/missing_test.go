package views

import (
	"net/http"
	"strings"
	"testing"

	"github.com/millrace/millrace/views/token"
)

// me is whoever asks; the panel asks for others.
func TestThePanelDoesNotTakeMe(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/v1/panel/users/me/rewards", goodwillBody},
		{"POST", "/v1/panel/users/me/rewards/r/cancel", `{"reason":"x"}`},
		{"PUT", "/v1/panel/users/me/segments", `{"segments":["vip"]}`},
	} {
		w := f.ask(c.method, c.path, f.token("a", token.Admin), withBody(c.body))
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "name the user") {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
}

// Who sends nothing is told so.
func TestMissingBodiesAreNamed(t *testing.T) {
	f := newFixture(t)
	for path, kind := range map[string]string{"/v1/events": "application/json", "/v1/panel/pools/p1/codes": "text/csv"} {
		w := f.ask("POST", path, f.token("a", token.Admin, token.Service), func(r *http.Request) { r.Header.Set("Content-Type", kind) })
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "the request has no body") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
