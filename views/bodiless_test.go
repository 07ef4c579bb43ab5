package views

import (
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/token"
)

// TestBodiesThatAnOperationHasNotAreRefused sends bodies where none is read, or where one may be left out: nothing is
// ignored in silence.
func TestBodiesThatAnOperationHasNotAreRefused(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	bearer := f.token("usr_1", token.User, token.Admin, token.Service)
	sent := func(method, path, body string) (status int, code, pointer string) {
		w := f.ask(method, target(path), bearer, fromHere, withBody(body), f.withConditions(method, path))
		if w.Code < http.StatusBadRequest {
			return w.Code, "", ""
		}
		p := f.object(w.Body.Bytes())
		return w.Code, p["code"].(string), firstPointer(p)
	}
	without, optional := 0, 0
	f.operations(func(method, path string, op *huma.Operation) {
		none := op.RequestBody == nil
		if !none && op.RequestBody.Required {
			return
		}
		for body, want := range map[string]string{`{"zq":1}`: "/zq", `not json`: "", `{"zq":1,"zq":2}`: "", `{} {}`: ""} {
			if status, code, pointer := sent(method, path, body); status != http.StatusBadRequest || pointer != want {
				t.Errorf("%s %s %s: %d %s at %q", method, path, body, status, code, pointer)
			}
		}
		large := `{"zq":"` + strings.Repeat("x", int(op.MaxBodyBytes)) + `"}`
		if status, code, _ := sent(method, path, large); status != http.StatusRequestEntityTooLarge || code != "too_large" {
			t.Errorf("%s %s with %d bytes: %d %s", method, path, len(large), status, code)
		}
		if !none {
			optional++
			return
		}
		without++
		for _, body := range []string{`[]`, `null`, `1`, `"x"`} {
			if status, code, _ := sent(method, path, body); status != http.StatusBadRequest || code != "bad_request" {
				t.Errorf("%s %s %s: %d %s", method, path, body, status, code)
			}
		}
		if op.Responses["200"] != nil && op.Responses["200"].Content["text/event-stream"] != nil {
			return // its answer does not end
		}
		for _, body := range []string{"", "{}", " {\n} "} {
			if status, code, pointer := sent(method, path, body); status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status >= 500 {
				t.Errorf("%s %s %q: %d %s at %q", method, path, body, status, code, pointer)
			}
		}
	})
	if without < 40 || optional < 8 {
		t.Errorf("only %d operations without a body, and %d that may have one", without, optional)
	}
}
