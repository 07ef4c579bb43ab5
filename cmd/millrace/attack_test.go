package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/views/signature"
	"github.com/millrace/millrace/views/token"
)

// bankSecret is that of the source that signs.
const bankSecret = "0123456789abcdef of the bank"

// target is a deployment as it is run: all groups in one process, and two servers with real keys before them.
type target struct {
	t       *testing.T
	addr    string // of the first server
	second  string
	broker  string
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

func deployed(t *testing.T) *target {
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	kafka := b.Addr()
	flags := []string{"--brokers", kafka, "--partitions", "2", "--replication", "1"}
	millrace(t, 0, append([]string{"topics", "apply"}, flags...)...)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, publicPEM := keyFiles(t, private, public)
	x := &target{t: t, broker: kafka, public: public, private: private}
	keys, data, secret := write(t, "public.pem", string(publicPEM)), t.TempDir(), write(t, "bank", bankSecret+"\n")
	start := func(up string, args ...string) string {
		listen := fmt.Sprintf("127.0.0.1:%d", freePort(t))
		settings := fmt.Sprintf(`
relay: {sources: {bank: {secret_file: %q}}}
auth: {key_file: %q}
run: {data: %q}
http: {admin: "127.0.0.1:%d", listen: %q}
`, secret, keys, data, freePort(t), listen)
		process(t, up, append(append(args, flags...), "--config", write(t, "millrace.yaml", settings))...)
		return listen
	}
	start("msg=running", "run", "--all")
	x.addr, x.second = start("msg=serving", "serve"), start("msg=serving", "serve")
	for _, addr := range []string{x.addr, x.second} {
		x.until(func() bool { code, _ := status(t, "http://"+addr+"/readyz"); return code == http.StatusOK })
	}
	return x
}

// until asks until it is so.
func (x *target) until(so func() bool) {
	x.t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for !so() {
		select {
		case <-ticker.C:
		case <-x.t.Context().Done():
			x.t.Fatal("it never was")
		}
	}
}

// token returns one that the issuer would make.
func (x *target) token(sub string, roles ...token.Role) string {
	return x.signed(jwt.SigningMethodEdDSA, x.private, nil, func(c jwt.MapClaims) { c["sub"], c["roles"] = sub, roles })
}

// signed returns a token that only somebody with the key can make, or who has found a way around it.
func (x *target) signed(method jwt.SigningMethod, key any, header map[string]any, change func(jwt.MapClaims)) string {
	x.t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"iss": "millrace", "aud": "millrace", "sub": "mallory", "roles": []string{"admin", "service", "user"}, "exp": now.Add(time.Hour).Unix()}
	change(claims)
	t := jwt.NewWithClaims(method, claims)
	for name, value := range header {
		t.Header[name] = value
	}
	text, err := t.SignedString(key)
	if err != nil {
		x.t.Fatal(err)
	}
	return text
}

// heard is what came back over a socket.
type heard struct {
	status  int
	head    string
	body    string
	answers int // how many there were on the connection
}

// raw sends bytes over a socket of its own and returns all that comes back until the server closes it.
func (x *target) raw(addr, text string) heard {
	x.t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	go func() { _, _ = io.WriteString(conn, text) }() // the server may answer, and close, before it has read all
	all, _ := io.ReadAll(conn)
	head, body, _ := strings.Cut(string(all), "\r\n\r\n")
	fields := strings.SplitN(head, " ", 3)
	out := heard{head: head, body: body, answers: strings.Count(string(all), "HTTP/1.")}
	if len(fields) > 1 {
		out.status, _ = strconv.Atoi(fields[1])
	}
	return out
}

// request returns the bytes of a request that closes its connection.
func request(method, path, bearer, body string, header ...string) string {
	lines := []string{method + " " + path + " HTTP/1.1", "Host: millrace.test", "Connection: close"}
	if bearer != "" {
		lines = append(lines, "Authorization: Bearer "+bearer)
	}
	if body != "" {
		lines = append(lines, "Content-Type: application/json", "Content-Length: "+strconv.Itoa(len(body)))
	}
	return strings.Join(append(lines, header...), "\r\n") + "\r\n\r\n" + body
}

// sign makes the header of a call of the bank.
func sign(body string) string {
	return signature.Header + ": " + signature.Sign([]byte(bankSecret), time.Now(), []byte(body))
}

// forgeries are tokens that must be worth nothing.
func (x *target) forgeries(listener string) map[string]string {
	same := func(jwt.MapClaims) {}
	with := func(name string, value any) string {
		return x.signed(jwt.SigningMethodEdDSA, x.private, nil, func(c jwt.MapClaims) { c[name] = value })
	}
	without := func(name string) string {
		return x.signed(jwt.SigningMethodEdDSA, x.private, nil, func(c jwt.MapClaims) { delete(c, name) })
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		x.t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(x.public)
	if err != nil {
		x.t.Fatal(err)
	}
	of := func(header map[string]any) string { return x.signed(jwt.SigningMethodEdDSA, stranger, header, same) }
	honest := x.token("mallory", token.Admin)
	head, rest, _ := strings.Cut(honest, ".")
	claims, mac, _ := strings.Cut(rest, ".")
	return map[string]string{
		"alg none":                x.signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, same),
		"HS256 by the public key": x.signed(jwt.SigningMethodHS256, []byte(x.public), nil, same),
		"HS256 by its DER":        x.signed(jwt.SigningMethodHS256, der, nil, same),
		"HS512 by its DER":        x.signed(jwt.SigningMethodHS512, der, nil, same),
		"another key":             of(nil),
		"kid of a path":           of(map[string]any{"kid": "../../../../dev/null"}),
		"kid of SQL":              of(map[string]any{"kid": "' OR 1=1 --"}),
		"kid of a URL":            of(map[string]any{"kid": "http://" + listener + "/"}),
		"jku":                     of(map[string]any{"jku": "http://" + listener + "/"}),
		"x5u":                     of(map[string]any{"x5u": "http://" + listener + "/"}),
		"a key of its own":        of(map[string]any{"jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": stranger.Public()}}),
		"crit":                    x.signed(jwt.SigningMethodEdDSA, x.private, map[string]any{"crit": []string{"exp"}}, same),
		"expired":                 with("exp", time.Now().Add(-time.Minute).Unix()),
		"not yet":                 with("nbf", time.Now().Add(time.Minute).Unix()),
		"issued later":            with("iat", time.Now().Add(time.Minute).Unix()),
		"for others":              with("aud", "payments"),
		"for others, too late":    with("aud", []string{"x"}),
		"of others":               with("iss", "https://accounts.example"),
		"no exp":                  without("exp"), "no aud": without("aud"), "no iss": without("iss"), "no sub": without("sub"),
		"no signature":    head + "." + claims + ".",
		"another payload": head + "." + claims + "e30." + mac,
		"two dots more":   honest + "..",
		"blank":           " ", "null": "null", "NUL": "a%00b",
	}
}

// object reads a body.
func (x *target) object(body string) map[string]any {
	x.t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		x.t.Fatalf("%v: %.300s", err, body)
	}
	return v
}

// ears is a listener that nobody should ever call.
func ears(t *testing.T) (addr string, called func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	calls := make(chan struct{}, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
			calls <- struct{}{}
		}
	}()
	return l.Addr().String(), func() int { return len(calls) }
}
