package views

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/topology"
	devviews "github.com/millrace/millrace/views/dev"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// golden holds lines against a file of testdata, one a line.
func (f *fixture) golden(name string, lines []string) {
	f.t.Helper()
	slices.Sort(lines)
	path, got := filepath.Join("testdata", name), strings.Join(lines, "\n")+"\n"
	if rewriting() {
		f.check(os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	f.check(err)
	if d := cmp.Diff(string(want), got); d != "" {
		f.t.Error(d)
	}
}

func TestDocumentListsEveryRoute(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Board = fixedBoard{} })
	w := f.ask("GET", "/openapi.json", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var doc struct {
		OpenAPI    string                               `json:"openapi"`
		Paths      map[string]map[string]map[string]any `json:"paths"`
		Components struct {
			Schemas map[string]*struct {
				Properties map[string]any `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	f.check(json.Unmarshal(w.Body.Bytes(), &doc))
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	var routes []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+path)
			if op["summary"] == "" || op["operationId"] == "" {
				t.Errorf("%s %s is not described", method, path)
			}
			if op["responses"].(map[string]any)["default"] == nil {
				t.Errorf("%s %s: no problem response", method, path)
			}
		}
	}
	f.golden("routes.txt", routes)
	var fields []string // clients are generated of these names, too
	for name, schema := range doc.Components.Schemas {
		fields = append(fields, name)
		for field := range schema.Properties {
			fields = append(fields, name+"."+field)
		}
	}
	f.golden("schemas.txt", fields)
	for _, ref := range regexp.MustCompile(`"#/components/schemas/(\w+)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		if doc.Components.Schemas[ref[1]] == nil {
			t.Errorf("no schema %s", ref[1])
		}
	}
	if strings.Contains(w.Body.String(), "ErrorModel") {
		t.Error("huma's own error shape is in the document")
	}
	if w := f.ask("GET", "/openapi.json", "", withHeader("If-None-Match", w.Header().Get("ETag"))); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("If-None-Match: %d", w.Code)
	}
}

func TestTopicsAreDescribed(t *testing.T) {
	f := newFixture(t)
	for target, kind := range map[string]string{
		"/asyncapi.json": "application/json", "/schemas/payments.json": "application/schema+json", "/schemas/health-windows.json": "application/schema+json",
		"/schemas/dead-letters-headers.json": "application/schema+json",
	} {
		w := f.ask("GET", target, "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %v %.80s", target, w.Code, w.Header(), w.Body)
		}
	}
	f.wantProblem(f.ask("GET", "/schemas/transactions.json", ""), http.StatusNotFound, "not_found")
}

// Operations say by what they are asked, what bodies hold, and all that every request may be answered with.
func TestOperationsAreDescribed(t *testing.T) {
	f := newFixture(t, simulated)
	ids := map[string]bool{}
	f.operations(func(method, path string, op *huma.Operation) {
		what := method + " " + path
		if op.Summary == "" || op.OperationID == "" || ids[op.OperationID] || len(op.Tags) != 1 || len(op.Security) == 0 {
			t.Errorf("%s: summary %q, id %q, tags %v, security %v", what, op.Summary, op.OperationID, op.Tags, op.Security)
		}
		ids[op.OperationID] = true
		for _, status := range []string{"400", "431", "500", "default"} {
			if op.Responses[status] == nil {
				t.Errorf("%s: no answer %s", what, status)
			}
		}
		if op.RequestBody != nil {
			for _, status := range []string{"408", "413", "415"} {
				if op.Responses[status] == nil {
					t.Errorf("%s: no answer %s", what, status)
				}
			}
			for kind, m := range op.RequestBody.Content {
				if m.Schema == nil || m.Schema.Format == "binary" || m.Schema.Ref == "" && kind == "application/json" {
					t.Errorf("%s: its body of %s is not described", what, kind)
				}
			}
		}
		for status, r := range op.Responses {
			for kind, m := range r.Content {
				if !strings.HasPrefix(kind, "text/") && (m.Schema == nil || m.Schema.Ref == "") {
					t.Errorf("%s: what %s holds as %s is not described", what, status, kind)
				}
			}
			if status[0] == '2' && len(r.Content) == 0 {
				t.Errorf("%s: what %s holds is not described", what, status)
			}
		}
	})
}

// The examples of events are taken.
func TestExamplesOfEventsAreTaken(t *testing.T) {
	f := newFixture(t)
	f.now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // they are not of the future
	body := f.server.API.OpenAPI().Paths["/v1/events"].Post.RequestBody.Content["application/json"]
	if len(body.Examples) < 4 {
		t.Fatalf("examples %v", body.Examples)
	}
	for name, example := range body.Examples {
		b, err := json.Marshal(example.Value)
		f.check(err)
		w := f.ask("POST", "/v1/events", f.token("relay", token.Service), withBody(string(b)))
		if got := f.object(w.Body.Bytes()); w.Code != http.StatusAccepted || got["rejected"] != 0.0 || got["accepted"] == 0.0 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		res := &huma.ValidateResult{}
		var value any
		f.check(json.Unmarshal(b, &value))
		huma.Validate(f.server.API.OpenAPI().Components.Schemas, body.Schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, value, res)
		if len(res.Errors) > 0 {
			t.Errorf("%s: %v", name, res.Errors)
		}
	}
}

func TestRouterAnswersWithProblems(t *testing.T) {
	f := newFixture(t)
	f.wantProblem(f.ask("GET", "/nope", ""), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("GET", "/v1/nope", ""), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("GET", "/v1/dev/board", "", fromHere), http.StatusNotFound, "not_found")
	w := f.ask("DELETE", "/v1/panel/missions", f.token("a", token.Admin))
	f.wantProblem(w, http.StatusMethodNotAllowed, "method_not_allowed")
	if w.Header().Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow %q", w.Header().Get("Allow"))
	}
	if w := f.ask("OPTIONS", "/v1/panel/missions", "", withHeader("Origin", "https://evil.example")); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("CORS is open")
	}
	if w := f.ask("HEAD", "/livez", ""); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
}

func TestRequestIDs(t *testing.T) {
	f := newFixture(t)
	id := func(sent string) string {
		return f.ask("GET", "/livez", "", withHeader("X-Request-Id", sent)).Header().Get("X-Request-Id")
	}
	if got := id("abc-1.2_3"); got != "abc-1.2_3" {
		t.Errorf("a sane id became %q", got)
	}
	for _, bad := range []string{"", "a b", "<script>", strings.Repeat("x", 129), "a\r\nb"} {
		if got := id(bad); got == bad || len(got) < 16 {
			t.Errorf("%q became %q", bad, got)
		}
	}
	if first := id(""); first == id("") {
		t.Error("ids repeat")
	}
}

func TestPanicsAndErrorsStayInside(t *testing.T) {
	f := newFixture(t)
	bearer := f.token("a", token.Admin, token.User)
	f.tables.ledger.set(func() { f.tables.ledger.failing = errors.New("secret row") })
	w := f.ask("GET", "/v1/panel/transactions/broken", bearer)
	f.wantProblem(w, http.StatusInternalServerError, "internal")
	if strings.Contains(w.Body.String(), "row") {
		t.Errorf("says too much: %s", w.Body)
	}
	if !strings.Contains(f.log.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("the log does not know the request: %s", f.log)
	}

	h := f.server.Identify(f.server.Recover(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			w.WriteHeader(http.StatusOK)
		}
		panic("secret")
	})))
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	f.wantProblem(w, http.StatusInternalServerError, "internal")
	if strings.Contains(w.Body.String(), "secret") || !strings.Contains(f.log.String(), "secret") {
		t.Errorf("answer %s, log %s", w.Body, f.log)
	}
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Error("an answer that has begun must be broken off")
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/late", nil))
}

func TestSecurityHeaders(t *testing.T) {
	f := newFixture(t)
	for _, target := range []string{"/", "/docs", "/v1/health", "/nope", "/livez"} {
		h := f.ask("GET", target, "").Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src '") ||
			!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", target, h)
		}
	}
	if got := f.ask("GET", "/v1/health", f.token("a", token.Health)).Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
}

func TestMetrics(t *testing.T) {
	f := newFixture(t)
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "millrace_test_total", Help: "For the test."})
	f.registry.MustRegister(c)
	c.Inc()
	if w := f.ask("GET", "/metrics", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "millrace_test_total 1") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f = newFixture(t, func(c *Config) { c.Gatherer = nil })
	f.wantProblem(f.ask("GET", "/metrics", ""), http.StatusNotFound, "not_found")
}

func TestBoard(t *testing.T) {
	f := filled(t, func(c *Config) {
		c.Board = fixedBoard{devviews.BoardState{
			StartedAt: start, Users: []devviews.BoardUser{{ID: "usr_1", Token: "tok"}}, Events: 7, Duplicates: 1, DeadLetters: 2,
			Money: map[string]devviews.BoardMoney{"INR": {Settled: 15000, Reversed: 4000, Received: 11000}},
		}}
	})
	card := reward.Reward{Mission: "m", Epoch: 1, Kind: mission.RewardGiftCard, State: reward.Granted}
	cash := reward.Reward{Mission: "m", Epoch: 1, Kind: mission.RewardCash, State: reward.Granting}
	card.ID, cash.ID = "rw_1", "rw_3"
	second := card
	second.ID = "rw_2"
	put(f, f.tables.rewards, f.topology.Rewards, "usr_1", &reward.Row{Rewards: []*reward.Reward{&card, &cash, &second}})
	w := f.ask("GET", "/v1/dev/board", "", fromHere, withHeader("Sec-Fetch-Site", "same-origin"))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var board devviews.BoardBody
	f.check(json.Unmarshal(w.Body.Bytes(), &board))
	if len(board.Users) != 1 || len(board.Users[0].Missions) != 1 || board.Users[0].Missions[0].Percent != 20 {
		t.Errorf("users %+v", board.Users)
	}
	if got := fmt.Sprint(board.Users[0].Rewards); got != "[{cash granting 1} {gift_card granted 2}]" {
		t.Errorf("rewards %s", got)
	}
	if board.Totals.Events != 7 || board.Totals.DifferenceMinor["INR"] != 0 || board.Totals.SettledMinor["INR"] != 15000 {
		t.Errorf("totals %+v", board.Totals)
	}
	var sparks []float64
	for _, b := range board.Banks {
		if b.Instrument == "sbi" {
			for _, v := range b.Spark {
				sparks = append(sparks, *v)
			}
		}
	}
	if d := cmp.Diff([]float64{1, 0.55, 0.55}, sparks); d != "" {
		t.Errorf("spark: %s", d)
	}
	for name, change := range map[string]func(*http.Request){
		"elsewhere":    func(r *http.Request) { r.RemoteAddr = "192.0.2.1:9" },
		"rebound name": func(r *http.Request) { r.Host = "evil.example" },
		"other page":   withHeader("Sec-Fetch-Site", "cross-site"),
		"other origin": withHeader("Origin", "http://evil.example"),
	} {
		t.Run(name, func(t *testing.T) {
			f.wantProblem(f.ask("GET", "/v1/dev/board", "", fromHere, change), http.StatusForbidden, "forbidden")
		})
	}
}

func TestFrontPage(t *testing.T) {
	f := newFixture(t)
	if body := f.ask("GET", "/", "").Body.String(); !strings.Contains(body, `href="/docs"`) || strings.Contains(body, "live.js") {
		t.Errorf("without a board: %s", body)
	}
	f = newFixture(t, func(c *Config) { c.Board = fixedBoard{} })
	if body := f.ask("GET", "/", "").Body.String(); !strings.Contains(body, "/assets/live.js") {
		t.Errorf("with a board: %s", body)
	}
}

func TestConfigListsEveryProblem(t *testing.T) {
	if err := (Config{}).Validate(); err == nil || !strings.Contains(err.Error(), "topology") {
		t.Errorf("nothing of the topology in %v", err)
	}
	err := Config{Topology: topology.New(topology.DefaultConfig()), Wait: time.Hour}.Validate()
	for _, want := range []string{"table of ledger", "table of deadletters", "indexes", "records", "verifier", "wait"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %q in %v", want, err)
		}
	}
	if _, err := New(Config{}); err == nil {
		t.Error("New took it")
	}
}

func TestHumaErrorsBecomeOurs(t *testing.T) {
	f := newFixture(t)
	op := f.server.Operation("test", http.MethodGet, "/test", serve.TagServer, "test")
	huma.Register(f.server.API, op, func(context.Context, *struct{}) (*liveOutput, error) {
		return nil, huma.Error409Conflict("the value 4711 is taken", &huma.ErrorDetail{Message: "4711", Location: "body.a[0].b~c", Value: 4711})
	})
	w := f.ask("GET", "/test", "")
	p := f.wantProblem(w, http.StatusConflict, "bad_request")
	if strings.Contains(w.Body.String(), "4711") || firstPointer(p) != "/a/0/b~0c" {
		t.Errorf("%s", w.Body)
	}
}
