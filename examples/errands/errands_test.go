package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/dev"
)

// deployment is a `millrace dev` with this folder's settings, in this process.
type deployment struct {
	t               *testing.T
	settings        config.Config
	server, brokers string
	token           string
}

// greeting passes on what dev prints.
type greeting chan string

func (g greeting) Write(p []byte) (int, error) {
	g <- string(p)
	return len(p), nil
}

func start(t *testing.T) *deployment {
	t.Helper()
	settings, err := config.Load(config.Default(), "millrace.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	settings.Partitions, settings.Replication, settings.Approval.Unlimited = 2, 1, false
	lines, done := make(greeting, 1000), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		done <- dev.Run(ctx, dev.Config{
			Settings: settings, Data: t.TempDir(), NoTraffic: true, Rate: 1, Version: "test", Command: "millrace", Out: lines,
			Log: slog.New(slog.DiscardHandler),
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	text := ""
	for !strings.Contains(text, "Ctrl-C stops") {
		select {
		case line := <-lines:
			text += line
		case err := <-done:
			done <- err
			t.Fatal("dev stopped:", err)
		}
	}
	found := regexp.MustCompile(`Live page: (\S+)/\nBroker: (\S+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatal(text)
	}
	d := &deployment{t: t, settings: settings, server: found[1], brokers: found[2]}
	var minted struct{ Token string }
	d.ask("POST", "/v1/dev/token", `{"sub":"shop","roles":["service","admin"],"ttl":"1h"}`, &minted)
	d.token = minted.Token
	return d
}

// ask sends a request and reads the answer.
func (d *deployment) ask(method, path, body string, into any) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.server+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+d.token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		d.t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, raw, err)
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(into); err != nil {
		d.t.Fatalf("%s %s: %v: %s", method, path, err, raw)
	}
}

// submit submits a task and returns its id.
func (d *deployment) submit(body string) string {
	d.t.Helper()
	var task struct{ ID string }
	d.ask("POST", "/v1/tasks", body, &task)
	return task.ID
}

// dead waits until a task is a dead letter, and returns its last error.
func (d *deployment) dead(id string) string {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var task struct {
			Items []struct {
				ID        string
				LastError string `json:"last_error"`
			}
		}
		d.ask("GET", "/v1/panel/tasks?kind=book&state=dead", "", &task)
		for _, x := range task.Items {
			if x.ID == id {
				return x.LastError
			}
		}
	}
	d.t.Fatalf("%s is no dead letter", id)
	return ""
}

// effects are what a worker logs when it has done a run.
type effects chan string

func (e effects) Write(p []byte) (int, error) {
	e <- string(p)
	return len(p), nil
}

// TestErrands submits tasks to a deployment and runs the worker: what fails is tried again, and a record that can never
// be booked fails alone. A payment makes a greeting, once for each user.
func TestErrands(t *testing.T) {
	d := start(t)
	log := make(effects, 1000)
	b := newBooks(slog.New(slog.NewTextHandler(log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, d.settings, []string{d.brokers}, b) }()

	away := d.submit(`{"kind":"greet","key":"usr_1","payload":{"away":true}}`)
	want := map[string]int64{away: 0}
	for _, body := range []string{`{"kind":"book","key":"usr_1","payload":{"amount":250}}`, `{"kind":"book","key":"usr_2","payload":{"amount":75}}`} {
		want[d.submit(body)] = map[bool]int64{true: 250, false: 75}[strings.Contains(body, "250")]
	}
	bad := d.submit(`{"kind":"book","key":"usr_3","payload":{"amount":0}}`)
	for _, id := range []string{"t1", "t2"} { // of one user, who is greeted once
		var taken struct{ Accepted int }
		d.ask("POST", "/v1/events", `{"id":"`+id+`","type":"payment","transaction_id":"`+id+`","user_id":"usr_9","amount":100,"currency":"INR","status":"success"}`, &taken)
	}

	seen, greeted := 0, ""
	timeout := time.After(time.Minute)
	for seen < len(want)+1 {
		select {
		case line := <-log:
			if strings.Contains(line, "msg=done") {
				seen++
			}
			if strings.Contains(line, "key=greet/usr_9") {
				greeted += line
			}
		case err := <-ended:
			t.Fatal("the worker stopped:", err)
		case <-timeout:
			t.Fatalf("%d effects of %d", seen, len(want)+1)
		}
	}
	if why := d.dead(bad); why != "write an amount above 0" {
		t.Error(why)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for id, amount := range want {
		if got, ok := b.entries[id]; !ok || got != amount {
			t.Errorf("%s: %d, want %d", id, got, amount)
		}
	}
	if n := len(b.entries); n != len(want)+1 || strings.Count(greeted, "\n") != 1 {
		t.Errorf("%d effects, and greeted %q", n, greeted)
	}
}
