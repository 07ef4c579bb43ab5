package views

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/millrace/millrace/views/token"
)

// marker stands in every hostile request where a value can; no answer may repeat it.
const marker = "zq-secret-7731"

// attack is a request that must be refused, and how.
type attack struct {
	name   string
	method string
	target string
	bearer string
	change []func(*http.Request)
	status int
	code   string
	field  string // the pointer of the first error, if there is to be one
}

// forger makes tokens that no issuer would.
type forger struct {
	f       *fixture
	private ed25519.PrivateKey
}

// signed returns a token with the server's own key, changed as asked.
func (g forger) signed(claims jwt.MapClaims, header map[string]any) string {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	for k, v := range header {
		t.Header[k] = v
	}
	text, err := t.SignedString(g.private)
	g.f.check(err)
	return text
}

func (g forger) claims(change func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{"iss": "iss", "aud": "aud", "sub": marker, "roles": []string{"user", "admin"}, "exp": start.Add(time.Hour).Unix()}
	change(c)
	return c
}

func same(jwt.MapClaims) {}

func (g forger) hmac(secret []byte) string {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, g.claims(same)).SignedString(secret)
	g.f.check(err)
	return text
}

// tokens are attacks on who one is: all get the same answer.
func (g forger) tokens() map[string]string {
	pkix, err := x509.MarshalPKIXPublicKey(g.f.public)
	g.f.check(err)
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, g.claims(same)).SignedString(jwt.UnsafeAllowNoneSignatureType)
	g.f.check(err)
	_, other, err := ed25519.GenerateKey(nil)
	g.f.check(err)
	stranger := forger{g.f, other}
	with := func(name string, value any) string {
		return g.signed(g.claims(func(c jwt.MapClaims) { c[name] = value }), nil)
	}
	without := func(name string) string {
		return g.signed(g.claims(func(c jwt.MapClaims) { delete(c, name) }), nil)
	}
	return map[string]string{
		"alg none":                  none,
		"HS256 with the public key": g.hmac(g.f.public),
		"HS256 with it in DER":      g.hmac(pkix),
		"another key":               stranger.signed(g.claims(same), nil),
		"another key under our kid": stranger.signed(g.claims(same), map[string]any{"kid": g.f.signer.ID()}),
		"wrong aud":                 with("aud", marker),
		"wrong iss":                 with("iss", marker),
		"missing aud":               without("aud"),
		"missing iss":               without("iss"),
		"expired":                   with("exp", start.Add(-time.Second).Unix()),
		"future nbf":                with("nbf", start.Add(time.Minute).Unix()),
		"future iat":                with("iat", start.Add(time.Minute).Unix()),
		"missing exp":               without("exp"),
		"exp as text":               with("exp", "never"),
		"missing sub":               without("sub"),
		"kid that is a path":        stranger.signed(g.claims(same), map[string]any{"kid": "../../../../etc/passwd"}),
		"kid that is SQL":           stranger.signed(g.claims(same), map[string]any{"kid": "x' UNION SELECT '" + marker}),
		"kid that is huge":          g.signed(g.claims(same), map[string]any{"kid": strings.Repeat("k", 4000)}),
		"kid that is no text":       g.signed(g.claims(same), map[string]any{"kid": map[string]any{"a": marker}}),
		"jku":                       stranger.signed(g.claims(same), map[string]any{"jku": "https://" + marker + ".example/keys", "kid": "theirs"}),
		"its own jwk":               stranger.signed(g.claims(same), map[string]any{"jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "AA"}}),
		"crit":                      g.signed(g.claims(same), map[string]any{"crit": []string{"b64"}}),
		"60,000 dots":               strings.Repeat(".", 60_000),
		"60,000 dots and a start":   g.signed(g.claims(same), nil) + strings.Repeat(".", 60_000),
		"junk":                      marker,
	}
}

func newForger(t *testing.T, change ...func(*Config)) forger {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := token.Private(private)
	if err != nil {
		t.Fatal(err)
	}
	f := filled(t, append(change, func(c *Config) {
		c.Verifier, err = token.NewVerifier(token.Config{Issuer: "iss", Audience: "aud", Keys: []token.Key{signer.Key}, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
	})...)
	f.signer, f.public = signer, public
	return forger{f, private}
}

// attacks is the one table of what must be refused, and how.
func (g forger) attacks() []attack {
	f := g.f
	user, viewer, editor := f.token("usr_2", token.User), f.token("vera", token.Viewer), f.token("ed", token.Editor)
	const overrides, mint = "/v1/panel/overrides", "/v1/dev/token"
	good := strings.Replace(overrideBody, "bank said so", marker, 1)
	body := func(text string) []func(*http.Request) { return []func(*http.Request){withBody(text)} }
	local := func(text string) []func(*http.Request) { return []func(*http.Request){fromHere, withBody(text)} }
	deep := `{"reason":"` + marker + `","a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`
	large := `{"reason":"` + marker + strings.Repeat("x", 11<<20) + `"}`
	list := []attack{
		{"another user's missions", "GET", "/v1/users/usr_1/missions", user, nil, 404, "not_found", ""},
		{"another user's mission", "GET", "/v1/users/usr_1/missions/swiggy-500", user, nil, 404, "not_found", ""},
		{"a user who does not exist looks the same", "GET", "/v1/users/" + marker + "/missions", user, nil, 404, "not_found", ""},
		{"another user's rewards", "GET", "/v1/users/usr_1/rewards", user, nil, 404, "not_found", ""},
		{"another user's coins", "GET", "/v1/users/usr_1/coins", user, nil, 404, "not_found", ""},
		{"another user's stream", "GET", "/v1/users/usr_1/stream", user, nil, 404, "not_found", ""},
		{"another user's enrolment", "POST", "/v1/users/usr_1/missions/swiggy-500/enrol", user, nil, 404, "not_found", ""},
		{"another user's claim", "POST", "/v1/users/usr_1/rewards/" + marker + "/claim", user, nil, 404, "not_found", ""},
		{"a user gives rewards", "POST", "/v1/panel/users/usr_2/rewards", user, body(goodwillBody), 403, "forbidden", ""},
		{"a user explains", "GET", "/v1/panel/users/usr_2/missions/swiggy-500/explain?transaction_id=t1", user, nil, 403, "forbidden", ""},
		{"a viewer gives rewards", "POST", "/v1/panel/users/usr_2/rewards", viewer, body(goodwillBody), 403, "forbidden", ""},
		{"a viewer cancels", "POST", "/v1/panel/users/usr_2/rewards/r/cancel", viewer, body(`{"reason":"` + marker + `"}`), 403, "forbidden", ""},
		{"a viewer sets segments", "PUT", "/v1/panel/users/usr_2/segments", viewer, body(`{"segments":["` + marker + `"]}`), 403, "forbidden", ""},
		{"an editor enrols", "POST", "/v1/users/usr_1/missions/swiggy-500/enrol", editor, nil, 403, "forbidden", ""},
		{"an unknown field of a reward", "POST", "/v1/panel/users/usr_2/rewards", editor, body(`{"kind":"coins","` + marker[:2] + `":"` + marker + `"}`), 400, "invalid_field", "/zq"},
		{"a reward twice", "POST", "/v1/panel/users/usr_2/rewards", editor, body(`{"kind":"coins","kind":"` + marker + `"}`), 400, "bad_request", ""},
		{"a reward of no kind", "POST", "/v1/panel/users/usr_2/rewards", editor, body(`{"kind":"` + marker + `","amount":1,"reason":"r"}`), 422, "invalid_field", "/kind"},
		{"a user with a control character", "PUT", "/v1/panel/users/a%00b/segments", editor, body(`{"segments":[]}`), 404, "not_found", ""},
		{"a user on the panel", "GET", "/v1/panel/transactions/t1", user, nil, 403, "forbidden", ""},
		{"a user writes on the panel", "POST", overrides, user, body(good), 403, "forbidden", ""},
		{"a viewer writes", "POST", overrides, viewer, body(good), 403, "forbidden", ""},
		{"a viewer deletes", "DELETE", overrides + "/o1", viewer, nil, 403, "forbidden", ""},
		{"a service writes on the panel", "POST", overrides, f.token("svc", token.Service), body(good), 403, "forbidden", ""},
		{"nobody writes", "POST", overrides, "", body(good), 401, "unauthenticated", ""},
		{"11 MB", "POST", overrides, editor, body(large), 413, "too_large", ""},
		{"deep JSON", "POST", overrides, editor, body(deep), 400, "bad_request", ""},
		{"a field twice", "POST", overrides, editor, body(`{"mode":"upi","mode":"` + marker + `"}`), 400, "bad_request", ""},
		{"a field twice, escaped", "POST", overrides, editor, body(`{"mode":"upi","mod\u0065":"` + marker + `"}`), 400, "bad_request", ""},
		{"an unknown field", "POST", overrides, editor, body(good[:len(good)-1] + `,"colour":"` + marker + `"}`), 400, "invalid_field", "/colour"},
		{"two objects", "POST", overrides, editor, body(good + good), 400, "bad_request", ""},
		{"a list", "POST", overrides, editor, body(`["` + marker + `"]`), 422, "invalid_field", ""},
		{"a wrong value", "POST", overrides, editor, body(strings.Replace(good, `"down"`, `"`+marker+`"`, 1)), 422, "invalid_field", "/state"},
		{"another media type", "POST", overrides, editor, []func(*http.Request){withBody(good), withHeader("Content-Type", "text/"+marker)}, 415, "unsupported_media_type", ""},
		{"a hostile cursor", "GET", "/v1/panel/dead-letters?cursor=" + marker, viewer, nil, 422, "invalid_field", "/query/cursor"},
		{"a hostile limit", "GET", "/v1/panel/dead-letters?limit=" + marker, viewer, nil, 422, "invalid_field", "/query/limit"},
		{"a hostile as_of", "GET", "/v1/users/me/missions?min_as_of=" + marker, user, nil, 400, "bad_request", "/query/min_as_of"},
		{"deep JSON to dev", "POST", mint, "", local(deep), 400, "bad_request", ""},
		{"a field twice to dev", "POST", mint, "", local(`{"sub":"u","sub":"` + marker + `","roles":["user"]}`), 400, "bad_request", ""},
		{"an unknown field to dev", "POST", mint, "", local(`{"sub":"u","roles":["user"],"x":"` + marker + `"}`), 400, "invalid_field", "/x"},
		{"11 MB to dev", "POST", mint, "", local(large), 413, "too_large", ""},
		{"a path that climbs", "GET", "/v1/users/..%2f..%2f" + marker + "/missions", user, nil, 404, "not_found", ""},
		{"a method that is none", "PATCH", overrides, editor, body(good), 405, "method_not_allowed", ""},
	}
	for name, text := range g.tokens() {
		for _, target := range []string{"/v1/users/me/missions", "/v1/panel/missions"} {
			list = append(list, attack{name, "GET", target, text, nil, 401, "unauthenticated", ""})
		}
	}
	return list
}

func TestAttacks(t *testing.T) {
	g := newForger(t, withSources(t), func(c *Config) {
		signer, err := token.Secret([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		if c.Minter, err = token.NewMinter(token.MinterConfig{Issuer: "iss", Audience: "aud", Signer: signer, Now: c.Now}); err != nil {
			t.Fatal(err)
		}
	})
	if w := g.f.ask("GET", "/v1/panel/missions", g.signed(g.claims(same), nil)); w.Code != http.StatusOK {
		t.Fatalf("the honest token: %d %s", w.Code, w.Body)
	}
	list := append(g.attacks(), g.relayAttacks()...)
	taken := len(g.f.payments.got)
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) {
			f := *g.f
			f.t = t
			w := f.ask(a.method, a.target, a.bearer, a.change...)
			p := f.wantProblem(w, a.status, a.code)
			if a.field != "" && firstPointer(p) != a.field {
				t.Errorf("it names %q, not %q", firstPointer(p), a.field)
			}
			headers, err := json.Marshal(w.Header())
			f.check(err)
			if strings.Contains(w.Body.String()+string(headers), marker) {
				t.Errorf("it repeats what was sent: %s %s", w.Body, headers)
			}
			if a.status == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	if n, more := len(g.f.commands.sent)+g.f.asked.sent, len(g.f.payments.got)-taken; n != 0 || more != 0 {
		t.Errorf("%d commands and %d events were sent", n, more)
	}
}
