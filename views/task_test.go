package views

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/views/token"
)

// memTaskCommands are the group of tasks: it judges at once, in the background.
type memTaskCommands struct {
	f         *fixture
	mu        sync.Mutex
	sent      []*task.Command
	submitted []*task.Submission
	failing   error
}

func (m *memTaskCommands) Submit(_ context.Context, s *task.Submission) error {
	if m.failing != nil {
		return m.failing
	}
	m.submitted = append(m.submitted, s)
	q, _ := task.Add(m.f.queue(s.Task.Key), s.Task.Key, s, task.Policy{Kinds: m.f.server.config.Kinds}, instant.Of(m.f.now))
	put(m.f, m.f.tables.tasks, m.f.topology.TaskQueues, s.Task.Key, &task.Row{Queue: q})
	return nil
}

func (m *memTaskCommands) Send(_ context.Context, key string, c *task.Command) error {
	m.mu.Lock()
	m.sent = append(m.sent, c)
	m.mu.Unlock()
	go func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		f := m.f
		q, effects := task.Judge(f.queue(key), key, c, task.Policy{Kinds: f.server.config.Kinds}, instant.Of(f.now))
		for _, e := range effects {
			if filed, ok := e.(task.Filed); ok {
				put(f, f.tables.tasks, f.topology.TaskQueues, filed.Key, &task.Row{Filed: filed.Ended()})
			}
		}
		put(f, f.tables.tasks, f.topology.TaskQueues, key, &task.Row{Queue: q})
	}()
	return nil
}

func (f *fixture) queue(key string) *task.Queue {
	value, err := f.tables.tasks.Get(key)
	f.check(err)
	if value == nil {
		return nil
	}
	row, err := f.topology.TaskQueues.Row.Decode(value)
	f.check(err)
	return row.Queue
}

// submit puts tasks of a kind into the queue of a key.
func (f *fixture) submit(kind, key string, ids ...string) {
	f.t.Helper()
	q, policy := f.queue(key), task.Policy{Kinds: f.server.config.Kinds}
	for _, id := range ids {
		s := &task.Submission{Task: task.Task{ID: id, Kind: kind, Key: key, Payload: []byte(`{"n":1}`)}}
		q, _ = task.Add(q, key, s, policy, instant.Of(f.now))
	}
	put(f, f.tables.tasks, f.topology.TaskQueues, key, &task.Row{Queue: q})
}

// answer has the head of a key answered.
func (f *fixture) answer(key string, a task.Answer) {
	f.t.Helper()
	q := f.queue(key)
	a.TaskID, a.Run, a.Kind = q.Head.Task.ID, q.Head.Run, q.Head.Task.Kind
	q, _ = task.Answered(q, key, &a, task.Policy{Kinds: f.server.config.Kinds}, instant.Of(f.now))
	put(f, f.tables.tasks, f.topology.TaskQueues, key, &task.Row{Queue: q})
}

func TestTasksAreListedByKeyKindAndState(t *testing.T) {
	f := newFixture(t)
	f.submit("thank", "thank/u1", "a", "b", "c")
	f.submit("thank", "thank/u10", "d")
	f.submit(task.RewardPayout, "u1", "p")
	f.answer("thank/u10", task.Answer{Outcome: task.Fail, Code: "away", Error: "connection refused"})
	// a page of the first key, and a task of it that has ended
	page := &task.Page{Entries: []*task.Entry{{Task: task.Task{ID: "paged", Kind: "thank", Key: "thank/u1"}, State: task.Waiting, Arrived: 1, Due: 1, Since: 1}}}
	put(f, f.tables.tasks, f.topology.TaskQueues, task.PageKey("thank/u1", 1), &task.Row{Page: page})
	ended := &task.Entry{Task: task.Task{ID: "ended", Kind: "thank", Key: "thank/u1"}, State: task.Succeeded, Arrived: 1, Due: 1, Since: 1}
	put(f, f.tables.tasks, f.topology.TaskQueues, task.FiledKey("thank/u1", "ended"), &task.Row{Filed: &task.Ended{Entry: ended, Until: 2}})

	for query, want := range map[string][]string{
		"":                                  {"a", "b", "c", "paged", "ended", "d", "p"},
		"&kind=thank":                       {"a", "b", "c", "paged", "ended", "d"},
		"&key=thank/u1":                     {"a", "b", "c", "paged", "ended"},
		"&key=thank/u":                      {},
		"&state=running":                    {"a", "p"},
		"&state=parked":                     {"d"},
		"&state=waiting&key=thank/u1":       {"b", "c", "paged"},
		"&state=done":                       {"ended"},
		"&state=dead":                       {},
		"&kind=reward_payout&state=running": {"p"},
	} {
		for _, limit := range []int{1, 2, 50} {
			var got []string
			for _, p := range f.ids(fmt.Sprintf("/v1/panel/tasks?limit=%d%s", limit, query)) {
				got = append(got, p...)
			}
			if d := cmp.Diff(want, append([]string{}, got...)); d != "" {
				t.Errorf("%s, %d at a time: %s", query, limit, d)
			}
		}
	}
	f.wantProblem(f.ask("GET", "/v1/panel/tasks", f.token("u1", token.User)), http.StatusForbidden, "forbidden")
	f.wantProblem(f.ask("GET", "/v1/panel/tasks?state=gone", f.token("ann", token.Viewer)), http.StatusUnprocessableEntity, "invalid_field")
}

func TestOneTaskHasItsRuns(t *testing.T) {
	f := newFixture(t)
	f.submit("thank", "thank/u1", "a", "b")
	f.answer("thank/u1", task.Answer{Outcome: task.Fail, Code: "away", Error: "connection refused"})
	got := f.get("/v1/panel/tasks/a")
	runs, _ := got["runs"].([]any)
	if got["state"] != "parked" || got["attempt"] != 1. || got["max_attempts"] != 9. || got["last_error"] != "connection refused" || got["key"] != "thank/u1" || got["idempotency_key"] != "a" || len(runs) != 1 {
		t.Errorf("%v", got)
	}
	want := map[string]any{"run": 1., "from": "2026-03-01T10:00:00.000Z", "to": "2026-03-01T10:00:00.000Z", "ending": "failed", "code": "away", "error": "connection refused"}
	if d := cmp.Diff(want, runs[0]); d != "" {
		t.Error(d)
	}
	if got := f.get("/v1/panel/tasks/b"); got["state"] != "waiting" || got["attempt"] != 0. || got["last_error"] != nil || cmp.Diff(got["payload"], map[string]any{"n": 1.}) != "" {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.ask("GET", "/v1/panel/tasks/none", f.token("ann", token.Viewer)), http.StatusNotFound, "not_found")
	// once its rows are gone, so is the task
	f.tables.tasks.put("thank/u1", nil)
	f.wantProblem(f.ask("GET", "/v1/panel/tasks/a", f.token("ann", token.Viewer)), http.StatusNotFound, "not_found")
}

func TestTasksAreRetriedSnoozedAndCancelled(t *testing.T) {
	f := newFixture(t)
	f.submit("thank", "thank/u1", "a", "b")
	f.answer("thank/u1", task.Answer{Outcome: task.Fail, Code: "away"})
	at := func(id, act string) string { return "/v1/panel/tasks/" + id + "/" + act }

	got := f.object(f.say("POST", at("a", "snooze"), `{"for":"10m"}`, withKey("k1")).Body.Bytes())
	if got["state"] != "parked" || got["due"] != "2026-03-01T10:10:00.000Z" || got["attempt"] != 1. {
		t.Errorf("%v", got)
	}
	if w := f.say("POST", at("a", "snooze"), `{"for":"10m"}`, withKey("k1")); w.Code != http.StatusOK || len(f.ordered.sent) != 1 {
		t.Errorf("the same key again: %d, %d commands", w.Code, len(f.ordered.sent))
	}
	f.wantProblem(f.say("POST", at("a", "snooze"), `{"for":"11m"}`, withKey("k1")), http.StatusConflict, "idempotency_conflict")
	for _, body := range []string{`{}`, `{"for":"10m","until":"2026-03-01T10:10:00Z"}`, `{"for":"-1m"}`, `{"until":"2026-02-01T10:10:00Z"}`, `{"for":"9000h"}`} {
		f.wantProblem(f.say("POST", at("a", "snooze"), body), http.StatusUnprocessableEntity, "invalid_field")
	}
	got = f.object(f.say("POST", at("a", "retry"), "").Body.Bytes())
	if got["state"] != "running" || got["attempt"] != 2. {
		t.Errorf("%v", got)
	}
	p := f.wantProblem(f.say("POST", at("a", "retry"), ""), http.StatusUnprocessableEntity, "invalid_state")
	if p["title"] != "What is there does not allow it" || p["type"] != "https://millrace.dev/problems/invalid-state" || !strings.HasPrefix(fmt.Sprint(p["detail"]), "the task runs") {
		t.Errorf("a refused command: %v", p)
	}
	if got = f.object(f.say("POST", at("b", "cancel"), "").Body.Bytes()); got["state"] != "cancelled" {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.say("POST", at("b", "cancel"), ""), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("POST", at("a", "cancel"), f.token("ann", token.Viewer)), http.StatusForbidden, "forbidden")
	for _, c := range f.ordered.sent {
		if c.Actor != "eve" || c.Proof.By != audit.ByToken || c.Proof.Role != string(token.Editor) {
			t.Errorf("%s %s: who asks is not said: %q, %+v", c.Op, c.TaskID, c.Actor, c.Proof)
		}
	}
}

func TestKindsArePausedAndResumed(t *testing.T) {
	f := newFixture(t)
	pause := func() any {
		for _, k := range f.get("/v1/panel/task-kinds")["items"].([]any) {
			if k := k.(map[string]any); k["kind"] == "thank" {
				return k["pause"]
			}
		}
		t.Fatal("the kind is not listed")
		return nil
	}
	if p := pause(); p != nil {
		t.Errorf("%v", p)
	}
	w := f.say("POST", "/v1/panel/task-kinds/thank/resume", `{"reason":"nothing"}`) // it runs
	if w.Code != http.StatusOK || f.object(w.Body.Bytes())["pause"] != nil {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = f.say("POST", "/v1/panel/task-kinds/thank/pause", `{"reason":"the provider is away"}`)
	want := map[string]any{"since": "2026-03-01T10:00:00.000Z", "actor": "eve", "reason": "the provider is away"}
	if d := cmp.Diff(want, f.object(w.Body.Bytes())["pause"]); w.Code != http.StatusOK || d != "" {
		t.Errorf("%d %s %s", w.Code, w.Body, d)
	}
	f.now = f.now.Add(time.Minute)
	if d := cmp.Diff(want, pause()); d != "" {
		t.Error(d)
	}
	w = f.say("POST", "/v1/panel/task-kinds/thank/resume", `{"reason":"it is back"}`)
	if w.Code != http.StatusOK || pause() != nil {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = f.say("POST", "/v1/panel/task-kinds/thank/pause", `{"reason":"again"}`)
	if w.Code != http.StatusOK || !strings.Contains(fmt.Sprint(pause()), "again") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, act := range []string{"pause", "resume"} { // reward_payout runs: what is wrong is refused all the same
		for _, reason := range []string{"", strings.Repeat("r", 501), `a\u0007b`} {
			body := `{"reason":"` + reason + `"}`
			f.wantProblem(f.say("POST", "/v1/panel/task-kinds/reward_payout/"+act, body), http.StatusUnprocessableEntity, "invalid_field")
		}
	}
	f.wantProblem(f.say("POST", "/v1/panel/task-kinds/other/pause", `{"reason":"r"}`), http.StatusNotFound, "not_found")
	f.wantProblem(f.say("POST", "/v1/panel/task-kinds/thank/pause", `{}`), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.ask("POST", "/v1/panel/task-kinds/thank/pause", f.token("ann", token.Viewer)), http.StatusForbidden, "forbidden")
}
