package views

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/health/backtest"
	devviews "github.com/millrace/millrace/views/dev"
	"github.com/millrace/millrace/views/token"
)

func TestBreakingTrafficIsForEditorsOnThisMachine(t *testing.T) {
	var got []backtest.Outage
	var fails error
	f := newFixture(t, func(c *Config) {
		c.Breaker = func(o backtest.Outage) error {
			got = append(got, o)
			return fails
		}
	})
	const body = `{"mode":"upi","instrument":"sbi","gateway":"payu","for":"3m","success":0.1}`
	editor := f.token("asif", token.Editor)
	ask := func(bearer, body string, change ...func(*http.Request)) (int, map[string]any) {
		w := f.ask("POST", "/v1/dev/break", bearer, append([]func(*http.Request){fromHere, withBody(body)}, change...)...)
		return w.Code, f.object(w.Body.Bytes())
	}
	status, answer := ask(editor, body)
	begin := "2026-03-01T10:00:00.000Z"
	want := map[string]any{
		"mode": "upi", "instrument": "sbi", "gateway": "payu", "begin": begin, "end": "2026-03-01T10:03:00.000Z", "success": 0.1,
	}
	if diff := cmp.Diff(want, answer); status != http.StatusOK || diff != "" {
		t.Errorf("%d %s", status, diff)
	}
	outage := backtest.Outage{Mode: "upi", Instrument: "sbi", Gateway: "payu", Begin: 1772359200000, End: 1772359380000, Success: 0.1}
	if diff := cmp.Diff([]backtest.Outage{outage}, got); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string]struct {
		bearer, body string
		change       func(*http.Request)
		status       int
	}{
		"no token":      {"", body, fromHere, http.StatusUnauthorized},
		"a viewer":      {f.token("asif", token.Viewer), body, fromHere, http.StatusForbidden},
		"elsewhere":     {editor, body, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1234" }, http.StatusForbidden},
		"a page":        {editor, body, withHeader("Origin", "http://127.0.0.1:8080"), http.StatusForbidden},
		"other fields":  {editor, `{"mode":"upi","instrument":"sbi","for":"3m","success":0,"how":"much"}`, fromHere, http.StatusBadRequest},
		"too long":      {editor, `{"mode":"upi","instrument":"sbi","for":"25h","success":0}`, fromHere, http.StatusUnprocessableEntity},
		"no time":       {editor, `{"mode":"upi","instrument":"sbi","for":"soon","success":0}`, fromHere, http.StatusUnprocessableEntity},
		"more than all": {editor, `{"mode":"upi","instrument":"sbi","for":"1m","success":1.1}`, fromHere, http.StatusUnprocessableEntity},
	} {
		if status, answer := ask(c.bearer, c.body, c.change); status != c.status {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	if len(got) != 1 {
		t.Errorf("refused, and done all the same: %v", got)
	}

	fails = &devviews.UnknownError{Field: "instrument", Known: []string{"hdfc", "axis"}}
	status, answer = ask(editor, body)
	errs := []any{map[string]any{"pointer": "/instrument", "code": "unknown_value", "detail": "must be one of hdfc, axis"}}
	if diff := cmp.Diff(errs, answer["errors"]); status != http.StatusUnprocessableEntity || diff != "" {
		t.Errorf("%d %s", status, diff)
	}
	fails = devviews.ErrNoTraffic
	if status, answer := ask(editor, body); status != http.StatusServiceUnavailable || answer["code"] != "unavailable" {
		t.Errorf("without traffic: %d %v", status, answer)
	}
	f = newFixture(t)
	f.wantProblem(f.ask("POST", "/v1/dev/break", f.token("asif", token.Editor), fromHere, withBody(body)), http.StatusNotFound, "not_found")
}
