package views

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	deadletterviews "github.com/millrace/millrace/views/deadletter"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// memLetterCommands are the group of dead letters: it judges at once, in the background.
type memLetterCommands struct {
	f       *fixture
	failing error
	deaf    bool
	most    int // commands, then there are no brokers; 0: any number
	mu      sync.Mutex
	sent    []*deadletter.Command
	records []*deadletter.Command // those whose record was sent
}

func (m *memLetterCommands) Send(_ context.Context, c *deadletter.Command) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil {
		return m.failing
	}
	if m.most > 0 && len(m.sent) >= m.most {
		return errors.New("no brokers")
	}
	m.sent = append(m.sent, c)
	if m.deaf {
		return nil
	}
	go func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		f := m.f
		value, _ := f.tables.letters.Get(c.LetterID)
		row, err := f.topology.DeadLetters.Row.Decode(value)
		f.check(err)
		c.Judged = c.At
		row, send, line := deadletter.Decide(row, c)
		if row == nil && line != nil {
			f.tables.letters.put(c.LetterID, nil)
			return
		}
		if send {
			m.records = append(m.records, c)
		}
		put(f, f.tables.letters, f.topology.DeadLetters, c.LetterID, row)
		if line != nil {
			f.audit.append(f.topology.Audit.Name, line.Key(), line)
		}
	}()
	return nil
}

func TestDeadLettersAreReplayedAndDiscarded(t *testing.T) {
	f := newFixture(t)
	for i := range 4 {
		f.putLetter(fmt.Sprintf("payments-3-4%d", i), payment.Malformed, "intake", time.Duration(i)*time.Second, fmt.Sprintf("raw %d", i))
	}
	at := func(i int, act string) string { return fmt.Sprintf("/v1/panel/dead-letters/payments-3-4%d/%s", i, act) }

	w := f.say("POST", at(0, "replay"), `{"reason":"fixed"}`, withKey("k1"))
	got := f.object(w.Body.Bytes())
	decision, _ := got["decision"].(map[string]any)
	want := map[string]any{"action": "replay", "actor": "eve", "role": "editor", "at": "2026-03-01T10:00:00.000Z", "reason": "fixed", "edited": false}
	if d := cmp.Diff(want, decision); w.Code != http.StatusOK || got["state"] != "replayed" || d != "" {
		t.Errorf("%d %v %s", w.Code, got, d)
	}
	record := f.decided.records[0]
	if string(record.Key) != "key" || string(record.Value) != "raw 0" || len(record.Headers) != 1 || record.Headers[0].Name != "trace" {
		t.Errorf("%+v", record)
	}
	if w := f.say("POST", at(0, "replay"), `{"reason":"fixed"}`, withKey("k1")); w.Code != http.StatusOK || len(f.decided.sent) != 1 {
		t.Errorf("the same key again: %d, %d commands", w.Code, len(f.decided.sent))
	}
	f.wantProblem(f.say("POST", at(0, "replay"), `{"reason":"other"}`, withKey("k1")), http.StatusConflict, "idempotency_conflict")
	for _, act := range []string{"replay", "discard"} {
		p := f.wantProblem(f.say("POST", at(0, act), `{"reason":"again"}`), http.StatusUnprocessableEntity, "invalid_state")
		if p["detail"] != "it is replayed already" {
			t.Errorf("%s: %v", act, p["detail"])
		}
	}

	edited := base64.StdEncoding.EncodeToString([]byte(`{"id":"e"}`))
	got = f.object(f.say("POST", at(1, "replay"), `{"raw_base64":"`+edited+`"}`).Body.Bytes())
	if record := f.decided.records[1]; string(record.Value) != `{"id":"e"}` || !got["decision"].(map[string]any)["edited"].(bool) || got["decision"].(map[string]any)["reason"] != nil {
		t.Errorf("%+v %v", record, got)
	}
	got = f.object(f.ask("POST", at(2, "replay"), f.token("ann", token.Admin)).Body.Bytes()) // without a body
	if got["state"] != "replayed" {
		t.Errorf("%v", got)
	}

	f.wantProblem(f.say("POST", at(3, "discard"), `{}`), http.StatusUnprocessableEntity, "invalid_field")
	got = f.object(f.say("POST", at(3, "discard"), `{"reason":"a test"}`).Body.Bytes())
	if got["state"] != "discarded" || len(f.decided.records) != 3 {
		t.Errorf("%v, %d records", got, len(f.decided.records))
	}
	if d := cmp.Diff([][]string{{"payments-3-42", "payments-3-41", "payments-3-40"}}, f.ids("/v1/panel/dead-letters?limit=5&state=replayed")); d != "" {
		t.Error(d)
	}
	if open := f.get("/v1/panel/dead-letters?state=open")["items"].([]any); len(open) != 0 {
		t.Errorf("still open: %v", open)
	}
	got = f.object(f.say("POST", at(3, "replay"), `{}`).Body.Bytes()) // after all
	if got["state"] != "replayed" || len(f.decided.records) != 4 {
		t.Errorf("%v, %d records", got, len(f.decided.records))
	}
}

func TestDeadLetterDecisionsThatCannotBe(t *testing.T) {
	f := newFixture(t)
	f.putLetter("payments-3-42", payment.Malformed, "intake", 0, "raw")
	const replay, discard = "/v1/panel/dead-letters/payments-3-42/replay", "/v1/panel/dead-letters/payments-3-42/discard"
	for _, path := range []string{replay, discard} {
		f.wantProblem(f.ask("POST", path, f.token("ann", token.Viewer)), http.StatusForbidden, "forbidden")
		f.wantProblem(f.ask("POST", path, ""), http.StatusUnauthorized, "unauthenticated")
		f.wantProblem(f.say("POST", strings.Replace(path, "42", "99", 1), `{"reason":"r"}`), http.StatusNotFound, "not_found")
		f.wantProblem(f.say("POST", path, `{"reason":"`+strings.Repeat("x", 501)+`"}`), http.StatusUnprocessableEntity, "invalid_field")
		f.wantProblem(f.say("POST", path, `{"reason":"r","force":true}`), http.StatusBadRequest, "invalid_field")
		f.wantProblem(f.say("POST", path, `{`), http.StatusBadRequest, "bad_request")
	}
	f.wantProblem(f.say("POST", replay, `{"raw_base64":"%"}`), http.StatusUnprocessableEntity, "invalid_field")
	big := base64.StdEncoding.EncodeToString(make([]byte, stream.SourceLimit+1))
	f.wantProblem(f.say("POST", replay, `{"raw_base64":"`+big+`"}`), http.StatusUnprocessableEntity, "invalid_field")

	refused := func(id string, change func(*deadletter.Letter), gone bool, says string) {
		t.Helper()
		l := deadletter.Letter{Reason: payment.Malformed, Group: "intake", Source: payment.Origin{Topic: "payments"}, Partition: 3, Offset: 0}
		change(&l)
		put(f, f.tables.letters, f.topology.DeadLetters, id, deadletter.File(nil, l))
		if gone {
			delete(f.records, serve.Place{Partition: l.Partition, Offset: l.Offset})
		}
		p := f.wantProblem(f.say("POST", strings.Replace(replay, "payments-3-42", id, 1), `{}`), http.StatusUnprocessableEntity, "invalid_state")
		if !strings.Contains(fmt.Sprint(p["detail"]), says) {
			t.Errorf("%s: %v", id, p["detail"])
		}
	}
	refused("claims-0-0", func(l *deadletter.Letter) { l.Source.Topic = "claims" }, false, "only records of payments and tasks")
	refused("payments-0-1", func(l *deadletter.Letter) { l.FullSizeBytes = 5_000_000 }, false, "raw_base64")
	refused("payments-0-2", func(l *deadletter.Letter) { l.Offset = 77 }, true, "retention has taken")
	if len(f.decided.sent) != 0 {
		t.Errorf("%d commands were sent", len(f.decided.sent))
	}
	f.decided.failing = errors.New("no broker")
	f.wantProblem(f.say("POST", discard, `{"reason":"r"}`), http.StatusServiceUnavailable, "unavailable")
	f.decided.failing, f.decided.deaf = nil, true
	f.server.Kit.Config.Wait = 0
	if w := f.say("POST", discard, `{"reason":"r"}`); w.Code != http.StatusAccepted || w.Header().Get("Location") != "/v1/panel/dead-letters/payments-3-42" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// An exhausted task goes back as its letter has it, and edited only its payload may differ. A discarded one is carried,
// too, so that whoever waits for it is told.
func TestExhaustedTasksAreDecidedOn(t *testing.T) {
	f := newFixture(t)
	value := taskcodec.LetterJSON(task.Letter{Why: task.WhyAttempts, Entry: &task.Entry{
		Task: task.Task{ID: "rw_1.1", Kind: "reward_payout", Key: "u1", Payload: []byte(`{"n":1}`)}, Number: 3, Run: 9, Attempts: 9,
		History: task.History{Runs: []task.Past{{Run: 9, Ending: task.RunFailed, Code: "busy"}}},
	}})
	file := func(offset int64) string {
		id := fmt.Sprint("task-results-0-", offset)
		put(f, f.tables.letters, f.topology.DeadLetters, id, deadletter.File(nil, deadletter.Letter{
			Reason: payment.TaskExhausted, Group: "tasks", Source: payment.Origin{Topic: "task-results", Offset: offset}, Partition: 5, Offset: offset,
		}))
		f.records[serve.Place{Partition: 5, Offset: offset}] = &deadletterviews.Record{Value: value}
		return "/v1/panel/dead-letters/" + id
	}
	body := func(edited string) string {
		return `{"reason":"r","raw_base64":"` + base64.StdEncoding.EncodeToString([]byte(edited)) + `"}`
	}
	for edited, says := range map[string]string{
		`nonsense`: "JSON", `{"id":"rw_1.1","kind":"other","key":"u1"}`: "id, kind and key", `{"id":"rw_1.1"}`: "JSON",
	} {
		p := f.wantProblem(f.say("POST", file(1)+"/replay", body(edited)), http.StatusUnprocessableEntity, "invalid_field")
		if !strings.Contains(fmt.Sprint(p), says) {
			t.Errorf("%s: %v", edited, p)
		}
	}
	sent := func(path, body, payload string) {
		t.Helper()
		if w := f.say("POST", path, body); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		f.decided.mu.Lock()
		defer f.decided.mu.Unlock()
		l, err := taskcodec.ParseLetter(f.decided.records[len(f.decided.records)-1].Value)
		if err != nil {
			t.Fatal(err)
		}
		if e := l.Entry; string(e.Task.Payload) != payload || e.Task.Key != "u1" || e.Number != 3 || e.Run != 9 || len(e.History.Runs) != 1 {
			t.Errorf("%s: %+v", path, e)
		}
	}
	sent(file(1)+"/replay", body(`{"id":"rw_1.1","kind":"reward_payout","key":"u1","payload":{"n":2},"last_run":1}`), `{"n":2}`)
	sent(file(2)+"/replay", `{"reason":"r"}`, `{"n":1}`)
	sent(file(3)+"/discard", `{"reason":"r"}`, `{"n":1}`)
	f.wantProblem(f.say("POST", "/v1/panel/dead-letters/task-results-0-3/replay", `{"reason":"other"}`), http.StatusUnprocessableEntity, "invalid_state")
	gone := file(4)
	delete(f.records, serve.Place{Partition: 5, Offset: 4})
	f.wantProblem(f.say("POST", gone+"/discard", `{"reason":"r"}`), http.StatusUnprocessableEntity, "invalid_state")
}

// Each command that was judged on a dead letter is one line of the audit, with who asked, how that was proved and what
// came of it; a repeat has none.
func TestDecisionsOnDeadLettersAreAudited(t *testing.T) {
	f := newFixture(t)
	f.putLetter("payments-3-42", payment.Malformed, "intake", 0, "raw")
	const path = "/v1/panel/dead-letters/payments-3-42/"
	for _, c := range []struct{ act, body, key string }{
		{"discard", `{"reason":"a test"}`, "k1"}, {"discard", `{"reason":"a test"}`, "k1"}, {"discard", `{"reason":"again"}`, "k2"},
		{"replay", `{"reason":"after all","raw_base64":"e30="}`, "k3"},
	} {
		f.say("POST", path+c.act, c.body, withKey(c.key))
	}
	var got []string
	for _, target := range []string{"/v1/panel/audit?kind=dead-letter&id=payments-3-42", "/v1/panel/audit"} {
		got = got[:0]
		for _, item := range f.get(target)["items"].([]any) {
			line, _ := item.(map[string]any)
			status, _ := line["status"].(map[string]any)
			changes, _ := line["changes"].([]any)
			got = append(got, fmt.Sprintf("%v/%v %v %v by %v %v: %v, %v to %v, %d changes, %v", line["kind"], line["id"], line["revision"], line["action"],
				line["actor"], line["verdict"], line["reason"], status["before"], status["after"], len(changes), line["proof"]))
		}
		const by = `map[by:token issuer:iss role:editor]`
		if d := cmp.Diff([]string{
			"dead-letter/payments-3-42 3 replayed by eve applied: after all, discarded to replayed, 2 changes, " + by,
			"dead-letter/payments-3-42 2 discarded by eve refused: again, discarded to discarded, 0 changes, " + by,
			"dead-letter/payments-3-42 1 discarded by eve applied: a test, open to discarded, 1 changes, " + by,
		}, got); d != "" {
			t.Errorf("%s: %s", target, d)
		}
	}
}

// A task that was not taken in, since nobody declared its kind, is sent again once it is, as it was. The same holds for
// an exhausted one whose kind was withdrawn.
func TestTasksOfKindsThatAreNotDeclaredAreReplayedOnceTheyAre(t *testing.T) {
	f := newFixture(t)
	file := func(offset int64, reason payment.Reason, topic string, value []byte) string {
		id := fmt.Sprint(topic, "-0-", offset)
		put(f, f.tables.letters, f.topology.DeadLetters, id, deadletter.File(nil, deadletter.Letter{
			Reason: reason, Group: "tasks", Source: payment.Origin{Topic: topic, Offset: offset}, Partition: 5, Offset: offset,
		}))
		f.records[serve.Place{Partition: 5, Offset: offset}] = &deadletterviews.Record{
			Value: value, Headers: []deadletter.Header{{Name: stream.HeaderKey, Value: []byte("u1")}},
		}
		return "/v1/panel/dead-letters/" + id + "/replay"
	}
	submission, err := taskcodec.Submission{}.Encode(&task.Submission{Task: task.Task{ID: "tk_1", Kind: "later", Key: "u1"}})
	f.check(err)
	refusedTask := file(1, payment.InvalidField, "tasks", submission)
	exhausted := file(2, payment.TaskExhausted, "task-results", taskcodec.LetterJSON(task.Letter{Entry: &task.Entry{Task: task.Task{ID: "tk_2", Kind: "later", Key: "u1"}}}))
	for _, path := range []string{refusedTask, exhausted} {
		p := f.wantProblem(f.say("POST", path, `{}`), http.StatusUnprocessableEntity, "invalid_state")
		if !strings.Contains(fmt.Sprint(p["detail"]), "declare it under tasks.kinds first") {
			t.Errorf("%s: %v", path, p)
		}
	}
	if w := f.say("POST", strings.Replace(exhausted, "replay", "discard", 1), `{"reason":"r"}`); w.Code != http.StatusOK {
		t.Errorf("whatever its kind, it can be discarded: %d %s", w.Code, w.Body)
	}
	exhausted = file(3, payment.TaskExhausted, "task-results", taskcodec.LetterJSON(task.Letter{Entry: &task.Entry{Task: task.Task{ID: "tk_3", Kind: "later", Key: "u1"}}}))
	f.server.letters.Kinds = task.BuiltIn().With(task.DefaultKind("later"))
	f.wantProblem(f.say("POST", refusedTask, `{"raw_base64":"aGk="}`), http.StatusUnprocessableEntity, "invalid_field")
	for path, sent := range map[string]string{refusedTask: string(submission), exhausted: "tk_3"} {
		if w := f.say("POST", path, `{}`); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		last := f.decided.records[len(f.decided.records)-1]
		if !strings.Contains(string(last.Value), sent) || path == refusedTask && string(last.Key) != "u1" {
			t.Errorf("%s sent %q under %q", path, last.Value, last.Key)
		}
	}
	f.wantProblem(f.say("POST", file(4, payment.Malformed, "tasks", []byte("no task")), `{}`), http.StatusUnprocessableEntity, "invalid_state")
}
