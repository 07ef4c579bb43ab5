package views

import (
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// route is one guarded route with a target that exists.
type route struct {
	target string
	kind   string // user, health, panel
}

func guarded() []route {
	return []route{
		{"/v1/users/usr_1/missions", "user"},
		{"/v1/users/me/missions/swiggy-500", "user"},
		{"/v1/health?mode=upi", "health"},
		{"/v1/health/upi/sbi", "health"},
		{"/v1/routing/upi/sbi", "health"},
		{"/v1/panel/transactions/t1", "panel"},
		{"/v1/panel/dead-letters", "panel"},
		{"/v1/panel/dead-letters/payments-3-42", "panel"},
		{"/v1/panel/missions", "panel"},
		{"/v1/panel/missions/swiggy-500", "panel"},
	}
}

func filled(t testing.TB, change ...func(*Config)) *fixture {
	f := newFixture(t, change...)
	f.putTransaction()
	f.putMission(swiggy())
	f.putProgress()
	f.putHealth()
	return f
}

func TestRolesByRoute(t *testing.T) {
	f := filled(t)
	f.putLetter("payments-3-42", payment.Malformed, "intake", 0, "x")
	allowed := map[token.Role]string{
		token.User: "user", token.Service: "user health", token.Health: "health",
		token.Viewer: "panel health", token.Editor: "panel health", token.Approver: "panel health", token.Admin: "panel health",
	}
	for _, r := range guarded() {
		for _, role := range token.Roles() {
			w := f.ask("GET", r.target, f.token("usr_1", role))
			if strings.Contains(allowed[role], r.kind) {
				if w.Code != http.StatusOK {
					t.Errorf("%s as %s: %d", r.target, role, w.Code)
				}
				continue
			}
			f.wantProblem(w, http.StatusForbidden, "forbidden")
			if w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s as %s: no WWW-Authenticate", r.target, role)
			}
		}
	}
}

func TestBadTokensAreAllAlike(t *testing.T) {
	f := filled(t)
	other := newFixture(t)
	pkix, err := x509.MarshalPKIXPublicKey(f.public)
	f.check(err)
	claims := func(change func(jwt.MapClaims)) jwt.MapClaims {
		c := jwt.MapClaims{"iss": "iss", "aud": "aud", "sub": "usr_1", "roles": []string{"user", "admin"}, "exp": start.Add(time.Hour).Unix()}
		change(c)
		return c
	}
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims(func(jwt.MapClaims) {})).SignedString(jwt.UnsafeAllowNoneSignatureType)
	f.check(err)
	confused, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(func(jwt.MapClaims) {})).SignedString(pkix)
	f.check(err)
	expired := f.token("usr_1", token.User, token.Admin)
	bad := map[string]string{
		"none": none, "HS256 with the public key": confused, "another key": other.token("usr_1", token.User, token.Admin), "junk": "junk",
	}
	for _, r := range guarded() {
		w := f.ask("GET", r.target, "")
		f.wantProblem(w, http.StatusUnauthorized, "unauthenticated")
		if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="millrace"` {
			t.Errorf("%s: WWW-Authenticate %q", r.target, got)
		}
		for name, text := range bad {
			w := f.ask("GET", r.target, text)
			p := f.wantProblem(w, http.StatusUnauthorized, "unauthenticated")
			if !strings.Contains(w.Header().Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s with %s: WWW-Authenticate %q", r.target, name, w.Header().Get("WWW-Authenticate"))
			}
			if strings.Contains(w.Body.String(), text) || p["errors"] != nil {
				t.Errorf("%s with %s says too much: %s", r.target, name, w.Body)
			}
		}
	}
	f.wantProblem(f.ask("GET", "/v1/users/me/missions", "", withHeader("Authorization", "Basic dXNyOng=")), http.StatusUnauthorized, "unauthenticated")
	f.now = start.Add(token.DefaultTTL)
	f.wantProblem(f.ask("GET", "/v1/users/me/missions", expired), http.StatusUnauthorized, "unauthenticated")
}

func TestAnotherUserDoesNotExist(t *testing.T) {
	f := filled(t)
	mine := f.token("usr_2", token.User)
	for _, target := range []string{"/v1/users/usr_1/missions", "/v1/users/usr_1/missions/swiggy-500", "/v1/users/nobody/missions"} {
		f.wantProblem(f.ask("GET", target, mine), http.StatusNotFound, "not_found")
	}
	if w := f.ask("GET", "/v1/users/usr_1/missions", f.token("backend", token.Service)); w.Code != http.StatusOK {
		t.Errorf("a service reads for its users: %d", w.Code)
	}
	// A user of whom nothing is known sees the missions, with no progress.
	w := f.ask("GET", "/v1/users/me/missions/swiggy-500", mine)
	if got := f.object(w.Body.Bytes()); got["progress"] != 0.0 || got["enrolled"] == true || got["remaining"] != 50000.0 {
		t.Errorf("usr_2: %v", got)
	}
	f.wantProblem(f.ask("GET", "/v1/users/me/missions/nope", mine), http.StatusNotFound, "not_found")
}

func TestOpenHealthIsForThisMachine(t *testing.T) {
	f := filled(t, func(c *Config) { c.OpenHealth = true })
	ask := func(change ...func(*http.Request)) int { return f.ask("GET", "/v1/health", "", change...).Code }
	for name, c := range map[string]struct {
		change []func(*http.Request)
		want   int
	}{
		"loopback":        {[]func(*http.Request){fromHere}, 200},
		"IPv6":            {[]func(*http.Request){fromHere, func(r *http.Request) { r.RemoteAddr, r.Host = "[::1]:7", "[::1]:8080" }}, 200},
		"localhost":       {[]func(*http.Request){fromHere, func(r *http.Request) { r.Host = "localhost:8080" }}, 200},
		"elsewhere":       {nil, 401},
		"rebound name":    {[]func(*http.Request){fromHere, func(r *http.Request) { r.Host = "evil.example:8080" }}, 401},
		"behind a proxy":  {[]func(*http.Request){fromHere, withHeader("X-Forwarded-For", "203.0.113.9")}, 401},
		"with junk token": {[]func(*http.Request){fromHere, withHeader("Authorization", "Bearer junk")}, 401},
		"with user token": {[]func(*http.Request){fromHere, withHeader("Authorization", "Bearer "+f.token("u", token.User))}, 200},
	} {
		if got := ask(c.change...); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := f.ask("GET", "/v1/panel/missions", "", fromHere).Code; got != 401 {
		t.Errorf("the panel is open: %d", got)
	}
}

func TestMintingIsForProgramsOnThisMachine(t *testing.T) {
	f := newFixture(t)
	f.wantProblem(f.ask("POST", "/v1/dev/token", "", fromHere, withBody(`{}`)), http.StatusNotFound, "not_found")

	f = newFixture(t, func(c *Config) {
		signer, err := token.Secret([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		c.Minter, err = token.NewMinter(token.MinterConfig{Issuer: "iss", Audience: "aud", Signer: signer, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		c.Verifier, err = token.NewVerifier(token.Config{Issuer: "iss", Audience: "aud", Keys: []token.Key{signer.Key}, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
	})
	body := `{"sub":"usr_9","roles":["user"],"ttl":"30m"}`
	w := f.ask("POST", "/v1/dev/token", "", fromHere, withBody(body))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := f.object(w.Body.Bytes())
	if got["expires_at"] != "2026-03-01T10:30:00.000Z" {
		t.Errorf("expires_at %v", got["expires_at"])
	}
	if w := f.ask("GET", "/v1/users/usr_9/missions", got["token"].(string)); w.Code != http.StatusOK {
		t.Errorf("the token does not work: %d %s", w.Code, w.Body)
	}
	for name, change := range map[string]func(*http.Request){
		"elsewhere":    func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1234" },
		"rebound name": func(r *http.Request) { r.Host = "evil.example" },
		"a page":       withHeader("Origin", "http://127.0.0.1:8080"),
		"a fetch":      withHeader("Sec-Fetch-Site", "same-origin"),
		"a proxy":      withHeader("Forwarded", "for=192.0.2.1"),
	} {
		t.Run(name, func(t *testing.T) {
			f.wantProblem(f.ask("POST", "/v1/dev/token", "", fromHere, withBody(body), change), http.StatusForbidden, "forbidden")
		})
	}
	for text, pointer := range map[string]string{
		`{"sub":"u","roles":["root"]}`:               "/roles",
		`{"sub":"u","roles":[]}`:                     "/roles",
		`{"sub":"","roles":["user"]}`:                "/sub",
		`{"sub":"  ","roles":["user"]}`:              "/sub",
		`{"sub":"u","roles":["user"],"ttl":"soon"}`:  "/ttl",
		`{"sub":"u","roles":["user"],"ttl":"9000h"}`: "/ttl",
		`{"sub":7,"roles":["user"]}`:                 "/sub",
		`{"roles":["user"]}`:                         "",
	} {
		t.Run(text, func(t *testing.T) {
			p := f.wantProblem(f.ask("POST", "/v1/dev/token", "", fromHere, withBody(text)), http.StatusUnprocessableEntity, "invalid_field")
			if got := firstPointer(p); got != pointer {
				t.Errorf("pointer %q, want %q: %v", got, pointer, p)
			}
		})
	}
	other := f.wantProblem(f.ask("POST", "/v1/dev/token", "", fromHere, withBody(`{"sub":"u","roles":["user"],"secret/x":1}`)), http.StatusBadRequest, "invalid_field")
	if got := firstPointer(other); got != "/secret~1x" {
		t.Errorf("it names %q", got)
	}
	f.wantProblem(f.ask("POST", "/v1/dev/token", "", fromHere, withBody(`{"sub":`)), http.StatusBadRequest, "bad_request")
	f.wantProblem(f.ask("POST", "/v1/dev/token", "", fromHere, withBody(`"`+strings.Repeat("x", serve.MaxBodyBytes)+`"`)), http.StatusRequestEntityTooLarge, "too_large")
}

func firstPointer(p map[string]any) string {
	errs, _ := p["errors"].([]any)
	if len(errs) == 0 {
		return "no errors"
	}
	pointer, _ := errs[0].(map[string]any)["pointer"].(string)
	return pointer
}
