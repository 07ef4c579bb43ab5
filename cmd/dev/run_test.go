package dev

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/config"
)

// screen is what dev has written.
type screen struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newScreen() *screen { return &screen{changed: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.text.Write(p)
}

func (s *screen) read() (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String(), s.changed
}

// running is a dev under test.
type running struct {
	t            *testing.T
	screen, log  *screen
	stop         context.CancelFunc
	done         chan error
	base, broker string
	partitions   int32
}

func settings(t *testing.T, data string) Config {
	s := config.Default()
	s.Partitions, s.Replication, s.Approval.Unlimited = 2, 1, false
	return Config{
		Settings: s, Data: data, Rate: 2, Version: "test", Command: "millrace",
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// begin starts a dev and returns when it is up.
func begin(t *testing.T, c Config) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{t: t, screen: newScreen(), log: newScreen(), stop: cancel, done: make(chan error, 1), partitions: c.Settings.Partitions}
	c.Out = r.screen
	c.Log = slog.New(slog.NewTextHandler(io.MultiWriter(t.Output(), r.log), &slog.HandlerOptions{Level: slog.LevelWarn}))
	c.Settings.Audit.Every = 200 * time.Millisecond
	go func() { r.done <- Run(ctx, c) }()
	t.Cleanup(func() {
		cancel()
		r.done <- <-r.done // it is over, whether or not somebody has looked
	})
	up := r.await(`Millrace is up after .* Live page: (\S+)/\nBroker: (\S+) (?s:.*)Ctrl-C stops\.`)
	r.base, r.broker = up[1], up[2]
	return r
}

// await returns what matches once it is on the screen.
func (r *running) await(pattern string) []string {
	r.t.Helper()
	for {
		text, changed := r.screen.read()
		if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
			return m
		}
		select {
		case <-changed:
		case err := <-r.done:
			r.done <- err
			r.t.Fatalf("dev ended, %q is not on the screen: %v\n%s", pattern, err, text)
		}
	}
}

// shows returns what matches on the screen as it is.
func (r *running) shows(pattern string) []string {
	r.t.Helper()
	text, _ := r.screen.read()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		r.t.Fatalf("%q is not on the screen:\n%s", pattern, text)
	}
	return m
}

// end stops dev as Ctrl-C does and returns the last line.
func (r *running) end() string {
	r.t.Helper()
	from := time.Now()
	r.stop()
	err := <-r.done
	r.done <- err
	if err != nil {
		r.t.Error(err)
	}
	if took := time.Since(from); took > 6*time.Second { // 3 s is the promise, on a machine that does nothing else
		r.t.Errorf("the stop took %v", took)
	}
	if log, _ := r.log.read(); strings.Contains(log, "conservation") || strings.Contains(log, "do not agree") {
		r.t.Error("the running audit cried wolf")
	}
	text, _ := r.screen.read()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// get asks the server and returns the status.
func (r *running) get(path, token string, into any) int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			r.t.Fatalf("%s: %v\n%s", path, err, raw)
		}
	}
	return resp.StatusCode
}

// counted adds up what /metrics shows under a name.
func (r *running) counted(name string) float64 {
	r.t.Helper()
	sum := 0.0
	for _, m := range regexp.MustCompile(`(?m)^`+name+`(?:\{.*\})? (\S+)$`).FindAllStringSubmatch(r.metrics(), -1) {
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			r.t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// metrics returns what /metrics shows.
func (r *running) metrics() string {
	r.t.Helper()
	resp, err := http.Get(r.base + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(raw)
}

// token asks dev for one.
func (r *running) token(subject, role string) string {
	r.t.Helper()
	body := strings.NewReader(`{"sub":"` + subject + `","roles":["` + role + `"]}`)
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.base+"/v1/dev/token", body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Token == "" {
		r.t.Fatalf("no token: %d %v", resp.StatusCode, err)
	}
	return out.Token
}

// client talks to dev's broker.
func (r *running) client() *kgo.Client {
	r.t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(r.broker))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(c.Close)
	return c
}

// firstPayments returns the first record of each partition.
func (r *running) firstPayments() map[int32]string {
	r.t.Helper()
	at := map[int32]kgo.Offset{}
	for p := range r.partitions {
		at[p] = kgo.NewOffset().AtStart()
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(r.broker), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"payments": at}))
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	first := map[int32]string{}
	for len(first) < len(at) {
		fetches := c.PollFetches(r.t.Context())
		if err := fetches.Err(); err != nil {
			r.t.Fatal(err)
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			if rec.Offset == 0 {
				first[rec.Partition] = string(rec.Value)
			}
		})
	}
	return first
}

// payments counts the records ever sent to the topic.
func (r *running) payments() int64 {
	r.t.Helper()
	ends, err := kadm.NewClient(r.client()).ListEndOffsets(r.t.Context(), "payments")
	if err != nil {
		r.t.Fatal(err)
	}
	n := int64(0)
	ends.Each(func(o kadm.ListedOffset) { n += o.Offset })
	return n
}
