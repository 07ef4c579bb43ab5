package views

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/views/rate"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

func TestBurstsAreLimitedBySubject(t *testing.T) {
	f := filled(t, func(c *Config) {
		c.OpenHealth = true
		c.Limits = serve.Limits{
			User: rate.Limit{PerSecond: 2, Burst: 3}, Panel: rate.Limit{PerSecond: 1, Burst: 1}, Service: rate.Limit{PerSecond: 1, Burst: 5},
			Health: rate.Limit{PerSecond: 1, Burst: 2}, Anonymous: rate.Limit{PerSecond: 1, Burst: 2},
		}
	})
	asha, ben := f.token("asha", token.User), f.token("ben", token.User)
	until := func(bearer, target string, change ...func(*http.Request)) (n int, retryAfter string) {
		for n = range 100 {
			if w := f.ask("GET", target, bearer, change...); w.Code == http.StatusTooManyRequests {
				f.wantProblem(w, http.StatusTooManyRequests, "rate_limited")
				return n, w.Header().Get("Retry-After")
			}
		}
		return n, ""
	}
	from := func(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	for _, c := range []struct {
		name, bearer, target string
		change               func(*http.Request)
		want                 int
	}{
		{"a user", asha, "/v1/users/me/missions", from("192.0.2.1:1"), 3},
		{"the same from elsewhere", asha, "/v1/users/me/missions", from("192.0.2.2:1"), 0},
		{"what is not theirs counts too", asha, "/v1/users/usr_1/missions", from("192.0.2.2:1"), 0},
		{"another user", ben, "/v1/users/me/missions", from("192.0.2.1:1"), 3},
		{"a user on the panel", ben, "/v1/panel/missions", from("192.0.2.1:1"), 1},
		{"a service", f.token("svc", token.Service), "/v1/users/usr_1/missions", from("192.0.2.1:1"), 5},
		{"nobody", "", "/v1/users/me/missions", from("192.0.2.1:1"), 2},
		{"nobody on the panel", "", "/v1/panel/missions", from("192.0.2.1:2"), 0},
		{"junk", "junk", "/v1/panel/missions", from("192.0.2.9:2"), 2},
		{"with a word of somebody else's", "", "/v1/panel/missions", func(r *http.Request) { r.RemoteAddr = "192.0.2.9:2"; r.Header.Set("X-Forwarded-For", "192.0.2.77") }, 0},
		{"IPv6", "", "/v1/panel/missions", from("[2001:db8::1]:2"), 2},
		{"its neighbour", "", "/v1/panel/missions", from("[2001:db8::2:1]:2"), 0},
		{"another network", "", "/v1/panel/missions", from("[2001:db8:0:1::1]:2"), 2},
		{"open health", "", "/v1/health", fromHere, 2},
	} {
		if n, after := until(c.bearer, c.target, c.change); n != c.want || after != "1" {
			t.Errorf("%s: refused after %d, Retry-After %q; want %d", c.name, n, after, c.want)
		}
	}
	f.now = f.now.Add(time.Second)
	if n, _ := until(asha, "/v1/users/me/missions"); n != 2 {
		t.Errorf("a second later: %d", n)
	}
	if w := f.ask("GET", "/livez", ""); w.Code != http.StatusOK {
		t.Errorf("/livez is limited: %d", w.Code)
	}
}

func TestLimitsAreMeasured(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Limits = serve.Limits{User: rate.Limit{PerSecond: 1, Burst: 1}} }, func(c *Config) { c.Registerer = c.Gatherer.(prometheus.Registerer) })
	for range 3 {
		f.ask("GET", "/v1/users/me/missions", f.token("asha", token.User))
	}
	text := f.ask("GET", "/metrics", "").Body.String()
	for _, want := range []string{`millrace_http_rate_limited_total{class="user"} 2`, `millrace_http_rate_limited_total{class="panel"} 0`, `millrace_http_rate_subjects{class="user"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if strings.Contains(text, "asha") {
		t.Error("a user id in the metrics")
	}
}
