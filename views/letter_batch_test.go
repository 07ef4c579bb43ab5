package views

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	deadletterviews "github.com/millrace/millrace/views/deadletter"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

const (
	single = "/v1/panel/dead-letters/"
	bulk   = single + "all/"
)

// counted asks how many open letters pass, and returns the body of the decision on them.
func (f *fixture) counted(action, query string) (total float64, body string) {
	f.t.Helper()
	w := f.say("POST", bulk+action+"?dry_run=true&"+query, `{}`)
	got := f.object(w.Body.Bytes())
	if w.Code != http.StatusOK || got["state"] != "dry_run" {
		f.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return got["total"].(float64), fmt.Sprintf(`{"reason":"noise","expect":%v,"up_to":%q}`, got["total"], got["up_to"])
}

// ended waits until a batch does not go on any more, and returns it.
func (f *fixture) ended(w interface{ Header() http.Header }) map[string]any {
	f.t.Helper()
	for range 2000 {
		got := f.get(w.Header().Get("Location"))
		if got["state"] != "running" {
			return got
		}
		<-time.After(5 * time.Millisecond)
	}
	f.t.Fatal("the batch does not end")
	return nil
}

func (f *fixture) manyLetters(n int) {
	for i := range n {
		f.putLetter(fmt.Sprint("payments-3-", i), payment.Malformed, "intake", -time.Minute, "raw")
	}
}

// A decision on many is counted first, is about those that were counted, and its progress is seen.
func TestManyDeadLettersAreDecided(t *testing.T) {
	f := newFixture(t)
	f.manyLetters(40)
	f.putLetter("payments-9-1", payment.TooOld, "ledger", -time.Minute, "raw")
	total, body := f.counted("discard", "reason=malformed")
	if total != 40 {
		t.Fatalf("%v pass", total)
	}
	f.putLetter("payments-9-2", payment.Malformed, "intake", time.Minute, "raw") // after the count
	if len(f.decided.sent) != 0 {
		t.Fatalf("a dry run has decided %d", len(f.decided.sent))
	}
	f.wantProblem(f.say("POST", bulk+"discard?reason=malformed", strings.Replace(body, "40", "39", 1)), http.StatusPreconditionFailed, "precondition_failed")
	f.wantProblem(f.say("POST", bulk+"discard", body), http.StatusPreconditionFailed, "precondition_failed") // another selection
	w := f.say("POST", bulk+"discard?reason=malformed", body, withKey("k"))
	if w.Code != http.StatusAccepted || !strings.HasPrefix(w.Header().Get("Location"), "/v1/panel/dead-letter-batches/lb_") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := f.ended(w)
	delete(got, "as_of")
	delete(got, "id")
	want := map[string]any{"action": "discard", "state": "complete", "total": 40., "done": 40., "failed": 0., "failures": []any{}, "up_to": nil}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]string{{"payments-9-2", "payments-9-1"}}, f.ids("/v1/panel/dead-letters?limit=50&state=open")); d != "" {
		t.Errorf("still open: %s", d)
	}
	one := f.get("/v1/panel/dead-letters/payments-3-7")["decision"].(map[string]any)
	if one["action"] != "discard" || one["actor"] != "eve" || one["reason"] != "noise" {
		t.Errorf("%v", one)
	}

	// The same request is the same batch; the same key for another is none.
	if again := f.ended(f.say("POST", bulk+"discard?reason=malformed", body, withKey("k"))); again["done"] != 40. || len(f.decided.sent) != 40 {
		t.Errorf("again: %v, %d commands", again, len(f.decided.sent))
	}
	f.wantProblem(f.say("POST", bulk+"discard?reason=malformed", strings.Replace(body, "noise", "other", 1), withKey("k")), http.StatusConflict, "idempotency_conflict")
}

// Records of one partition are sent again in the order that they had, though their letters were filed at once.
func TestABatchKeepsTheOrderOfAPartition(t *testing.T) {
	f := newFixture(t)
	for i := range 60 {
		put(f, f.tables.letters, f.topology.DeadLetters, fmt.Sprintf("payments-%d-%d", i%3, i), deadletter.File(nil, deadletter.Letter{
			Reason: payment.Malformed, Group: "intake", Source: payment.Origin{Topic: "payments", Partition: int32(i % 3), Offset: int64(i)}, At: at(-time.Minute), Partition: 1, Offset: int64(i),
		}))
		f.records[serve.Place{Partition: 1, Offset: int64(i)}] = &deadletterviews.Record{Value: []byte("x")}
	}
	_, body := f.counted("replay", "")
	if got := f.ended(f.say("POST", bulk+"replay", body)); got["done"] != 60. {
		t.Fatalf("%v", got)
	}
	f.decided.mu.Lock()
	defer f.decided.mu.Unlock()
	last := map[string]int{}
	for _, c := range f.decided.sent {
		partition, offset := c.LetterID[:len("payments-0")], 0
		if _, err := fmt.Sscanf(c.LetterID[len("payments-0-"):], "%d", &offset); err != nil {
			t.Fatal(err)
		}
		if offset < last[partition] {
			t.Errorf("%s after offset %d", c.LetterID, last[partition])
		}
		last[partition] = offset
	}
}

// Letters that cannot be decided are named, and stay as they are; the others are decided.
func TestABatchNamesWhatItCouldNotDecide(t *testing.T) {
	f := newFixture(t)
	f.manyLetters(3)
	put(f, f.tables.letters, f.topology.DeadLetters, "claims-0-0", deadletter.File(nil, deadletter.Letter{
		Reason: payment.Malformed, Group: "rewards", Source: payment.Origin{Topic: "claims"}, At: at(-time.Minute),
	}))
	total, body := f.counted("replay", "")
	if total != 4 {
		t.Fatalf("%v pass", total)
	}
	got := f.ended(f.say("POST", bulk+"replay", body))
	failures, _ := got["failures"].([]any)
	if got["done"] != 3. || got["failed"] != 1. || len(failures) != 1 || !strings.Contains(fmt.Sprint(failures[0]), "claims-0-0") || !strings.Contains(fmt.Sprint(failures[0]), "can be sent again") {
		t.Errorf("%v", got)
	}
	if d := cmp.Diff([][]string{{"claims-0-0"}}, f.ids("/v1/panel/dead-letters?limit=50&state=open")); d != "" {
		t.Error(d)
	}
}

// A server that ends leaves the rest of a batch; another one goes on with it, by the same request, and decides nothing
// twice.
func TestABatchGoesOnAfterItsServerHasEnded(t *testing.T) {
	var c Config
	f := newFixture(t, func(given *Config) { c = *given })
	f.manyLetters(60)
	_, body := f.counted("discard", "group=intake")
	f.decided.mu.Lock()
	f.decided.most = 25 // then there are no brokers
	f.decided.mu.Unlock()
	path := bulk + "discard?group=intake"
	w := f.say("POST", path, body, withKey("k"))
	location := w.Header().Get("Location")
	for f.get(location)["done"] != 25. {
		<-time.After(5 * time.Millisecond)
	}
	f.server.Stop()
	if got := f.get(location); got["state"] != "interrupted" || got["done"] != 25. || got["total"] != 60. {
		t.Errorf("the server has ended: %v", got)
	}
	f.wantProblem(f.say("POST", path, body, withKey("k")), http.StatusServiceUnavailable, "unavailable")

	second, err := New(c)
	f.check(err)
	f.server, f.handler = second, second.Handler()
	if got := f.get(location); got["state"] != "interrupted" || got["action"] != "discard" || got["done"] != 25. || got["total"] != 60. {
		t.Errorf("another server: %v", got)
	}
	f.decided.mu.Lock()
	f.decided.most = 0
	f.decided.mu.Unlock()
	got := f.ended(f.say("POST", path, body, withKey("k")))
	if got["state"] != "complete" || got["done"] != 60. || got["failed"] != 0. {
		t.Errorf("%v", got)
	}
	f.decided.mu.Lock()
	defer f.decided.mu.Unlock()
	letters := map[string]bool{}
	for _, c := range f.decided.sent {
		letters[c.LetterID] = true
	}
	if len(f.decided.sent) != 60 || len(letters) != 60 {
		t.Errorf("%d commands for %d letters", len(f.decided.sent), len(letters))
	}
	second.Stop()
}

func TestSelectionsOfDeadLetters(t *testing.T) {
	f := newFixture(t)
	f.manyLetters(2)
	f.putLetter("payments-9-1", payment.TooOld, "ledger", -time.Hour, "raw")
	for i, kind := range []string{"thank", "thank", task.RewardPayout} {
		put(f, f.tables.letters, f.topology.DeadLetters, fmt.Sprint("task-results-0-", i), deadletter.File(nil, deadletter.Letter{
			Reason: payment.TaskExhausted, Detail: kind + " tk_1: attempts", Group: "tasks", Source: payment.Origin{Topic: "task-results"}, At: at(-time.Minute),
		}))
	}
	for query, want := range map[string]float64{
		"": 6, "reason=malformed": 2, "reason=malformed&group=ledger": 0, "topic=task-results": 3, "topic=claims": 0,
		"kind=thank": 2, "kind=reward_payout": 1, "kind=none": 0, "to=2026-03-01T09:30:00Z": 1, "from=2026-03-01T09:30:00Z": 5,
		"from=2026-03-01T08:00:00Z&to=2026-03-01T09:59:00Z": 1, "group=tasks&from=2026-03-01T10:00:00Z": 0,
	} {
		if total, _ := f.counted("replay", query); total != want {
			t.Errorf("%s: %v pass, want %v", query, total, want)
		}
	}
	for query, code := range map[string]string{"from=x": "invalid_field", "from=2026-03-01T08:00:00Z&to=2026-03-01T08:00:00Z": "invalid_field", "group=nobody": "invalid_field", "reason=none": "invalid_field"} {
		f.wantProblem(f.say("POST", bulk+"replay?dry_run=true&"+query, `{}`), http.StatusUnprocessableEntity, code)
	}
	for _, body := range []string{`{}`, `{"expect":2}`, `{"up_to":"2026-03-01T10:00:00Z"}`, `{"expect":0,"up_to":"2026-03-01T10:00:00Z"}`} {
		f.wantProblem(f.say("POST", bulk+"replay", body), http.StatusUnprocessableEntity, "invalid_field")
	}
	f.wantProblem(f.say("POST", bulk+"discard", `{"expect":6,"up_to":"2026-03-01T10:00:00Z"}`), http.StatusUnprocessableEntity, "invalid_field") // without a reason
	f.wantProblem(f.ask("POST", bulk+"replay?dry_run=true", f.token("ann", token.Viewer), withBody(`{}`)), http.StatusForbidden, "forbidden")
	f.wantProblem(f.ask("GET", "/v1/panel/dead-letter-batches/lb_none", f.token("ann", token.Viewer)), http.StatusNotFound, "not_found")
	if len(f.decided.sent) != 0 {
		t.Errorf("%d were decided", len(f.decided.sent))
	}
}

// What is decided can be forgotten, one by one and many, by age; what is open stays.
func TestDecidedLettersArePurged(t *testing.T) {
	f := newFixture(t)
	f.manyLetters(6)
	_, body := f.counted("discard", "")
	f.putLetter("payments-9-1", payment.Malformed, "intake", time.Minute, "raw") // after the count
	f.ended(f.say("POST", bulk+"discard", body))
	f.wantProblem(f.say("POST", single+"payments-9-1/purge", `{"reason":"old"}`), http.StatusUnprocessableEntity, "invalid_state")
	f.wantProblem(f.say("POST", single+"payments-3-0/purge", `{}`), http.StatusUnprocessableEntity, "invalid_field")
	w := f.say("POST", single+"payments-3-0/purge", `{"reason":"old"}`)
	if got := f.object(w.Body.Bytes()); w.Code != http.StatusOK || got["id"] != "payments-3-0" || got["state"] != "discarded" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.wantProblem(f.ask("GET", single+"payments-3-0", f.token("ann", token.Viewer)), http.StatusNotFound, "not_found")
	if total, _ := f.counted("purge", "to=2026-03-01T09:30:00Z"); total != 0 { // nothing decided is so old
		t.Errorf("%v pass", total)
	}
	total, body := f.counted("purge", "")
	got := f.ended(f.say("POST", bulk+"purge", body))
	if total != 5 || got["state"] != "complete" || got["total"] != 5. || got["done"] != 5. || got["failed"] != 0. {
		t.Errorf("%v pass, %v", total, got)
	}
	if d := cmp.Diff([][]string{{"payments-9-1"}}, f.ids("/v1/panel/dead-letters?limit=50")); d != "" {
		t.Error(d)
	}
}
