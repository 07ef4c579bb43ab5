package views

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// connection is a client's end of a connection to a whole HTTP server, in a bubble with its own time.
type connection struct {
	net.Conn
	f *fixture
}

// connected runs a test against the whole HTTP server in a bubble. What it leaves running fails it.
func connected(t *testing.T, test func(f *fixture, dial func() connection)) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, withSources(t), func(c *Config) { c.OpenHealth = false })
		p := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
		srv := serve.NewHTTPServer("", f.handler)
		go func() { _ = srv.Serve(p) }()
		test(f, func() connection {
			client, server := net.Pipe()
			p.accept <- server
			return connection{client, f}
		})
		_ = srv.Close()
		synctest.Wait()
	})
}

// pass lets time pass in the bubble.
func pass(d time.Duration) { <-time.After(d) }

// drip writes text a byte at a time, with a pause before each, until the server has had enough.
func (c connection) drip(text string, pause time.Duration) {
	for i := range len(text) {
		pass(pause)
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
	}
}

// A client that does not go on is given up within seconds, whatever it has begun. What is slow, but goes on, is served.
func TestPatience(t *testing.T) {
	const (
		patience = 20 * time.Second // for anything that a client has begun
		idle     = time.Minute      // for a connection that did its work
	)
	bearer := func(c connection, role token.Role) string {
		return "Authorization: Bearer " + c.f.token("u", role) + "\r\n"
	}
	send := func(text func(c connection) string) func(connection) {
		return func(c connection) { _, _ = io.WriteString(c, text(c)) }
	}
	half := func(target string, role token.Role) func(connection) {
		return send(func(c connection) string {
			return "POST " + target + " HTTP/1.1\r\nHost: x\r\n" + bearer(c, role) + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":"
		})
	}
	for name, c := range map[string]struct {
		client func(connection)
		reads  bool
		within time.Duration
		answer string
	}{
		"says nothing":        {func(connection) {}, true, patience, ""},
		"half a request line": {send(func(connection) string { return "GET /liv" }), true, patience, ""},
		"half a head":         {send(func(connection) string { return "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: b" }), true, patience, ""},
		"a head a byte a second": {func(c connection) {
			c.drip("GET /livez HTTP/1.1\r\nHost: x\r\nX-A: "+strings.Repeat("b", 600), time.Second)
		}, true, patience, ""},
		"half a body to the relay":        {half("/v1/events", token.Service), true, patience, "408"},
		"half a body to the panel":        {half("/v1/panel/overrides", token.Editor), true, patience, "408"},
		"half a body without the role":    {half("/v1/events", token.User), true, patience, "403"},
		"half a body to nothing":          {half("/nothing", token.User), true, patience, "404"},
		"half a body to the wrong method": {half("/livez", token.User), true, patience, "405"},
		"half a body of a GET":            {send(func(c connection) string { return "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{" }), true, patience, "408"},
		"half a chunk": {send(func(c connection) string {
			return "POST /v1/events HTTP/1.1\r\nHost: x\r\n" + bearer(c, token.Service) + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{\"id\""
		}), true, patience, "408"},
		"promises a body, and sends none": {send(func(c connection) string {
			return "POST /v1/events HTTP/1.1\r\nHost: x\r\n" + bearer(c, token.Service) + "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"
		}), true, patience, "408"},
		"a body a byte a second": {func(c connection) {
			half("/v1/events", token.Service)(c)
			c.drip(strings.Repeat(" ", 600), time.Second)
		}, true, patience, "408"},
		"reads no answer":  {send(func(connection) string { return "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" }), false, 40 * time.Second, ""},
		"reads no refusal": {half("/v1/events", token.User), false, 40 * time.Second, ""},
		"reads no stream": {send(func(c connection) string {
			return "GET /v1/health/stream HTTP/1.1\r\nHost: x\r\n" + bearer(c, token.Health) + "\r\n"
		}), false, 40 * time.Second, ""},
		"idle after a request": {send(func(connection) string { return "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" }), true, idle, "200"},
		"idle after a write": {send(func(c connection) string {
			body := relayEvent("e1", "t1")
			return fmt.Sprintf("POST /v1/events HTTP/1.1\r\nHost: x\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", bearer(c, token.Service), len(body), body)
		}), true, idle, "202"},
	} {
		t.Run(name, func(t *testing.T) {
			connected(t, func(f *fixture, dial func() connection) {
				began, conn, answer := time.Now(), dial(), make(chan string, 1)
				if c.reads {
					go func() {
						all, _ := io.ReadAll(conn)
						answer <- string(all)
					}()
				}
				c.client(conn)
				if c.reads {
					got := strings.TrimPrefix(<-answer, "HTTP/1.1 100 Continue\r\n\r\n")
					if lines := strings.SplitN(got, " ", 3); c.answer != "" && (len(lines) < 2 || lines[1] != c.answer) {
						t.Errorf("answered %q", got)
					}
				} else { // the server has given up once it takes no more
					for {
						pass(time.Second)
						_ = conn.SetWriteDeadline(time.Now().Add(time.Millisecond))
						if _, err := io.WriteString(conn, "x"); err != nil && !isTimeout(err) || time.Since(began) > time.Hour {
							break
						}
					}
				}
				if took := time.Since(began); took > c.within {
					t.Errorf("held a connection for %v", took)
				}
				_ = conn.Close()
			})
		})
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// A large body at a modest pace is taken: what counts is that the client goes on.
func TestSlowBodiesThatGoOn(t *testing.T) {
	connected(t, func(f *fixture, dial func() connection) {
		events := make([]string, 900)
		for i := range events {
			events[i] = strings.Replace(relayEvent(fmt.Sprint("e", i), "t1"), "{", `{"note":"`+strings.Repeat("x", 6000)+`",`, 1)
		}
		body := `{"events":[` + strings.Join(events, ",") + `]}`
		conn := dial()
		defer func() { _ = conn.Close() }()
		fmt.Fprintf(conn, "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
			f.token("shop", token.Service), len(body))
		answer := make(chan string, 1)
		go func() {
			all, _ := io.ReadAll(conn)
			answer <- string(all)
		}()
		for len(body) > 0 { // 5 MB at 128 kB/s: 40 s
			n := min(len(body), 64<<10)
			if _, err := io.WriteString(conn, body[:n]); err != nil {
				break
			}
			body = body[n:]
			pass(500 * time.Millisecond)
		}
		if got := <-answer; !strings.HasPrefix(got, "HTTP/1.1 202 ") || len(f.payments.got) != 900 {
			t.Errorf("%.300s; %d sent", got, len(f.payments.got))
		}
	})
}

// A head has bounds. What net/http itself refuses is plain text: it answers before anything of this server runs.
func TestHeadsAreBounded(t *testing.T) {
	var many strings.Builder
	for i := range 400 {
		fmt.Fprintf(&many, "X-%d: a\r\n", i)
	}
	const ours, theirs = "application/problem+json", "text/plain; charset=utf-8"
	for name, c := range map[string]struct{ head, status, kind string }{
		"a large header":  {"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 80<<10) + "\r\n\r\n", "431", ours},
		"a long path":     {"GET /" + strings.Repeat("a", 80<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "431", ours},
		"many headers":    {"GET /livez HTTP/1.1\r\nHost: x\r\n" + many.String() + "\r\n", "431", ours},
		"a huge header":   {"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 300<<10) + "\r\n\r\n", "431", theirs},
		"HTTP/3":          {"GET /livez HTTP/3.0\r\nHost: x\r\n\r\n", "505", theirs},
		"no host":         {"GET /livez HTTP/1.1\r\n\r\n", "400", theirs},
		"two hosts":       {"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400", theirs},
		"a space in name": {"GET /livez HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n", "400", theirs},
		"NUL in a header": {"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: \x00\r\n\r\n", "400", theirs},
	} {
		t.Run(name, func(t *testing.T) {
			connected(t, func(_ *fixture, dial func() connection) {
				conn := dial()
				go func() { _, _ = io.WriteString(conn, c.head) }()
				got, _ := io.ReadAll(conn)
				_ = conn.Close()
				if !strings.HasPrefix(string(got), "HTTP/1.1 "+c.status+" ") || !strings.Contains(string(got), "\r\nContent-Type: "+c.kind+"\r\n") ||
					!strings.Contains(string(got), "\r\nConnection: close\r\n") {
					t.Errorf("%.500s", got)
				}
			})
		})
	}
}
