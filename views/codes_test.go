package views

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/views/token"
)

const codesPath = "/v1/panel/pools/amazon-100/codes"

func (f *fixture) sayCSV(body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	f.t.Helper()
	return f.say("POST", codesPath, body, append([]func(*http.Request){withHeader("Content-Type", "text/csv; charset=utf-8")}, change...)...)
}

func TestCodesGoThroughTheCatalogAndDoNotStay(t *testing.T) {
	f := newFixture(t)
	f.wantProblem(f.sayCSV("A-1\n"), http.StatusNotFound, "not_found")
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"amazon-100","title":"Amazon 100"}`), `"1"`)
	w := f.sayCSV("\ufeffCode\r\nSECRET-1\r\n\"SECRET-2\",\r\n\r\nSECRET-1\n  SECRET-3", withHeader("Millrace-Reason", "spring"))
	got := f.object(w.Body.Bytes())
	if w.Code != http.StatusOK || got["codes"] != 3.0 || got["duplicates"] != 1.0 || got["status"] != "done" || w.Header().Get("Location") != "/v1/panel/pools/amazon-100" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	sent := f.commands.sent[1]
	if fmt.Sprint(sent.Codes) != "[SECRET-1 SECRET-2 SECRET-3]" || sent.EntityID != "amazon-100" {
		t.Errorf("%+v", sent)
	}
	row, _ := f.tables.catalog.Get(catalog.Key(catalog.KindPool, "amazon-100"))
	audit := f.ask("GET", "/v1/panel/audit", f.token("v", token.Viewer)).Body.String()
	if strings.Contains(string(row)+audit+f.log.String(), "SECRET") || !strings.Contains(audit, catalog.CodesDigest(sent.Codes)) ||
		!strings.Contains(audit, "codes_added") || !strings.Contains(audit, "spring") {
		t.Errorf("row %q, audit %s", row, audit)
	}
	again := f.sayCSV("SECRET-1\nSECRET-2\nSECRET-3\n") // the same codes by mistake
	if again.Code != http.StatusOK || len(f.commands.sent) != 2 {
		t.Errorf("%d %s, %d sent", again.Code, again.Body, len(f.commands.sent))
	}
	put(f, f.tables.budget, f.topology.Budget, budget.PoolKey("amazon-100"), &budget.Row{Pool: &budget.Pool{Stocked: 3, Drawn: 1}})
	pool := f.get("/v1/panel/pools/amazon-100")
	if fmt.Sprint(pool["codes"]) != fmt.Sprint(map[string]any{"added": 3.0, "last_digest": catalog.CodesDigest(sent.Codes)}) ||
		pool["stock"].(map[string]any)["available"] != 2.0 || pool["revision"] != 2.0 {
		t.Errorf("%v", pool)
	}
	f.wantOK(f.say("DELETE", "/v1/panel/pools/amazon-100", "", withMatch("*")), `"3"`)
	f.wantProblem(f.sayCSV("A-9\n"), http.StatusUnprocessableEntity, "invalid_state")
}

// What an earlier upload handed on may not be in the stock yet: the answer says by how many codes in_pool may be too
// low.
func TestCodesUnderWayToTheStock(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"amazon-100","title":"Amazon 100"}`), `"1"`)
	behind := func(body string) (any, any) {
		got := f.object(f.sayCSV(body).Body.Bytes())
		return got["stock_behind"], got["in_pool"]
	}
	if b, in := behind("AF-001\nAF-002\n"); b != 0.0 || in != 0.0 {
		t.Errorf("first: %v behind, %v in the pool", b, in)
	}
	if b, in := behind("AF-001\nAF-002\nAF-003\n"); b != 2.0 || in != 0.0 { // the stock has taken nothing in yet
		t.Errorf("second: %v behind, %v in the pool", b, in)
	}
	put(f, f.tables.budget, f.topology.Budget, budget.PoolKey("amazon-100"), &budget.Row{Pool: &budget.Pool{Stocked: 2}})
	if b, _ := behind("AF-001\nAF-002\nAF-003\n"); b != 3.0 {
		t.Errorf("again: %v behind", b)
	}
	put(f, f.tables.budget, f.topology.Budget, budget.PoolKey("amazon-100"), &budget.Row{Pool: &budget.Pool{Stocked: 4, Returned: 1, Drawn: 2, Duplicates: 2}})
	if b, _ := behind("AF-004\n"); b != 0.0 {
		t.Errorf("third: %v behind", b)
	}
}

// A file without codes is refused in words that fit, and its dry run has the same problem.
func TestFilesWithoutAnyCode(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"amazon-100","title":"Amazon 100"}`), `"1"`)
	for _, body := range []string{"\n\n", "code\n"} {
		if w := f.sayCSV(body); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "the file holds no codes: nothing was taken") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

// Ten thousands of codes are commands of at most 10,000, and all of them are judged before the answer.
func TestManyCodes(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"amazon-100","title":"Amazon 100"}`), `"1"`)
	var body strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&body, "CODE-%d\n", i)
	}
	w := f.sayCSV(body.String())
	if w.Code != http.StatusOK || len(f.commands.sent) != 1+6 {
		t.Fatalf("%d %s, %d sent", w.Code, w.Body, len(f.commands.sent))
	}
	if added := f.get("/v1/panel/pools/amazon-100")["codes"].(map[string]any)["added"]; added != 60_000.0 {
		t.Errorf("%v added", added)
	}
	f.wantProblem(f.sayCSV(strings.Repeat("CODE-CODE-CODE-CODE\n", 600_000)), http.StatusRequestEntityTooLarge, "too_large")
}

func TestCodesThatCannotBe(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"amazon-100","title":"Amazon 100"}`), `"1"`)
	for body, pointer := range map[string]string{
		"code\n\n":                       "/lines",
		"A\nB,C\n":                       "/lines/2",
		"A\n\"B\n":                       "/lines/2",
		"A\n\"B\" C\n":                   "/lines/2",
		"A\x00B\n":                       "/lines/1",
		"A\n\xff\xfe\n":                  "/lines/2",
		"A\n" + strings.Repeat("x", 257): "/lines/2",
		"one\tSECRET":                    "/lines/1",
	} {
		w := f.sayCSV(body)
		if p := f.wantProblem(w, http.StatusUnprocessableEntity, "invalid_field"); firstPointer(p) != pointer || strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%q: %s", body, w.Body)
		}
	}
	f.wantProblem(f.say("POST", codesPath, `{"codes":[]}`), http.StatusUnsupportedMediaType, "unsupported_media_type")
	f.wantProblem(f.ask("POST", codesPath, f.token("v", token.Viewer), withBody("A")), http.StatusForbidden, "forbidden")
	f.wantProblem(f.sayCSV("A\n", withMatch(`"7"`)), http.StatusPreconditionFailed, "precondition_failed")
	if len(f.commands.sent) != 2 {
		t.Errorf("%d sent", len(f.commands.sent))
	}
}

func TestCodesWithoutAVerdictAreAccepted(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Wait = time.Millisecond })
	f.judge(catalog.NewPut("c", "ops", at(0), catalog.Pool{PoolID: "amazon-100", State: catalog.StatusActive}))
	f.commands.deaf = true
	w := f.sayCSV("A\n", withKey("k"))
	if w.Code != http.StatusAccepted || f.object(w.Body.Bytes())["status"] != "pending" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	f.judge(f.commands.sent[0])
	if w := f.sayCSV("A\n", withKey("k")); w.Code != http.StatusOK || len(f.commands.sent) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.wantProblem(f.sayCSV("B\n", withKey("k")), http.StatusConflict, "idempotency_conflict")
}
