package views

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/simulation"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/views/token"
)

// simulated makes a server that simulates, with the least that a simulation may find.
func simulated(c *Config) {
	c.Simulator = func(context.Context, mission.Mission, instant.Milli, instant.Milli) (simulation.Result, error) {
		return simulation.Result{ByDay: []simulation.Day{}, NotCounted: []simulation.Count{}}, nil
	}
}

// operations calls fn with every operation of the document.
func (f *fixture) operations(fn func(method, path string, op *huma.Operation)) {
	for path, item := range f.server.API.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodDelete: item.Delete,
		} {
			if op != nil {
				fn(method, path, op)
			}
		}
	}
}

// target fills the parameters of a path with what the filled fixture has.
func target(path string) string {
	id := map[string]string{"users": "usr_1", "transactions": "t1", "missions": "swiggy-500", "ads": "ad", "brands": "brand", "pools": "pool", "dead-letter-batches": "lb_1"}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		switch part {
		case "{id}":
			parts[i] = id[parts[i-1]]
			if parts[i] == "" {
				parts[i] = "o1"
			}
		case "{mid}":
			parts[i] = "swiggy-500"
		case "{rid}":
			parts[i] = swiggyReward()
		case "{mode}":
			parts[i] = "upi"
		case "{instrument}":
			parts[i] = "sbi"
		}
	}
	out := strings.Join(parts, "/")
	if strings.HasSuffix(path, "/explain") {
		out += "?transaction_id=t1"
	}
	return out
}

// mismatch returns where a value is null though its schema promises a list, and what else the schema does not allow.
func (f *fixture) mismatch(op *huma.Operation, status int, kind string, body []byte) error {
	response := op.Responses[strconv.Itoa(status)]
	if response == nil {
		response = op.Responses["default"]
	}
	if response == nil || response.Content[kind] == nil || response.Content[kind].Schema == nil {
		if status == http.StatusOK || status == http.StatusAccepted { // writes say what they answer with in words
			return f.nullLists(body)
		}
		return errors.New("the document has no such answer")
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	res := &huma.ValidateResult{}
	huma.Validate(f.server.API.OpenAPI().Components.Schemas, response.Content[kind].Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, res)
	return errors.Join(append(res.Errors, f.nullLists(body))...)
}

// nullLists returns an error for each field that is null and has the name of a list in the document.
func (f *fixture) nullLists(body []byte) error {
	lists := map[string]bool{}
	for _, schema := range f.server.API.OpenAPI().Components.Schemas.Map() {
		for name, property := range schema.Properties {
			if property.Type == huma.TypeArray {
				lists[name] = true
			}
		}
	}
	var errs []error
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case map[string]any:
			for name, inner := range v {
				if inner == nil && lists[name] {
					errs = append(errs, errors.New(name+" is null"))
				}
				walk(inner)
			}
		}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	walk(v)
	return errors.Join(errs...)
}

// changes are writes that fill a server, in order: one of each kind at least.
func changes() []struct{ method, target, body string } {
	const place = `"mode":"upi","instrument":"sbi"`
	return []struct{ method, target, body string }{
		{"PUT", "/v1/panel/brands/brand", `{"name":"Swiggy"}`},
		{"PUT", "/v1/panel/ads/ad", `{"title":"T","placement":"home"}`},
		{"PUT", "/v1/panel/pools/pool", `{"title":"P"}`},
		{"POST", "/v1/panel/pools/pool/codes", "code\nABCD-1\nABCD-2\n"},
		{"PUT", "/v1/panel/reward-templates/o1", `{"title":"R","reward":{"kind":"coins","amount":5}}`},
		{"PUT", "/v1/panel/overrides/o1", overrideBody},
		{"PUT", "/v1/panel/maintenance/o1", `{` + place + `,"begin":"2026-03-02T00:00:00Z","end":"2026-03-02T01:00:00Z","reason":"upgrade"}`},
		{"PUT", "/v1/panel/freeze", `{"mode":"upi","until":"2026-03-02T00:00:00Z","reason":"sale"}`},
		{"PUT", "/v1/panel/health-settings", `{"mode":"upi","settings":{"up_after":5}}`},
		{"PUT", "/v1/panel/health-settings", `{` + place + `,"settings":{"up_after":5}}`},
		{"POST", "/v1/panel/missions/swiggy-500/pause", ""},
		{"POST", "/v1/panel/missions/swiggy-500/resume", `{"reason":"r"}`},
		{"POST", "/v1/panel/missions/swiggy-500/simulate", ""},
		{"PUT", "/v1/panel/users/usr_1/segments", `{"segments":[]}`},
		{"POST", "/v1/panel/users/usr_1/rewards", goodwillBody},
		{"POST", "/v1/users/usr_1/missions/opt/enrol", ""},
		{"DELETE", "/v1/users/usr_1/missions/opt/enrol", ""},
		{"POST", "/v1/panel/task-kinds/reward_payout/pause", `{"reason":"r"}`},
		{"POST", "/v1/panel/task-kinds/reward_payout/resume", `{"reason":"r"}`},
		{"POST", "/v1/panel/tasks/o1/snooze", `{"for":"10m"}`},
		{"POST", "/v1/panel/tasks/o1/retry", ""},
		{"POST", "/v1/panel/tasks/o2/cancel", ""},
		{"POST", "/v1/panel/dead-letters/all/replay?dry_run=true", `{}`},
		{"POST", "/v1/events", relayEvent("e1", "t1")},
		{"POST", "/v1/events", `{"events":[]}`},
		{"POST", "/v1/tasks", `{"kind":"thank","key":"usr_1","payload":{"n":1}}`},
	}
}

// fillAll gives the server something to say on every route.
func (f *fixture) fillAll() {
	f.t.Helper()
	f.putTransaction()
	f.putMission(swiggy())
	f.putMission(optIn("opt"))
	f.putProgress()
	f.putRewards()
	f.putHealth()
	f.putLetter("payments-3-42", payment.Malformed, "intake", time.Second, "x")
	f.putLetter("o1", payment.Malformed, "intake", time.Second, "x")
	letter := deadletter.File(nil, deadletter.Letter{Reason: payment.Malformed, Group: "intake", Source: payment.Origin{Topic: "payments"}, At: at(0)})
	letter, _, _ = deadletter.Decide(letter, &deadletter.Command{ID: "lb_1.discard.1.x", Op: deadletter.Discard, Reason: "r", At: at(0)})
	put(f, f.tables.letters, f.topology.DeadLetters, "o3", letter)
	f.submit(task.RewardPayout, "usr_1", "o2", "o1")
	bearer := f.token("usr_1", token.User, token.Admin, token.Service)
	for _, c := range changes() {
		kind := "application/json"
		if strings.HasSuffix(c.target, "/codes") {
			kind = "text/csv"
		}
		w := f.ask(c.method, c.target, bearer, withBody(c.body), withHeader("Content-Type", kind))
		if w.Code != http.StatusOK && w.Code != http.StatusAccepted {
			f.t.Errorf("%s %s: %d %s", c.method, c.target, w.Code, w.Body)
		} else if err := f.nullLists(w.Body.Bytes()); err != nil {
			f.t.Errorf("%s %s: %v: %s", c.method, c.target, err, w.Body)
		}
	}
}

// Every read, of nothing and of something, answers as the document says.
func TestReadsAnswerAsDocumented(t *testing.T) {
	everyone := []token.Role{token.User, token.Admin, token.Health, token.Service}
	for name, fill := range map[string]func(*fixture){"empty": func(*fixture) {}, "filled": (*fixture).fillAll} {
		f := newFixture(t, simulated)
		fill(f)
		bearer, answered := f.token("usr_1", everyone...), 0
		f.operations(func(method, path string, op *huma.Operation) {
			if method != http.MethodGet || strings.HasSuffix(path, "/stream") {
				return
			}
			w := f.asDocumented(op, target(path), bearer)
			for _, next := range variants(op, target(path)) {
				f.asDocumented(op, next, bearer)
			}
			if w.Code == http.StatusOK {
				answered++
			} else if name == "filled" {
				t.Errorf("%s: %d %s", target(path), w.Code, w.Body)
			}
		})
		t.Logf("%s: %d answers", name, answered)
	}
}

// No list in the document may be null: an empty one is [].
func TestListsAreNeverNull(t *testing.T) {
	f := newFixture(t, simulated)
	for name, schema := range f.server.API.OpenAPI().Components.Schemas.Map() {
		for field, property := range schema.Properties {
			if property.Type == huma.TypeArray && property.Nullable {
				t.Errorf("%s.%s may be null", name, field)
			}
		}
	}
}

// asDocumented wants an answer, and the pages behind it, as the document has them.
func (f *fixture) asDocumented(op *huma.Operation, target, bearer string) *httptest.ResponseRecorder {
	f.t.Helper()
	w := f.ask(op.Method, target, bearer)
	kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	if err := f.mismatch(op, w.Code, kind, w.Body.Bytes()); err != nil {
		f.t.Errorf("%s: %d: %v: %s", target, w.Code, err, w.Body)
	}
	if cursor, more := f.object(w.Body.Bytes())["next_cursor"].(string); more && strings.Contains(target, "limit=1") {
		before, _, _ := strings.Cut(target, "&cursor=")
		f.asDocumented(op, before+"&cursor="+cursor, bearer)
	}
	return w
}

// variants are reads of the same that leave everything out, by each query parameter, and one that goes by pages of one.
func variants(op *huma.Operation, target string) []string {
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	var out []string
	for _, p := range op.Parameters {
		value := "nothing"
		switch {
		case p.In != "query" || p.Name == "cursor" || p.Name == "min_as_of" || p.Name == "transaction_id":
			continue
		case p.Name == "limit":
			value = "1"
		case p.Name == "from" || p.Name == "to":
			value = "2001-01-01T00:00:00Z"
		case len(p.Schema.Enum) > 0:
			value = fmt.Sprint(p.Schema.Enum[len(p.Schema.Enum)-1])
		}
		out = append(out, target+separator+p.Name+"="+value)
	}
	return out
}

// What a body has that there is not is 400 everywhere, and names its place.
func TestUnknownFieldsAreRefusedAlike(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	bearer, asked := f.token("usr_1", token.User, token.Admin, token.Service), 0
	f.operations(func(method, path string, op *huma.Operation) {
		if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil || path == "/v1/events" || strings.HasSuffix(path, "/codes") {
			return
		}
		asked++
		w := f.ask(method, target(path), bearer, withBody(`{"zq/x":1}`), f.withConditions(method, path))
		p := f.wantProblem(w, http.StatusBadRequest, "invalid_field")
		if !strings.Contains(w.Body.String(), `{"pointer":"/zq~1x","code":"unknown_field"`) {
			t.Errorf("%s %s: %v", method, path, p)
		}
		f.wantProblem(f.ask(method, target(path), bearer, withBody(`{"a":1`), f.withConditions(method, path)), http.StatusBadRequest, "bad_request")
		f.wantProblem(f.ask(method, target(path), bearer, withBody("a: 1\n"), f.withConditions(method, path)), http.StatusBadRequest, "bad_request")
		f.wantProblem(f.ask(method, target(path), bearer, withBody("{\"a\":\"\xff\"}"), f.withConditions(method, path)), http.StatusBadRequest, "bad_request")
		f.wantProblem(f.ask(method, target(path)+"?zq=1", bearer, withBody(`{}`), f.withConditions(method, path)), http.StatusBadRequest, "invalid_field")
	})
	if asked < 20 {
		t.Errorf("only %d operations have a body", asked)
	}
}

// A field of a body that may be left out may be null.
func TestFieldsThatMayBeLeftOutMayBeNull(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	bearer, tried := f.token("usr_1", token.User, token.Admin, token.Service), 0
	schemas := f.server.API.OpenAPI().Components.Schemas
	f.operations(func(method, path string, op *huma.Operation) {
		if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil || path == "/v1/events" {
			return
		}
		schema := schemas.SchemaFromRef(op.RequestBody.Content["application/json"].Schema.Ref)
		for name, p := range schema.Properties {
			if slices.Contains(schema.Required, name) || p.ReadOnly {
				continue
			}
			tried++
			w := f.ask(method, target(path), bearer, withBody(`{"`+name+`":null}`), f.withConditions(method, path))
			if strings.Contains(w.Body.String(), `"pointer":"/`+name) && !strings.Contains(w.Body.String(), "is required") {
				t.Errorf("%s %s: %s is null: %d %s", method, path, name, w.Code, w.Body)
			}
		}
	})
	if tried < 50 {
		t.Errorf("only %d fields", tried)
	}
}
