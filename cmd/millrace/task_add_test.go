package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/dev"
)

// TestAddedTasksAreDone submits tasks to a dev, whose worker does them.
func TestAddedTasksAreDone(t *testing.T) {
	r := startTour(t, func(c *dev.Config) {
		c.Settings.Tasks.Kinds = []config.TaskKind{}
		path := write(t, "millrace.yaml", "tasks: {kinds: [{name: thank, persist: always}], worker: {handlers: {thank: {log: true}}}}\n")
		settings, err := config.Load(c.Settings, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Settings = settings
	})
	elsewhere(t)
	run := func(code int, args ...string) answer {
		t.Helper()
		return millrace(t, code, append(args, "--server", r.server)...)
	}
	type added struct{ ID, Key, State string }
	read := func(a answer) (x added) {
		t.Helper()
		if err := json.Unmarshal([]byte(a.out), &x); err != nil {
			t.Fatalf("%v: %s", err, a.out)
		}
		return x
	}
	first := read(run(0, "tasks", "add", "thank", "usr_1", "--payload", `{"amount":1.50}`, "--key", "k1", "-o", "json"))
	if again := read(run(0, "tasks", "add", "thank", "usr_1", "--payload", `{"amount":1.50}`, "--key", "k1", "-o", "json")); again.ID != first.ID || first.Key != "thank/usr_1" {
		t.Errorf("%+v, then %+v", first, again)
	}
	late := read(run(0, "tasks", "add", "thank", "usr_2", "--delay", "24h", "--priority", "2", "--dedupe-key", "d", "-o", "json"))
	shown := func(id, state string) (out string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			var b bytes.Buffer
			root := newRoot(&b, &bytes.Buffer{})
			root.SetArgs([]string{"tasks", "show", id, "--server", r.server, "-o", "json"})
			if err := execute(t.Context(), root); err == nil && strings.Contains(b.String(), `"state": "`+state+`"`) {
				return b.String()
			}
			out = b.String()
		}
		t.Errorf("%s is not %s: %s", id, state, out)
		return out
	}
	lacks(t, shown(first.ID, "done"), `"amount": 1.50`, `"ending": "succeeded"`)
	lacks(t, shown(late.ID, "waiting"), `"priority": 2`)
	lacks(t, run(1, "tasks", "add", "thnk", "usr_1").errs, "/kind", "did you mean thank?")
	lacks(t, run(1, "tasks", "add", "reward_payout", "usr_1").errs, "/kind", "Millrace's own")
	lacks(t, run(2, "tasks", "add", "thank", "usr_1", "--payload", "[1]").errs, "--payload is no object of JSON", "millrace tasks add")
	lacks(t, run(2, "tasks", "add", "thank", "usr_1", "--due", "2026-03-01T18:00:00Z", "--delay", "1s").errs, "Give one of --delay and --due")
}
