package views

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	healthviews "github.com/millrace/millrace/views/health"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// pipes is a listener whose connections are in memory, so that a bubble has its own time for all of them.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// streaming runs a test against the whole HTTP server, with its own limits, in a bubble. What it leaves running fails
// it.
func streaming(t *testing.T, test func(f *fixture, feed *healthviews.Feed, listen func(target string) *bufio.Reader)) {
	synctest.Test(t, func(t *testing.T) {
		feed := healthviews.NewFeed()
		f := newFixture(t, func(c *Config) { c.Feed, c.OpenHealth = feed, false })
		p := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
		srv := serve.NewHTTPServer("", f.handler)
		go func() { _ = srv.Serve(p) }()
		listen := func(target string) *bufio.Reader {
			client, server := net.Pipe()
			p.accept <- server
			t.Cleanup(func() { _ = client.Close() })
			fmt.Fprintf(client, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", target, f.token("a", token.Health))
			return bufio.NewReader(client)
		}
		test(f, feed, listen)
		synctest.Wait()
		if n := feed.Listening(); n > 0 {
			t.Errorf("%d still listen", n)
		}
		_ = srv.Close()
	})
}

// begin reads the head of the answer and the greeting.
func begin(t testing.TB, r *bufio.Reader) {
	t.Helper()
	if status := line(t, r); status != "HTTP/1.1 200 OK" {
		t.Fatal(status)
	}
	for l := line(t, r); l != ""; l = line(t, r) {
		if name, value, _ := strings.Cut(l, ": "); name == "Content-Type" && value != "text/event-stream; charset=utf-8" {
			t.Error(value)
		}
	}
	if hello := block(t, r); !strings.HasPrefix(hello, ": from now on") {
		t.Errorf("%q", hello)
	}
}

func line(t testing.TB, r *bufio.Reader) string {
	t.Helper()
	l, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("%v after %q", err, l)
	}
	return strings.TrimRight(l, "\r\n")
}

// block reads one event or comment, without its chunk's size.
func block(t testing.TB, r *bufio.Reader) string {
	t.Helper()
	line(t, r)
	var lines []string
	for l := line(t, r); l != ""; l = line(t, r) {
		lines = append(lines, l)
	}
	line(t, r) // the end of the chunk
	return strings.Join(lines, "\n")
}

func TestStream(t *testing.T) {
	streaming(t, func(f *fixture, feed *healthviews.Feed, listen func(string) *bufio.Reader) {
		all, upi := listen("/v1/health/stream"), listen("/v1/health/stream?mode=%20UPI")
		begin(t, all)
		begin(t, upi)
		feed.Window("upi/sbi/razorpay", []byte(`{"a":1}`))
		feed.Status("card/x", []byte(`{"b":2}`))
		feed.Status("upi/sbi", []byte(`{"c":3}`))
		feed.Window("upier/sbi/x", []byte(`{"d":4}`))
		feed.Status("upi", []byte(`{"e":5}`))
		for i, want := range []string{
			"event: window\ndata: {\"a\":1}", "event: status\ndata: {\"b\":2}", "event: status\ndata: {\"c\":3}", "event: window\ndata: {\"d\":4}",
			"event: status\ndata: {\"e\":5}",
		} {
			if got := block(t, all); got != want {
				t.Errorf("%q", got)
			}
			if i%2 == 0 {
				if got := block(t, upi); got != want {
					t.Errorf("%q", got)
				}
			}
		}
		for range 20 { // well beyond every limit of the server
			for _, r := range []*bufio.Reader{all, upi} {
				if got := block(t, r); got != ": alive" {
					t.Errorf("%q", got)
				}
			}
		}
		f.server.Stop()
		for _, r := range []*bufio.Reader{all, upi} {
			if got := block(t, r); got != ": the server is stopping: listen anew" {
				t.Errorf("%q", got)
			}
			if got := line(t, r); got != "0" { // the last chunk
				t.Errorf("%q", got)
			}
		}
		f.wantProblem(f.ask("GET", "/v1/health/stream", f.token("a", token.Health)), http.StatusServiceUnavailable, "unavailable")
	})
}

func TestSlowListenerIsLeftBehind(t *testing.T) {
	streaming(t, func(_ *fixture, feed *healthviews.Feed, listen func(string) *bufio.Reader) {
		slow, quick := listen("/v1/health/stream"), listen("/v1/health/stream")
		begin(t, slow)
		begin(t, quick)
		for i := range healthviews.MaxBehind + 2 { // one is being written, and the buffer is full
			feed.Window("upi/sbi/a", fmt.Append(nil, i))
			synctest.Wait()
			if got := block(t, quick); got != fmt.Sprintf("event: window\ndata: %d", i) {
				t.Fatal(got)
			}
		}
		for i := range healthviews.MaxBehind + 1 {
			if got := block(t, slow); got != fmt.Sprintf("event: window\ndata: %d", i) {
				t.Fatalf("%d: %s", i, got)
			}
		}
		if got := block(t, slow); !strings.HasPrefix(got, ": you are too slow") {
			t.Errorf("%q", got)
		}
		feed.Close()
		block(t, quick)
	})
}

// A client that reads nothing at all holds its goroutine for one write's patience.
func TestStuckListenerIsCutOff(t *testing.T) {
	streaming(t, func(_ *fixture, feed *healthviews.Feed, listen func(string) *bufio.Reader) {
		begin(t, listen("/v1/health/stream"))
		feed.Window("upi/sbi/a", []byte("1"))
		<-time.After(serve.WritePatience + time.Second) // of the bubble
	})
}

func TestStreamEndsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.ask("GET", "/v1/health/stream", f.token("a", token.Health), func(r *http.Request) { *r = *r.WithContext(ctx) })
		}()
		synctest.Wait()
		if n := f.server.health.Feed.Listening(); n != 1 {
			t.Errorf("%d listen", n)
		}
		cancel()
		<-done
		if n := f.server.health.Feed.Listening(); n != 0 {
			t.Errorf("%d listen", n)
		}
	})
}

// Nobody takes all streams: neither one token, nor one address without a token.
func TestListenersAreBoundedBySubject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(c *Config) { c.OpenHealth = true })
		var leave []context.CancelFunc
		listen := func(bearer string, change ...func(*http.Request)) {
			ctx, cancel := context.WithCancel(t.Context())
			leave = append(leave, cancel)
			go f.ask("GET", "/v1/health/stream", bearer, append(change, func(r *http.Request) { *r = *r.WithContext(ctx) })...)
		}
		fill := func(n int, bearer string, change ...func(*http.Request)) {
			for range n {
				listen(bearer, change...)
			}
			synctest.Wait()
		}
		refused := func(status int, code, bearer string, change ...func(*http.Request)) {
			t.Helper()
			w := f.ask("GET", "/v1/health/stream", bearer, change...)
			f.wantProblem(w, status, code)
			if w.Header().Get("Retry-After") != "5" {
				t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
			}
		}
		one := f.token("one", token.Health)
		fill(healthviews.MaxSubjectListeners, one)
		refused(http.StatusTooManyRequests, "rate_limited", one)
		refused(http.StatusTooManyRequests, "rate_limited", f.token("one", token.Viewer)) // another token of the subject
		fill(healthviews.MaxSubjectListeners, "", fromHere)
		refused(http.StatusTooManyRequests, "rate_limited", "", fromHere)
		if n := f.server.health.Feed.Listening(); n != 2*healthviews.MaxSubjectListeners {
			t.Fatalf("%d listen", n)
		}
		leave[0]()
		synctest.Wait()
		fill(1, one)
		refused(http.StatusTooManyRequests, "rate_limited", one)
		for n := 2; n < healthviews.MaxListeners/healthviews.MaxSubjectListeners; n++ {
			fill(healthviews.MaxSubjectListeners, f.token(fmt.Sprint("listener ", n), token.Health))
		}
		refused(http.StatusServiceUnavailable, "unavailable", f.token("another", token.Health))
		for _, cancel := range leave {
			cancel()
		}
		synctest.Wait()
		if n, taken := f.server.health.Feed.Listening(), f.server.health.Listeners.Open(); n+taken+f.server.health.Listeners.Holders() != 0 {
			t.Errorf("%d listen, %d seats are taken", n, taken)
		}
		f.wantProblem(f.ask("GET", "/v1/health/stream", ""), http.StatusUnauthorized, "unauthenticated")
		f.wantProblem(f.ask("GET", "/v1/health/stream", f.token("a", token.User)), http.StatusForbidden, "forbidden")
		if w := f.ask("HEAD", "/v1/health/stream", one); w.Code != http.StatusOK || w.Body.Len() > 0 || f.server.health.Listeners.Open() != 0 {
			t.Errorf("HEAD: %d %s", w.Code, w.Body)
		}
	})
}
