package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/views/signature"
	"github.com/millrace/millrace/worker"
	"github.com/millrace/millrace/worker/webhook"
)

const secret = "a secret of 16 bytes"

func run() *task.Run {
	return &task.Run{Task: task.Task{ID: "tk_1", Kind: "tell", Key: "u1", Payload: []byte(`{"a":1}`)}, Number: 3,
		Attempt: 2, IdempotencyKey: "tk_1"}
}

func handle(t *testing.T, c webhook.ClientConfig) worker.Result {
	t.Helper()
	h, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h.Handle(t.Context(), run())
}

func local(url string) webhook.ClientConfig {
	return webhook.ClientConfig{URL: url, Secret: []byte(secret), AllowPrivate: true, Timeout: 5 * time.Second}
}

func TestCallIsSignedAndNamesTheRun(t *testing.T) {
	verifier, err := signature.NewVerifier(signature.Config{Sources: []signature.Source{{Name: "m",
		Secrets: [][]byte{[]byte(secret)}}}})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		claim, err := verifier.Open(r.Header)
		if err == nil {
			_, _, err = claim.Check(body)
		}
		var e map[string]any
		if json.Unmarshal(body, &e) != nil || e["id"] != "tk_1" || e["kind"] != "tell" || e["key"] != "u1" ||
			e["attempt"] != 2.0 || e["run"] != 3.0 || e["payload"].(map[string]any)["a"] != 1.0 ||
			r.Header.Get("Idempotency-Key") != "tk_1" || r.Method != http.MethodPost {
			t.Errorf("%s %v %s", r.Method, r.Header, body)
		}
		got <- err
	}))
	defer s.Close()
	if r := handle(t, local(s.URL)); r.Outcome() != task.OK {
		t.Error(r)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	for _, c := range []struct {
		status int
		retry  string
		want   string
		after  time.Duration
	}{
		{200, "", "ok/", 0}, {204, "", "ok/", 0}, {400, "", "fail/rejected", 0}, {404, "", "fail/rejected", 0},
		{408, "", "fail/unavailable", 0}, {500, "", "fail/unavailable", 0}, {502, "", "fail/unavailable", 0},
		{429, "7", "snooze/", 7 * time.Second}, {503, "", "snooze/", 30 * time.Second},
		{503, "999999", "snooze/", time.Hour}, {429, "-4", "snooze/", time.Second}, {304, "", "fail/rejected", 0},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.retry != "" {
				w.Header().Set("Retry-After", c.retry)
			}
			w.WriteHeader(c.status)
		}))
		r := handle(t, local(s.URL))
		s.Close()
		if got := string(r.Outcome()) + "/" + r.Code(); got != c.want || r.For() != c.after {
			t.Errorf("%d %q: %s for %s, want %s for %s", c.status, c.retry, got, r.For(), c.want, c.after)
		}
	}
}

// Names that resolve to an address of the inside are refused as that address is.
func TestAddressesThatAreNotPublicAreRefused(t *testing.T) {
	var called bool
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer s.Close()
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "10.1.2.3",
		"172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "[fe80::1]", "[fc00::1]", "[ff02::1]",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "255.255.255.255", "127.1", "2130706433"} {
		r := handle(t, webhook.ClientConfig{URL: "http://" + host + port, Timeout: 5 * time.Second})
		numeric := host == "127.1" || host == "2130706433" // names, to Go: whether they resolve is the resolver's business
		if r.Code() != webhook.CodeAddress && !(numeric && r.Outcome() == task.Fail) {
			t.Errorf("%s: %s", host, r)
		}
	}
	if called {
		t.Error("it was called")
	}
}

func TestRedirectsAreBounded(t *testing.T) {
	var calls int
	s := httptest.NewServer(nil)
	defer s.Close()
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		switch r.URL.Path {
		case "/once":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/drop":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/ever":
			http.Redirect(w, r, "/ever", http.StatusTemporaryRedirect)
		case "/scheme":
			http.Redirect(w, r, "ftp://example.com/", http.StatusTemporaryRedirect)
		}
	})
	for path, want := range map[string]string{"/once": "ok/", "/drop": "fail/unreachable", "/ever": "fail/unreachable",
		"/scheme": "fail/forbidden_address"} {
		calls = 0
		r := handle(t, local(s.URL+path))
		if got := string(r.Outcome()) + "/" + r.Code(); got != want || calls > 4 {
			t.Errorf("%s: %s after %d calls, want %s", path, r, calls, want)
		}
	}
}

func TestSizeAndTimeAreBounded(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
			return
		}
		_, _ = w.Write(make([]byte, 1<<20))
	}))
	defer s.Close()
	defer close(release)
	if r := handle(t, local(s.URL+"/big")); r.Code() != "unreachable" {
		t.Error(r)
	}
	c := local(s.URL + "/slow")
	c.Timeout = 50 * time.Millisecond
	if r := handle(t, c); r.Code() != "timeout" {
		t.Error(r)
	}
	h, err := webhook.New(local(s.URL + "/slow"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := h.Handle(ctx, run()); r.Outcome() != task.Fail {
		t.Error(r)
	}
}

func TestWrongConfigs(t *testing.T) {
	for _, c := range []webhook.ClientConfig{{}, {URL: "ftp://x"}, {URL: "https://u:p@x"},
		{URL: "https://x", Secret: []byte("short")}, {URL: "https://x", Timeout: -1}} {
		if _, err := webhook.New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
