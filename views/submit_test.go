package views

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/views/token"
)

// A service submits a task: it is due when the request says, and has the key KIND/KEY.
func TestTasksAreSubmitted(t *testing.T) {
	f := newFixture(t)
	shop := f.token("shop", token.Service)
	post := func(body string) map[string]any {
		t.Helper()
		w := f.ask("POST", "/v1/tasks", shop, withBody(body))
		if w.Code != http.StatusAccepted {
			t.Fatalf("%s: %d %s", body, w.Code, w.Body)
		}
		got := f.object(w.Body.Bytes())
		id, _ := got["id"].(string)
		if !strings.HasPrefix(id, "tk_") || w.Header().Get("Location") != "/v1/panel/tasks/"+id {
			t.Errorf("id %q, location %q", id, w.Header().Get("Location"))
		}
		delete(got, "id")
		return got
	}
	want := map[string]any{"kind": "thank", "key": "thank/usr_1", "due": "2026-03-01T10:00:00.000Z", "priority": 0.0}
	if d := cmp.Diff(want, post(`{"kind":"thank","key":"usr_1","payload":{"n": 1.50, "s":"\u00e9"}}`)); d != "" {
		t.Error(d)
	}
	want["due"], want["priority"] = "2026-03-01T10:10:00.000Z", 3.0
	if d := cmp.Diff(want, post(`{"kind":"thank","key":"usr_1","delay":"10m","priority":3,"dedupe_key":"d"}`)); d != "" {
		t.Error(d)
	}
	want["due"], want["priority"] = "2026-03-01T12:00:00.000Z", 0.0
	if d := cmp.Diff(want, post(`{"kind":"thank","key":"usr_1","due":"2026-03-01T12:00:00Z","payload":null}`)); d != "" {
		t.Error(d)
	}
	sent := f.ordered.submitted
	if got := string(sent[0].Task.Payload); got != `{"n":1.50,"s":"\u00e9"}` || sent[0].Dedupe != "" || sent[0].Due != 0 || sent[0].Task.At != at(0) {
		t.Errorf("%+v with %s", sent[0], got)
	}
	if sent[1].Dedupe != "d" || sent[1].Due != at(10*time.Minute) || sent[1].Priority != 3 || sent[2].Task.Payload != nil {
		t.Errorf("%+v %+v", sent[1], sent[2])
	}
	if got := f.get("/v1/panel/tasks/" + sent[1].Task.ID); got["state"] != "waiting" || got["priority"] != 3. {
		t.Errorf("%v", got)
	}
	f.ordered.failing = errors.New("no brokers")
	f.wantProblem(f.ask("POST", "/v1/tasks", shop, withBody(`{"kind":"thank","key":"k"}`)), http.StatusServiceUnavailable, "unavailable")
	for _, role := range []token.Role{token.User, token.Health, token.Viewer, token.Editor, token.Admin} {
		f.wantProblem(f.ask("POST", "/v1/tasks", f.token("x", role), withBody(`{"kind":"thank","key":"k"}`)), http.StatusForbidden, "forbidden")
	}
}

// The same Idempotency-Key is the same task, also once it has ended; with something else it is a conflict while the
// first is known.
func TestSubmissionsAreSafeToRepeat(t *testing.T) {
	f := newFixture(t)
	shop := f.token("shop", token.Service)
	post := func(key, body string) (int, string) {
		t.Helper()
		w := f.ask("POST", "/v1/tasks", shop, withBody(body), withKey(key))
		id, _ := f.object(w.Body.Bytes())["id"].(string)
		return w.Code, id
	}
	const body = `{"kind":"thank","key":"u","payload":{"n":1}}`
	_, first := post("k1", body)
	if code, again := post("k1", `{"key":"u", "kind":"thank", "payload":{"n":1}}`); code != http.StatusAccepted || again != first {
		t.Errorf("%d %s, want %s", code, again, first)
	}
	for _, other := range []string{
		`{"kind":"thank","key":"u","payload":{"n":2}}`, `{"kind":"thank","key":"v","payload":{"n":1}}`, `{"kind":"thank","key":"u","payload":{"n":1},"priority":1}`,
	} {
		f.wantProblem(f.ask("POST", "/v1/tasks", shop, withBody(other), withKey("k1")), http.StatusConflict, "idempotency_conflict")
	}
	if _, id := post("k2", body); id == first {
		t.Error("another key is the same task")
	}
	if w := f.ask("POST", "/v1/tasks", f.token("bank", token.Service), withBody(body), withKey("k1")); f.object(w.Body.Bytes())["id"] == first {
		t.Error("another subject's key is the same task")
	}
	waiting := func() int { return len((&task.Row{Queue: f.queue("thank/u")}).Queued()) }
	if waiting() != 3 {
		t.Fatalf("%d tasks wait", waiting())
	}
	f.answer("thank/u", task.Answer{Outcome: task.OK}) // the first has ended
	if code, again := post("k1", body); code != http.StatusAccepted || again != first || waiting() != 2 {
		t.Errorf("%d %s, and %d tasks wait", code, again, waiting())
	}
	f.tables.tasks.set(func() { f.tables.tasks.loading = true })
	f.wantProblem(f.ask("POST", "/v1/tasks", shop, withBody(body), withKey("k1")), http.StatusServiceUnavailable, "recovering")
}

func TestSubmissionsThatCannotBe(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		k := task.DefaultKind("forgetful")
		k.Dedupe = 0
		c.Kinds = append(c.Kinds, k)
	})
	shop := f.token("shop", token.Service)
	for body, want := range map[string]string{
		`{"kind":"thnk","key":"u"}`:            `{"pointer":"/kind","code":"invalid_field","detail":"is no kind of this deployment, declare it under tasks.kinds: did you mean thank?"}`,
		`{"kind":"reward_payout","key":"u"}`:   `{"pointer":"/kind","code":"invalid_field","detail":"is Millrace's own: its tasks are made by Millrace alone"}`,
		`{"kind":"reward_clawback","key":"u"}`: `"pointer":"/kind"`,
		`{"key":"u"}`:                          `{"pointer":"/kind","code":"invalid_field","detail":"is required"}`,
		`{"kind":"thank"}`:                     `{"pointer":"/key","code":"invalid_field","detail":"is required"}`,
		`{"kind":"thank","key":""}`:            `"pointer":"/key"`,
		`{"kind":"thank","key":"a\u001fb"}`:    `{"pointer":"/key","code":"invalid_field","detail":"write 1 to 1018 bytes without control characters"}`,
		`{"kind":"thank","key":"` + strings.Repeat("k", task.MaxKey) + `"}`:                           `"pointer":"/key"`,
		`{"kind":"thank","key":"u","payload":[1]}`:                                                    `{"pointer":"/payload","code":"wrong_type","detail":"needs an object"}`,
		`{"kind":"thank","key":7}`:                                                                    `"pointer":"/key","code":"wrong_type"`,
		`{"kind":"thank","key":"u","priority":5}`:                                                     `{"pointer":"/priority","code":"invalid_field","detail":"write -4 to 4"}`,
		`{"kind":"thank","key":"u","delay":"-1s"}`:                                                    `"pointer":"/delay"`,
		`{"kind":"thank","key":"u","delay":"9000h"}`:                                                  `{"pointer":"/delay","code":"invalid_field","detail":"write a time in the next 365 days"}`,
		`{"kind":"thank","key":"u","due":"2028-01-01T00:00:00Z"}`:                                     `"pointer":"/due"`,
		`{"kind":"thank","key":"u","due":"2026-03-02T00:00:00Z","delay":"1s"}`:                        `write delay or due, not both`,
		`{"kind":"thank","key":"u","dedupe_key":"` + strings.Repeat("d", 257) + `"}`:                  `"pointer":"/dedupe_key"`,
		`{"kind":"forgetful","key":"u","dedupe_key":"d"}`:                                             `{"pointer":"/dedupe_key","code":"invalid_field","detail":"its kind remembers none (dedupe: 0s): leave it out, or change the kind"}`,
		`{"kind":"thank","key":"u","payload":{"x":"` + strings.Repeat("x", task.MaxPayload-7) + `"}}`: `{"pointer":"/payload","code":"invalid_field","detail":"write at most 196608 bytes, and where the handler finds the rest"}`,
	} {
		w := f.ask("POST", "/v1/tasks", shop, withBody(body))
		f.wantProblem(w, http.StatusUnprocessableEntity, "invalid_field")
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%.80s: %s", body, w.Body)
		}
	}
	if n := len(f.ordered.submitted); n != 0 {
		t.Errorf("%d were submitted", n)
	}
	large := `{"kind":"thank","key":"u","payload":{"x":"` + strings.Repeat("x", 2*task.MaxPayload) + `"}}`
	f.wantProblem(f.ask("POST", "/v1/tasks", shop, withBody(large)), http.StatusRequestEntityTooLarge, "too_large")
	// the largest that is accepted, and the same with spaces between
	f.wantAccepted(shop, `{"kind":"thank","key":"u","payload":{"x":"`+strings.Repeat("x", task.MaxPayload-8)+`"}}`)
	f.wantAccepted(shop, `{"kind":"thank","key":"u","payload":{`+strings.Repeat(" ", task.MaxPayload)+`}}`)
	f.wantAccepted(shop, `{"kind":"forgetful","key":"u"}`)
}

func (f *fixture) wantAccepted(bearer, body string) {
	f.t.Helper()
	if w := f.ask("POST", "/v1/tasks", bearer, withBody(body)); w.Code != http.StatusAccepted {
		f.t.Errorf("%.80s: %d %s", body, w.Code, w.Body)
	}
}
