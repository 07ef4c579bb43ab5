package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/dev"
)

var rewrite = flag.Bool("rewrite", false, "write what the commands of docs/tour.md print into it")

const tourPage = "docs/tour.md"

// TestTour runs the console blocks of docs/tour.md against a dev of its own and compares what they print.
func TestTour(t *testing.T) {
	t.Chdir("../..")
	raw, err := os.ReadFile(tourPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(raw), "<!-- tour -->")
	section, after, ok := strings.Cut(rest, "<!-- /tour -->")
	if !ok {
		t.Fatal(tourPage + " has no tour")
	}
	tour := startTour(t)
	blocks := 0
	got := regexp.MustCompile("(?s)```console\n(.*?)```").ReplaceAllStringFunc(section, func(block string) string {
		blocks++
		return "```console\n" + tour.run(commandsOf(block)) + "```"
	})
	if blocks < 5 {
		t.Fatalf("%d blocks", blocks)
	}
	if *rewrite {
		if err := os.WriteFile(tourPage, []byte(before+"<!-- tour -->"+got+"<!-- /tour -->"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != section {
		t.Errorf("the tour prints something else now (go test ./cmd/millrace -run Tour -rewrite writes it into the page):\n%s", got)
	}
}

func commandsOf(block string) []string {
	var commands []string
	for line := range strings.Lines(block) {
		if c, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
			commands = append(commands, c)
		}
	}
	return commands
}

type tour struct {
	t                *testing.T
	server, brokers  string
	greeting         string
	variables        map[string]string
	now              time.Time
	timeOfDay, token *regexp.Regexp
}

func startTour(t *testing.T, change ...func(*dev.Config)) *tour {
	ctx, cancel := context.WithCancel(t.Context())
	c := dev.Config{
		Settings: devDefaults(config.Default()), Port: freePort(t), KafkaPort: freePort(t), Data: t.TempDir(), NoTraffic: true, Rate: 1,
		Version: "test", Command: "millrace", Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, fn := range change {
		fn(&c)
	}
	up := make(chan struct{})
	out := &waitFor{text: []byte("Ctrl-C stops"), seen: up}
	c.Out = out
	done := make(chan error, 1)
	go func() { done <- dev.Run(ctx, c) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-up:
	case err := <-done:
		done <- err
		t.Fatal("dev stopped:", err)
	}
	return &tour{
		t: t, server: fmt.Sprintf("http://127.0.0.1:%d", c.Port), brokers: fmt.Sprintf("127.0.0.1:%d", c.KafkaPort),
		greeting: out.before.String(), variables: map[string]string{}, now: time.Now(),
		timeOfDay: regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), token: regexp.MustCompile(`"token": "[^"]*"`),
	}
}

// waitFor closes seen when text was written, and keeps what was written until then; dev writes its greeting line by
// line.
type waitFor struct {
	text   []byte
	seen   chan struct{}
	done   bool
	before strings.Builder
}

func (w *waitFor) Write(p []byte) (int, error) {
	if !w.done {
		w.before.Write(p)
	}
	if !w.done && bytes.Contains(p, w.text) {
		w.done = true
		close(w.seen)
	}
	return len(p), nil
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// run returns the commands with what they print.
func (r *tour) run(commands []string) string {
	var out strings.Builder
	for _, c := range commands {
		out.WriteString("$ " + c + "\n")
		name, inner, isAssignment := strings.Cut(c, "=$(")
		switch {
		case isAssignment:
			r.variables[name] = strings.TrimSpace(r.stdout(strings.Fields(strings.TrimSuffix(inner, ")"))))
		case strings.HasPrefix(c, "millrace "):
			r.millrace(strings.Fields(c), &out, &out) // as a terminal shows them
		case strings.HasPrefix(c, "curl -s "):
			out.WriteString(r.curl(c))
		default:
			r.t.Fatalf("the tour has a command that the test does not know: %s", c)
		}
	}
	return out.String()
}

func (r *tour) millrace(words []string, out, errs io.Writer) {
	root := newRoot(out, errs)
	root.SetArgs(append(words[1:], "--server", r.server, "--brokers", r.brokers))
	if err := execute(r.t.Context(), root); err != nil {
		r.t.Fatalf("%v: %v\n%s", words, err, errs)
	}
}

// stdout runs a command that says nothing but its answer.
func (r *tour) stdout(words []string) string {
	r.t.Helper()
	var out, errs bytes.Buffer
	r.millrace(words, &out, &errs)
	if errs.Len() > 0 {
		r.t.Errorf("%v says %s", words, &errs)
	}
	return out.String()
}

func (r *tour) curl(command string) string {
	url := regexp.MustCompile(`http://\S+`).FindString(command)
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, strings.Replace(url, "http://127.0.0.1:8080", r.server, 1), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if bearer := regexp.MustCompile(`Bearer \$(\w+)`).FindStringSubmatch(command); bearer != nil {
		req.Header.Set("Authorization", "Bearer "+r.variables[bearer[1]])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d %v\n%s", command, resp.StatusCode, err, raw)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(raw), "", "  "); err != nil {
		r.t.Fatal(err)
	}
	return r.settled(pretty.String()) + "\n"
}

// settled puts … for what differs from run to run: tokens, and times of this day.
func (r *tour) settled(text string) string {
	text = r.token.ReplaceAllString(text, `"token": "…"`)
	return r.timeOfDay.ReplaceAllStringFunc(text, func(s string) string {
		if at, err := time.Parse(time.RFC3339, s); err == nil && r.now.Sub(at).Abs() < 24*time.Hour {
			return "…"
		}
		return s
	})
}
