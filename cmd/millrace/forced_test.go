package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestForcedStateReachesReaders follows an override from the request that asks for it through catalog and routing to
// the streams and reads of health, in one process.
func TestForcedStateReachesReaders(t *testing.T) {
	payments, err := filepath.Abs("../../examples/tour/payments.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	d := startTour(t)
	elsewhere(t)
	at := []string{"--server", d.server, "--brokers", d.brokers}
	millrace(t, 0, append([]string{"replay", payments, "--advance", "2m", "--wait"}, at...)...)
	editor := strings.TrimSpace(millrace(t, 0, append([]string{"token", "mint", "--sub", "asif", "--role", "editor"}, at...)...).out)

	events := d.listen("/v1/health/stream")
	state := func(state string) string {
		return `{"mode":"upi","instrument":"hdfc","state":"` + state + `","from":"2026-03-02T10:00:00Z","until":"2026-03-09T10:00:00Z","reason":"drill"}`
	}
	type row struct {
		State       string
		Enabled     bool
		ForcedUntil *string `json:"forced_until"`
	}
	var before, forced, after row
	d.get("/v1/health/upi/hdfc", &before)
	if before.State != "up" || !before.Enabled || before.ForcedUntil != nil {
		t.Fatalf("before the override: %+v", before)
	}
	location := d.post("/v1/panel/overrides", editor, state("down"))
	until(t, events, "hdfc", `"state":"down"`)
	for forced.State != "down" { // the stream can be ahead of the tables by a moment
		d.get("/v1/health/upi/hdfc", &forced)
	}
	if forced.Enabled || forced.ForcedUntil == nil || *forced.ForcedUntil != "2026-03-09T10:00:00.000Z" {
		t.Errorf("while it is forced: %+v", forced)
	}
	millrace(t, 0, append([]string{"health", "override", "withdraw", filepath.Base(location)}, at...)...)
	until(t, events, "hdfc", `"state":"up"`)
	for after.State != "up" {
		d.get("/v1/health/upi/hdfc", &after)
	}
	if after != before {
		t.Errorf("after the override: %+v", after)
	}
}

// listen returns the lines of a stream, from when it is connected on.
func (r *tour) listen(path string) *bufio.Scanner {
	resp, err := http.DefaultClient.Do(r.request(http.MethodGet, path, "", ""))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		r.t.Fatal(path, resp.Status)
	}
	return bufio.NewScanner(resp.Body)
}

func (r *tour) get(path string, into any) {
	_, body := r.ask(r.request(http.MethodGet, path, "", ""))
	if err := json.Unmarshal(body, into); err != nil {
		r.t.Fatal(path, err)
	}
}

// post returns the path of what was made.
func (r *tour) post(path, token, body string) string {
	header, _ := r.ask(r.request(http.MethodPost, path, token, body))
	return header.Get("Location")
}

func (r *tour) request(method, path, token, body string) *http.Request {
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.server+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		q.Header.Set("Authorization", "Bearer "+token)
		q.Header.Set("Content-Type", "application/json")
	}
	return q
}

func (r *tour) ask(q *http.Request) (http.Header, []byte) {
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s %v %s", q.URL, resp.Status, err, body)
	}
	return resp.Header, body
}

// until reads lines up to one with all of the texts.
func until(t *testing.T, lines *bufio.Scanner, texts ...string) {
	t.Helper()
	for lines.Scan() {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(lines.Text(), text)
		}
		if all {
			return
		}
	}
	t.Fatalf("the stream ended without %q: %v", texts, lines.Err())
}
