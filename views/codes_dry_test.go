package views

import (
	"net/http"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/budget"
)

// A dry run says what would be taken and what would not, and takes nothing; no code is in any answer.
func TestDryRunOfCodes(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"amazon-100","code_pattern":{"length":8,"alphabet":"A-Z0-9-","check_digit":""}}`), `"1"`)
	known, _ := budget.ApplyMove(nil, budget.KnownKey("amazon-100", "SECRET-1"), &budget.Move{Step: budget.StepCheck, Codes: []string{"SECRET-1"}})
	put(f, f.tables.budget, f.topology.Budget, budget.KnownKey("amazon-100", "SECRET-1"), known)
	body := "\ufeffcode;\r\nSECRET-1;\r\nSECRET-2;\r\n\r\nSECRET-2;\r\nSECRET-LONG;\r\n4.22E+15;\r\n"
	path := codesPath + "?dry_run=true"
	w := f.say("POST", path, body, withHeader("Content-Type", "text/csv"))
	got := f.object(w.Body.Bytes())
	for name, want := range map[string]any{"codes": 2.0, "in_pool": 1.0, "duplicates": 1.0, "blank_lines": 1.0, "refused": 2.0, "status": "dry_run"} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for _, want := range []string{`"separator":";"`, `"header":"code"`, `"byte_order_mark":true`, `"line_ends":"crlf"`, `"/lines/6"`, `"/lines/7"`, "scientific", `"shape":"AAAAAA-9"`, `"command_ids":[]`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is missing", want)
		}
	}
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "SECRET") || len(f.commands.sent) != 1 {
		t.Errorf("%d %s, %d sent", w.Code, w.Body, len(f.commands.sent))
	}
	w = f.sayCSV(body)
	p := f.wantProblem(w, http.StatusUnprocessableEntity, "invalid_field")
	if !strings.Contains(p["detail"].(string), "2 lines are no codes, and nothing was taken; 2 others would be") || strings.Contains(w.Body.String(), "SECRET") || len(f.commands.sent) != 1 {
		t.Errorf("%v", p)
	}
	pool := f.get("/v1/panel/pools/amazon-100")["code_pattern"].(map[string]any)
	if pool["min_length"] != 8.0 || pool["max_length"] != 8.0 || pool["alphabet"] != "A-Z0-9-" {
		t.Errorf("%v", pool)
	}
	w = f.sayCSV("code\nSECRET-1\nSECRET-3\n")
	if got := f.object(w.Body.Bytes()); w.Code != http.StatusOK || got["codes"] != 2.0 || got["in_pool"] != 1.0 || got["status"] != "done" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
