package task_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/codecs/codectest"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
)

const at = 1_772_359_200_000

func aTask() task.Task {
	return task.Task{ID: "rw_1.1", Kind: task.RewardPayout, Key: "u1", On: task.RewardGranted, Payload: []byte(`{"a":1}`), At: at}
}

func aSubmission() *task.Submission {
	return &task.Submission{Task: aTask(), Dedupe: "d", Due: at + 1, Priority: -2}
}

func aRun() *task.Run {
	return &task.Run{Task: aTask(), Number: 3, Attempt: 2, IdempotencyKey: "rw_1.1", Mode: task.Batch, At: at, Until: at + 5}
}

func anAnswer() *task.Answer {
	return &task.Answer{
		TaskID: "rw_1.1", Kind: task.RewardPayout, Run: 3, Outcome: task.Snooze, Code: "busy", Error: "later", For: time.Minute,
		Output: []byte(`{"ok":true}`),
	}
}

func anEntry() *task.Entry {
	return &task.Entry{
		Task: aTask(), Number: 1, Priority: 2, Arrived: at, Due: at + 1, Deadline: at + 2, State: task.Running, Since: at + 3,
		Until: at + 4, Run: 5, Claimed: true, Attempts: 6, Cancelled: true,
		History: task.History{Runs: []task.Past{{Run: 4, From: at, To: at + 1, Ending: task.RunFailed, Code: "c", Error: "e"}, {}}, Omitted: 7},
	}
}

func aCommand() *task.Command {
	return &task.Command{
		ID: "c1", Op: task.OpReplay, TaskID: "rw_1.1", Until: at, Letter: anEntry(), Payload: []byte("{}"), Kind: "sweep",
		Plan:  task.Plan{Name: "nightly", Spec: task.Spec{Cron: "0 2 * * *", Zone: "UTC"}, Payload: []byte("[]")},
		Actor: "eve", Proof: audit.Proof{By: audit.ByToken, Issuer: "iss", Role: "editor"},
	}
}

func aQueue() *task.Queue {
	waiting := anEntry()
	waiting.Task.ID, waiting.State, waiting.History = "second", task.Waiting, task.History{}
	return &task.Queue{
		Now: at, Last: 2, Head: anEntry(), Waiting: []*task.Entry{waiting},
		Pages:    []task.PageRef{{Number: 1, Priority: 2, Due: at, First: 3, Count: 4, Bytes: 5}},
		LastPage: 6, Fetching: 7, Seen: []task.Seen{{Hash: [16]byte{0: 1, 15: 2}, Until: at}, {Until: at}},
		Doomed: []task.Doom{{ID: "third", Upto: 8}}, Token: task.Token{Kind: "sweep", At: at}, Stopped: "sweep", Wake: at + 1,
		Job: &task.Job{Kind: "sweep", Name: "nightly", Spec: task.Spec{Cron: "0 2 * * *", Zone: "UTC"}, Payload: []byte("[]"), Next: at,
			Fired: at - 1, Retired: true},
		Verdicts: verdict.List{{CommandID: "c1", Result: verdict.Refused, At: at, Problems: problem.One("", "invalid_state", "why")}},
	}
}

func rows() map[string]*task.Row {
	return map[string]*task.Row{
		"queue": {Queue: aQueue()}, "page": {Page: &task.Page{Entries: []*task.Entry{anEntry(), anEntry()}}},
		"filed": {Filed: &task.Ended{Entry: anEntry(), Until: at}}, "bucket": {Bucket: &task.Bucket{Next: 9}},
	}
}

func aMove() *task.Move {
	return &task.Move{
		Step: task.StepReturn, From: "u1", Number: 2, Page: &task.Page{Entries: []*task.Entry{anEntry()}},
		Filed: &task.Ended{Entry: anEntry(), Until: at}, Token: task.Token{Kind: "sweep", At: at}, Share: task.Share{Partition: 1, Partitions: 12},
	}
}

func TestRecordsGolden(t *testing.T) {
	codectest.Golden(t, "submission", codectest.RoundTrip(t, taskcodec.Submission{}, aSubmission()))
	codectest.Golden(t, "run", codectest.RoundTrip(t, taskcodec.Run{}, aRun()))
	codectest.Golden(t, "answer", codectest.RoundTrip(t, taskcodec.Answer{}, anAnswer()))
	codectest.Golden(t, "command", codectest.RoundTrip(t, taskcodec.Command{}, aCommand()))
	codectest.Golden(t, "move", codectest.RoundTrip(t, taskcodec.Move{}, aMove()))
	for name, row := range rows() {
		codectest.Golden(t, "row_"+name, codectest.RoundTrip(t, taskcodec.Row{}, row))
	}
	for _, empty := range []*task.Row{{Queue: &task.Queue{}}, {Page: &task.Page{}}, {Bucket: &task.Bucket{}}} {
		codectest.RoundTrip(t, taskcodec.Row{}, empty)
	}
}

// A worker that has no handler for a kind reads no more of its runs.
func TestKindOfRun(t *testing.T) {
	b := codectest.Encoded(t, taskcodec.Run{}, aRun())
	if kind, err := taskcodec.KindOfRun(b); err != nil || kind != task.RewardPayout {
		t.Errorf("%q, %v", kind, err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = taskcodec.KindOfRun(b) }); n > 2 {
		t.Errorf("allocates %.0f times", n)
	}
	for name, b := range map[string][]byte{"nothing": nil, "another version": {9}, "cut": b[:len(b)-3]} {
		if kind, err := taskcodec.KindOfRun(b); err == nil {
			t.Errorf("%s: %q", name, kind)
		}
	}
}

// An exhausted task is JSON for people, and all of its queue's entry but what a replay gives it anew.
func TestLetterJSON(t *testing.T) {
	e := anEntry()
	e.State, e.Since, e.Until, e.Claimed, e.Cancelled = task.Exhausted, 0, 0, false, false
	e.History.Runs = e.History.Runs[:1]
	b := taskcodec.LetterJSON(task.Letter{Entry: e, Why: task.WhyAttempts})
	want := `{"id":"rw_1.1","kind":"reward_payout","key":"u1","why":"attempts","on":"reward_granted","payload":{"a":1},` +
		`"at":"2026-03-01T10:00:00.000Z","priority":2,"number":1,"arrived":"2026-03-01T10:00:00.000Z",` +
		`"due":"2026-03-01T10:00:00.001Z","deadline":"2026-03-01T10:00:00.002Z","attempts":6,"last_run":5,` +
		`"runs":[{"run":4,"from":"2026-03-01T10:00:00.000Z","to":"2026-03-01T10:00:00.001Z","ending":"failed","code":"c","error":"e"}],` +
		`"runs_omitted":7}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
	for _, payload := range []string{`{"a":1}`, "no JSON \xff", ""} {
		e.Task.Payload = []byte(payload)
		if payload == "" {
			e.Task.Payload = nil
		}
		back, err := taskcodec.ParseLetter(taskcodec.LetterJSON(task.Letter{Entry: e, Why: task.WhyAttempts}))
		if diff := cmp.Diff(&task.Letter{Entry: e, Why: task.WhyAttempts}, back); diff != "" || err != nil {
			t.Errorf("%q: %v %s", payload, err, diff)
		}
	}
	for _, text := range []string{`x`, `{}`, `{"id":"a","kind":"b"}`, `{"id":"a","key":"b"}`, `{"kind":"a","key":"b"}`} {
		if _, err := taskcodec.ParseLetter([]byte(text)); err == nil {
			t.Errorf("%s is a letter", text)
		}
	}
}

// What the domain reckons with as the size of a row is enough for its bytes.
func TestRowsAreNoLargerThanReckoned(t *testing.T) {
	text := func(n int) string { return strings.Repeat("x", n) }
	entry := func(payload int) *task.Entry {
		e := anEntry()
		e.Task.Key, e.Task.ID, e.Task.Kind = text(task.MaxKey), text(task.MaxID), text(64)
		e.Task.On, e.Task.Payload, e.History.Runs = task.MissionCompleted, make([]byte, payload), nil
		for i := range task.MaxFirst + task.MaxLast {
			e.History.Runs = append(e.History.Runs, task.Past{
				Run: int64(i) << 20, From: at, To: at, Ending: task.RunSucceeded, Code: text(task.MaxCode), Error: text(task.MaxError),
			})
		}
		return e
	}
	q := aQueue()
	q.Head, q.Waiting = entry(task.MaxPayload), nil
	q.Job.Payload = make([]byte, task.MaxPayload)
	for i := range 12 {
		q.Waiting = append(q.Waiting, entry(1+i))
	}
	for i := range task.MaxSeen {
		q.Seen = append(q.Seen, task.Seen{Hash: [16]byte{0: byte(i), 1: 1, 8: 1}, Until: at})
		q.Pages = append(q.Pages, task.PageRef{Number: int64(i) << 10, Priority: -4, Due: at, First: int64(i) << 20, Count: 256, Bytes: task.PageBytes})
	}
	for i := range task.MaxDoomed {
		q.Doomed = append(q.Doomed, task.Doom{ID: text(task.MaxID - i%2), Upto: 1 << 40})
	}
	b := codectest.RoundTrip(t, taskcodec.Row{}, &task.Row{Queue: q})
	if n := q.Size(); int64(len(b)) > n {
		t.Errorf("%d bytes, reckoned as %d", len(b), n)
	}
	if n := strings.Count(string(b), text(task.MaxKey)); n != 1 {
		t.Errorf("the ordering key is written %d times", n)
	}
}

func FuzzRecords(f *testing.F) {
	for _, b := range [][]byte{
		codectest.Encoded(f, taskcodec.Submission{}, aSubmission()), codectest.Encoded(f, taskcodec.Run{}, aRun()),
		codectest.Encoded(f, taskcodec.Answer{}, anAnswer()), codectest.Encoded(f, taskcodec.Command{}, aCommand()),
		codectest.Encoded(f, taskcodec.Move{}, aMove()),
	} {
		f.Add(b)
	}
	for _, row := range rows() {
		f.Add(codectest.Encoded(f, taskcodec.Row{}, row))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		codectest.Stable(t, taskcodec.Submission{}, b)
		codectest.Stable(t, taskcodec.Answer{}, b)
		codectest.Stable(t, taskcodec.Command{}, b)
		codectest.Stable(t, taskcodec.Move{}, b)
		codectest.Stable(t, taskcodec.Row{}, b)
		codectest.Stable(t, taskcodec.Run{}, b)
		kind, err := taskcodec.KindOfRun(b)
		if r, also := (taskcodec.Run{}).Decode(b); (err == nil) != (also == nil) || err == nil && r.Task.Kind != kind {
			t.Errorf("%q, %v, the whole run: %+v, %v", kind, err, r, fmt.Sprint(also))
		}
	})
}
