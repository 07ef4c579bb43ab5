package views

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/views/rate"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// measured is a server whose metrics are in f.registry.
func measured(t *testing.T, change ...func(*Config)) *fixture {
	return filled(t, append(change, func(c *Config) { c.Registerer = c.Gatherer.(prometheus.Registerer) })...)
}

// shows returns what /metrics shows, without the requests for it.
func (f *fixture) shows() []string {
	var lines []string
	for line := range strings.Lines(f.ask("GET", "/metrics", "").Body.String()) {
		if !strings.Contains(line, `route="/metrics"`) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func (f *fixture) wantShown(want ...string) {
	f.t.Helper()
	have := map[string]bool{}
	for _, line := range f.shows() {
		have[line] = true
	}
	for _, line := range want {
		if !have[line] {
			f.t.Errorf("no %s in\n%s", line, strings.Join(f.shows(), "\n"))
		}
	}
}

func TestRequestsAreMeasuredByRoute(t *testing.T) {
	f := measured(t)
	f.wantShown( // from the start
		`millrace_http_requests_total{method="GET",route="/v1/users/{id}/missions",status="200"} 0`,
		`millrace_http_requests_total{method="GET",route="/v1/users/{id}/missions",status="503"} 0`,
		`millrace_http_requests_total{method="POST",route="/v1/events",status="202"} 0`,
		`millrace_http_requests_total{method="POST",route="/v1/events",status="500"} 0`,
		`millrace_http_requests_total{method="GET",route="/docs",status="200"} 0`,
		`millrace_http_requests_total{method="other",route="none",status="404"} 0`,
		`millrace_http_request_duration_seconds_count{method="GET",route="/v1/health"} 0`,
	)
	asha := f.token("usr_1", token.User)
	for _, target := range []string{"/v1/users/me/missions", "/v1/users/usr_1/missions", "/v1/users/usr_9/missions"} {
		f.ask("GET", target, asha)
	}
	f.ask("GET", "/v1/users/me/missions", "")
	f.ask("HEAD", "/v1/users/me/missions", asha)
	f.ask("DELETE", "/v1/users/me/missions", asha)
	f.ask("GET", "/wp-login.php", "")
	f.ask("BREW", "/wp-login.php", "")
	f.ask("GET", "/livez", "")
	f.wantShown(
		`millrace_http_requests_total{method="GET",route="/v1/users/{id}/missions",status="200"} 2`,
		`millrace_http_requests_total{method="GET",route="/v1/users/{id}/missions",status="404"} 1`,
		`millrace_http_requests_total{method="GET",route="/v1/users/{id}/missions",status="401"} 1`,
		`millrace_http_requests_total{method="HEAD",route="/v1/users/{id}/missions",status="200"} 1`,
		`millrace_http_request_duration_seconds_count{method="GET",route="/v1/users/{id}/missions"} 5`,
		`millrace_http_requests_total{method="DELETE",route="none",status="405"} 1`,
		`millrace_http_requests_total{method="GET",route="none",status="404"} 1`,
		`millrace_http_requests_total{method="other",route="none",status="404"} 1`,
		`millrace_http_requests_total{method="GET",route="/livez",status="200"} 1`,
		`millrace_http_requests_in_flight 1`, // the one for /metrics
	)
}

// A panic is a failed request, answered or broken off; a client that goes away in the middle of its body is none.
func TestPanicsCountAsFailed(t *testing.T) {
	f := measured(t)
	mux := http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /docs":        func(http.ResponseWriter, *http.Request) { panic("early") },
		"GET /v1/health":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK); panic("late") },
		"POST /v1/events":  func(_ http.ResponseWriter, r *http.Request) { _, _ = r.Body.Read(make([]byte, 1)) },
		"GET /favicon.ico": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		mux.HandleFunc(pattern, h)
	}
	h := f.server.Recover(mux)
	ask := func(r *http.Request) {
		defer func() { _ = recover() }()
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	for _, target := range []string{"/docs", "/v1/health", "/favicon.ico"} {
		ask(httptest.NewRequest("GET", target, nil))
	}
	ask(httptest.NewRequest("POST", "/v1/events", failingReader{}))
	f.wantShown(
		`millrace_http_requests_total{method="GET",route="/docs",status="500"} 1`,
		`millrace_http_requests_total{method="GET",route="/v1/health",status="500"} 1`,
		`millrace_http_requests_total{method="POST",route="/v1/events",status="400"} 1`,
		`millrace_http_requests_total{method="POST",route="/v1/events",status="500"} 0`,
		`millrace_http_requests_total{method="GET",route="/favicon.ico",status="500"} 0`,
		`millrace_http_requests_in_flight 1`,
	)
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("the client has gone") }

// Streams last for minutes: they are listeners, not slow requests.
func TestStreamsAreNoSlowRequests(t *testing.T) {
	f := measured(t)
	server := httptest.NewServer(f.handler)
	defer server.Close()
	listen := func(path, bearer string) (end func()) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
		f.check(err)
		r.Header.Set("Authorization", "Bearer "+bearer)
		resp, err := http.DefaultClient.Do(r) //nolint:bodyclose // the function that is returned does
		f.check(err)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, resp.Status)
		}
		_, err = bufio.NewReader(resp.Body).ReadString('\n') // it has begun
		f.check(err)
		return func() { cancel(); _ = resp.Body.Close() }
	}
	ends := []func(){
		listen("/v1/health/stream", f.token("h", token.Health)), listen("/v1/health/stream", f.token("h", token.Health)),
		listen("/v1/users/me/stream", f.token("usr_1", token.User)),
	}
	f.wantShown(`millrace_http_streams{kind="health"} 2`, `millrace_http_streams{kind="user"} 1`, `millrace_http_requests_in_flight 1`)
	for _, end := range ends {
		end()
	}
	server.Close() // returns when all answers have ended
	f.wantShown(
		`millrace_http_streams{kind="health"} 0`, `millrace_http_streams{kind="user"} 0`, `millrace_http_requests_in_flight 1`,
		`millrace_http_requests_total{method="GET",route="/v1/health/stream",status="200"} 2`,
		`millrace_http_request_duration_seconds_count{method="GET",route="/v1/health/stream"} 0`,
		`millrace_http_request_duration_seconds_count{method="GET",route="/v1/users/{id}/stream"} 0`,
	)
}

// What is refused on a stream's route is a request like others.
func TestRefusedStreamsAreRequests(t *testing.T) {
	f := measured(t)
	f.ask("GET", "/v1/health/stream", "")
	f.wantShown(
		`millrace_http_requests_total{method="GET",route="/v1/health/stream",status="401"} 1`,
		`millrace_http_request_duration_seconds_count{method="GET",route="/v1/health/stream"} 1`,
	)
}

func TestRelayVerdictsAreMeasuredBySource(t *testing.T) {
	f := measured(t, withSources(t))
	f.wantShown(
		`millrace_relay_events_total{source="bank",verdict="accepted"} 0`, `millrace_relay_events_total{source="bank",verdict="rejected"} 0`,
		`millrace_relay_events_total{source="bearer",verdict="unavailable"} 0`,
	)
	body := `{"events":[` + relayEvent("a", "t1") + `,` + relayEvent("b", "t2") + `,{"type":"payment"}]}`
	f.signed(body)
	f.relay(body)
	f.payments.failing = errors.New("no brokers")
	f.relay(relayEvent("c", "t3"))
	f.wantShown(
		`millrace_relay_events_total{source="bank",verdict="accepted"} 2`, `millrace_relay_events_total{source="bank",verdict="rejected"} 1`,
		`millrace_relay_events_total{source="bearer",verdict="accepted"} 2`, `millrace_relay_events_total{source="bearer",verdict="rejected"} 1`,
		`millrace_relay_events_total{source="bearer",verdict="unavailable"} 1`,
	)
	if text := strings.Join(f.shows(), "\n"); strings.Contains(text, "shop") {
		t.Error("a subject in the metrics")
	}
}

// Whatever strangers ask for, there are no new series, and nothing of it is kept.
func TestMadeUpRequestsMakeNoSeries(t *testing.T) {
	f := measured(t, func(c *Config) { c.Limits = serve.Limits{Anonymous: rate.Limit{PerSecond: 1e6, Burst: 1e6}} })
	ask := func(method, target string) { f.ask(method, target, "junk", withHeader("Millrace-Source", method)) }
	shapes := []string{"/%s", "/v1/%s", "/v1/users/%s/missions", "/v1/health/%s/%s", "/assets/%s", "/schemas/%s.json", "/v1/users/me/rewards/%s"}
	kinds := func() []string {
		return []string{"GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"}
	}
	for _, shape := range shapes { // every status that there is
		for _, method := range kinds() {
			ask(method, strings.ReplaceAll(shape, "%s", "first"))
		}
	}
	series := len(f.shows())
	for n := range 10_000 {
		made := fmt.Sprintf("made-up-%d", n)
		ask("X"+strings.ToUpper(made), strings.ReplaceAll(shapes[n%len(shapes)], "%s", made))
		ask(kinds()[n%len(kinds())], strings.ReplaceAll(shapes[n%len(shapes)], "%s", made))
	}
	if text := strings.Join(f.shows(), "\n"); len(f.shows()) != series || strings.Contains(strings.ToLower(text), "made-up") {
		t.Errorf("%d lines of metrics became %d", series, len(f.shows()))
	}
}
