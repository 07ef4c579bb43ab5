package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/domain/task"
)

// load reads a file.
func load(t *testing.T, text string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), config.File)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(config.Default(), path, nil)
}

const fullKinds = `
triggers: [{on: payment_settled, kind: thank}]
tasks:
  kinds:
  - name: thank
  - name: sweep
    mode: batch
    persist: always
    retry: {max_attempts: 3, base: 5s, factor: 1.5, cap: 10m, jitter: 0.25, non_retryable: [rejected]}
    dedupe: 0s
    timeout: 2m
    deadline: 1h
    on_exhausted: hold
    rate_limit: {runs: 50}
    batch: {max_size: 20}
    schedules:
    - {name: nightly, cron: 30 2 * * *, zone: Europe/Berlin, payload: {older_than: 30, states: [granting]}}
    - {name: hourly, cron: 0 * * * *}
  - name: reward_payout
    retry: {max_attempts: 5}
`

func TestKindsOfTasks(t *testing.T) {
	c, err := load(t, fullKinds)
	if err != nil {
		t.Fatal(err)
	}
	sweep := task.DefaultBatch("sweep")
	sweep.Persist, sweep.History, sweep.Dedupe = task.Always, 7*24*time.Hour, 0
	sweep.Retry = task.Retry{MaxAttempts: 3, Base: 5 * time.Second, Factor: 1500, Cap: 10 * time.Minute, Jitter: 250,
		NonRetryable: []string{"rejected"}}
	sweep.Timeout, sweep.Deadline, sweep.OnExhausted = 2*time.Minute, time.Hour, task.Hold
	sweep.Limit, sweep.Gather.MaxSize = task.Limit{Runs: 50, Per: time.Second}, 20
	sweep.Schedules = []task.Plan{
		{Name: "nightly", Spec: task.Spec{Cron: "30 2 * * *", Zone: "Europe/Berlin"},
			Payload: []byte(`{"older_than":30,"states":["granting"]}`)},
		{Name: "hourly", Spec: task.Spec{Cron: "0 * * * *", Zone: "UTC"}},
	}
	payout, _ := task.BuiltIn().Find(task.RewardPayout)
	payout.Retry.MaxAttempts = 5
	kinds, err := c.TaskKinds()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(task.BuiltIn().With(task.DefaultKind("thank"), sweep, payout), kinds); diff != "" {
		t.Error(diff)
	}
	out, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	back, err := load(t, string(out))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	again, err := back.TaskKinds()
	if diff := cmp.Diff(kinds, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%v %s\n%s", err, diff, out)
	}
}

func TestKindsThatMakeNoSense(t *testing.T) {
	for text, want := range map[string]string{
		`tasks: {kinds: [{name: a, retry: {factor: 0.5}}]}`:                                                   "a: retry.factor 0.5: write 1 to 100",
		`tasks: {kinds: [{name: a, retry: {jitter: 0.1234}}]}`:                                                "at most three decimals",
		`tasks: {kinds: [{name: a, retry: {max_atempts: 3}}]}`:                                                "max_atempts",
		`tasks: {kinds: [{name: a, mode: bach}]}`:                                                             "a: mode \"bach\": write micro or batch",
		`tasks: {kinds: [{name: a, batch: {max_size: 2}}]}`:                                                   "write mode: batch with them",
		`tasks: {kinds: [{name: a, history: 2h}]}`:                                                            "write persist: always with it",
		`tasks: {kinds: [{name: A}]}`:                                                                         "lower case letters",
		`tasks: {kinds: [{name: a}, {name: a}]}`:                                                              "a: declare it once",
		`tasks: {kinds: [{name: a, schedules: [{name: b, cron: 61 * * * *}]}]}`:                               "a: schedules.0.cron: end of range (61) above maximum (59)",
		`tasks: {kinds: [{name: a, schedules: [{name: b}]}]}`:                                                 "a: schedules.0.cron: write five fields",
		`tasks: {kinds: [{name: a, schedules: [{name: b, cron: 0 * * * *, zone: IST}]}]}`:                     `a: schedules.0.zone: "IST" is no IANA time zone`,
		`{triggers: [{on: payment_settled, kind: a, dedupe: user}], tasks: {kinds: [{name: a, dedupe: 0s}]}}`: `triggers.0.dedupe "user": the kind "a" has dedupe 0s`,
		`triggers: [{on: payment_settled, kind: thank, dedup: user}]`:                                         `dedup`,
		`triggers: [{on: payment_settled, kind: thank}]`:                                                      `triggers.0.kind "thank": declare it under tasks.kinds`,
	} {
		c, err := load(t, text)
		if err == nil {
			_, err = c.TaskKinds()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// The page has settings that hold, and every scope of every trigger.
func TestPageOfTasks(t *testing.T) {
	page, err := os.ReadFile("../../docs/tasks.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) == 0 {
		t.Fatal("no settings")
	}
	for _, block := range blocks {
		c, err := load(t, block[1])
		if err != nil {
			t.Fatalf("%v in %s", err, block[1])
		}
		if _, err := c.TaskKinds(); err != nil {
			t.Error(err)
		}
		if err := errors.Join(c.Rules().Validate(), c.Validate()); err != nil {
			t.Error(err)
		}
	}
	for _, on := range task.Triggers() {
		var words []string
		for _, s := range on.Scopes() {
			words = append(words, "`"+string(s)+"`")
		}
		row := regexp.MustCompile("\n\\|.*`" + string(on) + "`.* \\| " + strings.Join(words, ", ") + " \\|\n")
		if !row.Match(page) {
			t.Errorf("%s: no row with %s", on, words)
		}
	}
}

func TestHandlersThatMakeNoSense(t *testing.T) {
	for handlers, want := range map[string]string{
		`{a: {}}`:                    "tasks.worker.handlers.a: write one of url, topic and log: true",
		`{a: {log: true, topic: t}}`: "write one of url, topic and log: true",
		`{a: {url: "https://x.example", topic: t}}`: "write one of url, topic and log: true",
		`{b: {log: true}}`:                          "tasks.worker.handlers.b: declare the kind under tasks.kinds",
		`{a: {url: ftp://x}}`:                       "tasks.worker.handlers.a: url: write an address",
		`{a: {url: "https://x", secret: short}}`:    "tasks.worker.handlers.a: secret: it has 5 bytes",
		`{a: {topic: t, allow_private: true}}`:      "secret and allow_private are for a url",
		`{a: {topic: t, concurrency: -1}}`:          "tasks.worker.handlers.a.concurrency -1: write 1 or more",
		`{a: {topic: "a b"}}`:                       "tasks.worker.handlers.a: topic \"a b\": write up to 249",
		`{a: {topic: __consumer_offsets}}`:          "it is one of Kafka's own",
		`{a: {topic: p-payments}}`:                  "tasks.worker.handlers.a: topic \"p-payments\": it is one of Millrace's own",
		`{a: {topic: p-task-runs}}`:                 "it is one of Millrace's own",
		`{a: {topic: p-tasks-table}}`:               "it is one of Millrace's own",
		`{reward_payout: {log: true}}`:              "tasks.worker.handlers.reward_payout: its answer is a provider's, write tasks.provider",
		`{reward_clawback: {topic: t}}`:             "its answer is a provider's",
	} {
		c, err := load(t, "prefix: p-\ntasks: {kinds: [{name: a}], worker: {handlers: "+handlers+"}}\n")
		if err == nil {
			err = c.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", handlers, err, want)
		}
	}
}

// What a topic will never take is not tried again, whatever else the policy of the kind has.
func TestKindsOfATopicHaveItsCodes(t *testing.T) {
	c, err := load(t, `
tasks:
  kinds: [{name: a, retry: {non_retryable: [gone, too_large]}}, {name: b}]
  worker: {handlers: {a: {topic: payments}, b: {url: "https://x.example"}}}
prefix: p-
`)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := c.TaskKinds()
	if err = errors.Join(err, c.Validate()); err != nil { // without the prefix it is somebody else's topic
		t.Fatal(err)
	}
	a, _ := kinds.Find("a")
	b, _ := kinds.Find("b")
	if d := cmp.Diff([]string{"gone", "too_large", "unknown_topic"}, a.Retry.NonRetryable); d != "" || len(b.Retry.NonRetryable) != 0 {
		t.Errorf("%s %v", d, b.Retry.NonRetryable)
	}
}
