package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/engine/embedded"
)

// answer is what a command said and how it ended.
type answer struct {
	out, errs string
	code      int
}

// millrace runs a command in a directory without a configuration file, and fails the test if it ends otherwise than
// with code.
func millrace(t *testing.T, code int, args ...string) answer {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRoot(&out, &errs)
	root.SetArgs(args)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // where what should be refused runs on and on
	defer cancel()
	err := execute(ctx, root)
	a := answer{out.String(), errs.String(), exitCode(err)}
	if a.code != code {
		t.Fatalf("millrace %s: exit status %d, not %d: %v\n%s%s", strings.Join(args, " "), a.code, code, err, a.out, a.errs)
	}
	if err != nil && !strings.Contains(a.errs, err.Error()) {
		t.Errorf("millrace %s: the error is not shown: %v", strings.Join(args, " "), err)
	}
	return a
}

func lacks(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

// elsewhere makes an empty directory the working directory, another that of contexts, and the environment empty of
// settings.
func elsewhere(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir()) // where contexts are
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "MILLRACE_") {
			t.Setenv(name, "") // puts it back afterwards
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// broker returns the address of a broker in memory.
func broker(t *testing.T) string {
	t.Helper()
	elsewhere(t)
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b.Addr()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitCode(t *testing.T) {
	plain := errors.New("unreachable")
	found := finding{errors.New("a topic is missing")}
	for err, want := range map[error]int{nil: 0, plain: 2, found: 1} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: %d, not %d", err, got, want)
		}
	}
	if got := exitCode(fmt.Errorf("plan: %w", found)); got != 1 {
		t.Errorf("a wrapped finding: %d", got)
	}
	if found.Error() != "a topic is missing" {
		t.Errorf("a finding says %q", found.Error())
	}
}

func TestConfigPrintsTheLayers(t *testing.T) {
	elsewhere(t)
	lacks(t, millrace(t, 0, "config").out, "partitions: 12", "replication: 3", "server: http://127.0.0.1:8080", "- 127.0.0.1:19092", "window: 1m")

	if err := os.WriteFile("millrace.yaml", []byte("prefix: file.\npartitions: 6\nclient_id: file\nlog: {level: error}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lacks(t, millrace(t, 0, "config").out, "prefix: file.", "partitions: 6", "client_id: file", "level: error")

	t.Setenv("MILLRACE_PARTITIONS", "7")
	t.Setenv("MILLRACE_PREFIX", "env.")
	t.Setenv("MILLRACE_HEALTH_WINDOW", "30s")
	lacks(t, millrace(t, 0, "config").out, "prefix: env.", "partitions: 7", "client_id: file", "window: 30s")

	got := millrace(t, 0, "config", "--partitions", "8", "--brokers", "a:1,b:2", "--server", "http://h:1/", "--log-level", "debug", "--replication", "1").out
	lacks(t, got, "prefix: env.", "partitions: 8", "client_id: file", "- a:1\n- b:2", "server: http://h:1\n", "level: debug", "replication: 1")

	other := write(t, "other.yaml", "client_id: other\n")
	got = millrace(t, 0, "config", "--config", other).out
	lacks(t, got, "client_id: other")
	if strings.Contains(got, "level: error") {
		t.Error("--config is read beside millrace.yaml, not in its place")
	}
}

// -o decides what is printed, with the names of the file in both.
func TestConfigIsPrintedAsAsked(t *testing.T) {
	elsewhere(t)
	var asJSON any
	if out := millrace(t, 0, "config", "-o", "json").out; json.Unmarshal([]byte(out), &asJSON) != nil || !strings.HasPrefix(out, "{\n  \"") {
		t.Fatalf("no JSON: %s", out)
	}
	text := millrace(t, 0, "config", "-o", "yaml").out
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var again any
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, asJSON); diff != "" {
		t.Error(diff)
	}
	if table := millrace(t, 0, "config").out; table != text {
		t.Errorf("without -o: %s", table)
	}
}

func TestInvalidConfigurationListsEveryProblem(t *testing.T) {
	elsewhere(t)
	file := write(t, "bad.yaml", "server: ftp://x\nhttp: {listen: nowhere, admin: neither}\nledger: {retention: 1m}\nlog: {level: loud}\nintake: {decline_codes: {X: maybe}}\n")
	for _, command := range [][]string{{"config"}, {"topology"}, {"topics", "plan"}, {"run", "--all"}} {
		got := millrace(t, 2, append(command, "--config", file, "--partitions", "0", "--prefix", "a b", "--brokers", "nope")...)
		lacks(t, got.errs, "server:", "http.listen", "http.admin", "partitions 0", "prefix", `"nope" is not host:port`, "log.level", "ledger: retention", "intake.decline_codes")
		if got.out != "" {
			t.Errorf("%v printed %q", command, got.out)
		}
	}
	lacks(t, millrace(t, 2, "config", "--config", "none.yaml").errs, "none.yaml")
	lacks(t, millrace(t, 2, "config", "-o", "xml").errs, `"xml" for "-o, --output" flag: must be table, json or yaml`)
	t.Setenv("MILLRACE_PARTITONS", "3")
	lacks(t, millrace(t, 2, "config").errs, "MILLRACE_PARTITONS is not a setting")
}

func TestUsage(t *testing.T) {
	elsewhere(t)
	for want, args := range map[string][]string{
		"name the groups to run, or --all": {"run"},
		"or --all":                         {"run", "--all", "ledger"},
		`"nonsense" is no group; the groups are intake, ledger, progress, budget, rewards, health, catalog, routing, tasks, deadletters`: {"run", "ledger", "nonsense"},
		"unknown command":           {"bogus"},
		"unknown flag":              {"topology", "--nope"},
		`required flag(s) "file"`:   {"mission", "apply"},
		`required flag(s) "role"`:   {"token", "mint", "--sub", "u"},
		"FILE is missing":           {"replay"},
		"auth.key_file":             {"serve"},
		"none.yaml: no such file":   {"generate", "--out", "x", "--outages", "none.yaml"},
		"write RFC 3339":            {"generate", "--out", "x", "--from", "today"},
		"without a zone":            {"generate", "--out", "x", "--to", "2026-03-01T10:00:00"},
		"in any unit":               {"mission", "end", "m", "--at", "1772359"},
		"no such file or directory": {"replay", "none.jsonl"},
		"--rate":                    {"dev", "--rate", "0"},
	} {
		lacks(t, millrace(t, 2, args...).errs, want)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("something was written: %v %v", entries, err)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	var out bytes.Buffer
	root := newRoot(&out, &out)
	want := []string{"config", "dev", "generate", "mission", "replay", "run", "serve", "token", "topics", "topology"}
	var got []string
	for _, c := range root.Commands() {
		got = append(got, c.Name())
		if c.Short == "" {
			t.Errorf("%s has no short help", c.Name())
		}
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("there is no command %s", name)
		}
	}
}

func TestUnreachableBrokers(t *testing.T) {
	elsewhere(t)
	file := write(t, "events.jsonl", "{}\n")
	for _, args := range [][]string{{"topics", "plan"}, {"topics", "apply"}, {"run", "--all"}, {"replay", file}, {"generate", "--count", "1"}} {
		lacks(t, millrace(t, 2, append(args, nobody()...)...).errs, "127.0.0.1:1", "connection refused")
	}
}
