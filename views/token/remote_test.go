package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// issuer publishes a JWK set, as an http.RoundTripper.
type issuer struct {
	status atomic.Int32 // 0: 200
	body   atomic.Pointer[string]
	calls  atomic.Int32
	hang   bool
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.calls.Add(1)
	if i.hang {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	body := i.body.Load()
	if body == nil {
		return nil, errors.New("away")
	}
	header := http.Header{"Location": {"https://elsewhere.example"}}
	return &http.Response{StatusCode: int(max(i.status.Load(), http.StatusOK)), Header: header, Body: io.NopCloser(strings.NewReader(*body)), Request: r}, nil
}

func (i *issuer) publish(keys ...map[string]any) {
	text := string(must(json.Marshal(map[string]any{"keys": keys})))
	i.body.Store(&text)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func published(id string, public any) map[string]any {
	m := map[string]any{"kid": id, "use": "sig"}
	switch k := public.(type) {
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", b64(k)
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(k.Bytes())
		m["kty"], m["crv"], m["x"], m["y"] = "EC", "P-256", b64(point[1:33]), b64(point[33:])
	}
	return m
}

// signed returns a good token with headers of its own.
func signed(s Signer, header map[string]any) string {
	c := good()
	c["exp"] = time.Now().Add(time.Hour).Unix()
	t := jwt.NewWithClaims(s.method, c)
	for k, v := range header {
		t.Header[k] = v
	}
	return must(t.SignedString(s.sign))
}

func remote(i *issuer) *Remote {
	return must(NewRemote(RemoteConfig{URL: "https://issuer.example/keys", Transport: i, Log: slog.New(slog.DiscardHandler)}))
}

func TestPublishedKeysOfEveryKind(t *testing.T) {
	signers := map[string]Signer{
		"ed": must(Private(must(second(ed25519.GenerateKey(rand.Reader))))),
		"rs": must(Private(must(rsa.GenerateKey(rand.Reader, 2048)))),
		"ec": must(Private(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)))),
	}
	var set []map[string]any
	for id, s := range signers {
		set = append(set, published(id, s.verify))
	}
	keys := must(ParseKeys(must(json.Marshal(map[string]any{"keys": set}))))
	v := must(NewVerifier(Config{Issuer: "iss", Audience: "aud", Keys: keys}))
	for id, s := range signers {
		if _, err := v.Verify(t.Context(), signed(s, map[string]any{"kid": id})); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if _, err := v.Verify(t.Context(), signed(s, nil)); err != nil {
			t.Errorf("%s without kid: %v", id, err)
		}
		if _, err := v.Verify(t.Context(), signed(s, map[string]any{"kid": "other"})); !errors.Is(err, errInvalid) {
			t.Errorf("%s under another name: %v", id, err)
		}
	}
}

func second[A, B any](_ A, b B, err error) (B, error) { return b, err }

func TestKeysThatASetMustNotBring(t *testing.T) {
	_, public := edSigner()
	with := func(change map[string]any) map[string]any {
		m := published("k", public)
		for k, v := range change {
			m[k] = v
		}
		return m
	}
	off := published("k", &must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey)
	off["y"] = b64(make([]byte, 32))
	small := must(rsa.GenerateKey(rand.Reader, 2048)).PublicKey
	small.N = new(big.Int).Rsh(small.N, 1100)
	even := must(rsa.GenerateKey(rand.Reader, 2048)).PublicKey
	even.E = 65536
	for name, key := range map[string]map[string]any{
		"a shared secret":     {"kty": "oct", "kid": "k", "k": b64(make([]byte, 32))},
		"for encryption":      with(map[string]any{"use": "enc"}),
		"of another alg":      with(map[string]any{"alg": "HS256"}),
		"that only signs":     with(map[string]any{"key_ops": []string{"sign"}}),
		"of another curve":    with(map[string]any{"crv": "Ed448"}),
		"too short":           with(map[string]any{"x": "AAAA"}),
		"padded":              with(map[string]any{"x": b64(public) + "="}),
		"with a long name":    with(map[string]any{"kid": strings.Repeat("k", maxKeyID+1)}),
		"with a wrong type":   with(map[string]any{"kid": 7}),
		"off the curve":       off,
		"small":               published("k", &small),
		"with an even power":  published("k", &even),
		"with a huge modulus": {"kty": "RSA", "kid": "k", "n": b64(append([]byte{1}, make([]byte, maxRSABits/8)...)), "e": "AQAB"},
	} {
		if keys, err := parseSet(must(json.Marshal(map[string]any{"keys": []any{key}}))); !errors.Is(err, errKey) {
			t.Errorf("a key %s: %v %v", name, keys, err)
		}
		both := must(parseSet(must(json.Marshal(map[string]any{"keys": []any{key, published("good", public)}}))))
		if len(both) != 1 || both[0].ID() != "good" {
			t.Errorf("beside a key %s: %v", name, both)
		}
	}
	many := make([]map[string]any, maxSetKeys+1)
	for i := range many {
		many[i] = published("k", public)
	}
	if _, err := parseSet(must(json.Marshal(map[string]any{"keys": many}))); !errors.Is(err, errKey) {
		t.Errorf("too many: %v", err)
	}
}

func TestRotationIsSeenAtOnceAndStrangersCannotHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := must(Private(must(newEd()))), must(Private(must(newEd())))
		i := &issuer{}
		i.publish(published("1", first.verify))
		r := remote(i)
		v := must(NewVerifier(Config{Issuer: "iss", Audience: "aud", Remote: r}))
		if v.Ready() {
			t.Error("ready without a key")
		}
		ctx, cancel := context.WithCancel(t.Context())
		go v.Run(ctx)
		synctest.Wait()
		if !v.Ready() || i.calls.Load() != 1 {
			t.Fatalf("ready %v after %d calls", v.Ready(), i.calls.Load())
		}
		ok := func(s Signer, id string) bool {
			_, err := v.Verify(t.Context(), signed(s, map[string]any{"kid": id}))
			return err == nil
		}
		if !ok(first, "1") {
			t.Error("the published key does not verify")
		}
		i.publish(published("2", second.verify))
		if ok(second, "2") {
			t.Error("read again within the pause")
		}
		pass(DefaultPause)
		if !ok(second, "2") || i.calls.Load() != 2 {
			t.Errorf("the new key is not seen after %d calls", i.calls.Load())
		}
		if ok(first, "1") {
			t.Error("a key that is no longer published verifies")
		}
		for range 100 {
			ok(second, rand.Text())
		}
		wrong := must(jwt.NewWithClaims(first.method, jwt.MapClaims{"iss": "other"}).SignedString(first.sign))
		pass(DefaultPause)
		_, _ = v.Verify(t.Context(), wrong)
		if n := i.calls.Load(); n != 2 {
			t.Errorf("strangers made it %d calls", n)
		}
		cancel()
	})
}

func newEd() (ed25519.PrivateKey, error) { return second(ed25519.GenerateKey(rand.Reader)) }

func TestKeysStayWhileTheURLIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := must(Private(must(newEd())))
		i := &issuer{}
		r := remote(i)
		v := must(NewVerifier(Config{Issuer: "iss", Audience: "aud", Remote: r}))
		ctx, cancel := context.WithCancel(t.Context())
		go v.Run(ctx)
		synctest.Wait()
		if v.Ready() || r.Standing().Err == nil {
			t.Errorf("%+v", r.Standing())
		}
		i.publish(published("1", s.verify))
		pass(DefaultPause + time.Second) // it is tried again, not only after the long pause
		synctest.Wait()
		if st := r.Standing(); st.Keys != 1 || st.Err != nil {
			t.Errorf("%+v", st)
		}
		for name, away := range map[string]func(){
			"away":      func() { i.body.Store(nil) },
			"failing":   func() { i.publish(published("1", s.verify)); i.status.Store(500) },
			"redirect":  func() { i.status.Store(302) },
			"junk":      func() { i.status.Store(200); junk := "<html>"; i.body.Store(&junk) },
			"no key":    func() { i.publish() },
			"too large": func() { big := `{"keys":[],"x":"` + strings.Repeat("x", maxSetBytes) + `"}`; i.body.Store(&big) },
		} {
			i.status.Store(200)
			away()
			pass(DefaultRefresh)
			synctest.Wait()
			if _, err := v.Verify(t.Context(), signed(s, map[string]any{"kid": "1"})); err != nil || r.Standing().Err == nil || !v.Ready() {
				t.Errorf("%s: %v %+v", name, err, r.Standing())
			}
		}
		cancel()
	})
}

func TestAHangingURLHoldsNobodyForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := must(Private(must(newEd())))
		r := remote(&issuer{hang: true})
		v := must(NewVerifier(Config{Issuer: "iss", Audience: "aud", Remote: r}))
		began := time.Now()
		for range 3 { // one after the other: only the first may wait
			_, err := v.Verify(t.Context(), signed(s, map[string]any{"kid": "1"}))
			if !errors.Is(err, errInvalid) {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != DefaultTimeout {
			t.Errorf("%v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		pass(DefaultPause)
		began = time.Now()
		_, _ = v.Verify(ctx, signed(s, map[string]any{"kid": "1"}))
		if took := time.Since(began); took > time.Millisecond {
			t.Errorf("with a context of its own: %v", took)
		}
		pass(DefaultTimeout) // the read ends
	})
}

// What a token says of its own key is not looked at.
func TestKeysThatATokenBrings(t *testing.T) {
	s, _ := edSigner()
	mine, _ := edSigner()
	i := &issuer{}
	i.publish(published("1", s.verify))
	r := remote(i)
	v := must(NewVerifier(Config{Issuer: "iss", Audience: "aud", Keys: []Key{s.Key}, Remote: r}))
	for name, header := range map[string]map[string]any{
		"jku":         {"jku": "https://evil.example/keys", "kid": "evil"},
		"x5u":         {"x5u": "https://evil.example/cert"},
		"jwk":         {"jwk": published("x", mine.verify)},
		"x5c":         {"x5c": []string{b64([]byte("cert"))}},
		"a path":      {"kid": "../../../../dev/null"},
		"SQL":         {"kid": "' OR '1'='1"},
		"huge kid":    {"kid": strings.Repeat("k", 3000)},
		"number kid":  {"kid": 1},
		"list kid":    {"kid": []string{"1"}},
		"control kid": {"kid": "1\x00"},
	} {
		if _, err := v.Verify(t.Context(), signed(mine, header)); !errors.Is(err, errInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := i.calls.Load(); n > 1 {
		t.Errorf("%d calls", n)
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for _, url := range []string{"", "issuer.example", "http://issuer.example/keys", "ftp://x", "https://user:pass@issuer.example", "file:///etc/passwd", "https://issuer.example/#x"} {
		if err := (RemoteConfig{URL: url, Pause: -1}).Validate(); err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
			t.Errorf("%q: %v", url, err)
		}
	}
	for _, url := range []string{"https://issuer.example/keys", "http://127.0.0.1:9/keys", "http://localhost/keys", "http://[::1]:1/"} {
		if err := (RemoteConfig{URL: url}).Validate(); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// pass lets time go by, in a bubble of synctest.
func pass(d time.Duration) { <-time.After(d) }
