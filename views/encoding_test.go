package views

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/token"
)

// TestAddressesAreUTF8: what is no UTF-8 in a path names nothing, and in a query it says nothing, at every operation.
func TestAddressesAreUTF8(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	bearer, asked := f.token("usr_1", token.User, token.Admin, token.Health, token.Service), 0
	ends, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a stream that is given by mistake
	defer cancel()
	within := func(r *http.Request) { *r = *r.WithContext(ends) }
	f.operations(func(method, path string, op *huma.Operation) {
		for _, p := range op.Parameters {
			at := target(path)
			switch {
			case p.In == "path":
				at, _, _ = strings.Cut(target(strings.Replace(path, "{"+p.Name+"}", "a%ffb", 1)), "?")
				if w := f.ask(method, at, bearer, within, withBody(goodwillBody)); w.Code != http.StatusNotFound {
					t.Errorf("%s %s: %d %s", method, at, w.Code, w.Body)
				}
			case p.In == "query" && !p.AllowEmptyValue:
				at, _, _ = strings.Cut(at, "?")
				w := f.ask(method, at+"?"+p.Name+"=a%ffb", bearer, fromHere, within, withBody("{}"))
				if got := f.object(w.Body.Bytes()); w.Code != http.StatusBadRequest || firstPointer(got) != "/query/"+p.Name {
					t.Errorf("%s %s by %s: %d %s", method, at, p.Name, w.Code, w.Body)
				}
			default:
				continue
			}
			asked++
		}
	})
	if asked < 100 || len(f.rewardsOf("a\xffb")) > 0 {
		t.Errorf("%d asked; rewards %v", asked, f.rewardsOf("a\xffb"))
	}
}

// TestTimesOfTheAuditAreReadAsEverywhere: the audit's bounds are times as docs/events.md has them, and a span that ends
// before it begins is a mistake.
func TestTimesOfTheAuditAreReadAsEverywhere(t *testing.T) {
	f := newFixture(t)
	viewer := f.token("v", token.Viewer)
	for text, want := range map[string]int{
		"2026-03-01T10:00:00Z": 200, "2026-03-01t10:00:00z": 200, "2026-03-01%2010:00:00Z": 200, "2026-03-01T15:30:00%2B05:30": 200, "1772359200": 200, "1772359200000": 200,
		"2016-12-31T23:59:60Z": 200, "2026-03-01": 422, "2026-03-01T10:00:00": 422, "2026-03-01T10:00:00%2B24:00": 422, "yesterday": 422, "0": 422, "2026-02-30T00:00:00Z": 422,
	} {
		for _, name := range []string{"from", "to"} {
			w := f.ask("GET", "/v1/panel/audit?"+name+"="+text, viewer)
			if w.Code != want || want != 200 && (firstPointer(f.object(w.Body.Bytes())) != "/query/"+name || !strings.Contains(w.Body.String(), "epoch") && !strings.Contains(w.Body.String(), "RFC 3339")) {
				t.Errorf("%s=%s: %d %s", name, text, w.Code, w.Body)
			}
		}
	}
	p := f.wantProblem(f.ask("GET", "/v1/panel/audit?from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z", viewer), http.StatusUnprocessableEntity, "invalid_field")
	if firstPointer(p) != "/query/to" {
		t.Errorf("%v", p)
	}
}
