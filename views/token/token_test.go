package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func edSigner() (Signer, ed25519.PublicKey) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return must(Private(private)), public
}

func verifier(keys ...Key) *Verifier {
	return must(NewVerifier(Config{Issuer: "iss", Audience: "aud", Keys: keys, Now: clock}))
}

func good() jwt.MapClaims {
	return jwt.MapClaims{"iss": "iss", "aud": "aud", "sub": "usr_1", "roles": []string{"user"}, "exp": now.Add(time.Minute).Unix()}
}

func TestEveryAlgorithmMintsAndVerifies(t *testing.T) {
	ed, _ := edSigner()
	signers := map[string]Signer{
		"EdDSA": ed,
		"RS256": must(Private(must(rsa.GenerateKey(rand.Reader, 2048)))),
		"ES256": must(Private(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)))),
		"HS256": must(Secret([]byte(strings.Repeat("s", 32)))),
	}
	var keys []Key
	for name, s := range signers {
		if s.algorithm() != name {
			t.Errorf("%s signs with %s", name, s.algorithm())
		}
		keys = append(keys, s.Key)
	}
	for name, s := range signers {
		m := must(NewMinter(MinterConfig{Issuer: "iss", Audience: "aud", Signer: s, Now: clock}))
		text := must(m.Mint("usr_1", []Role{User, Viewer}, 0))
		got, err := verifier(keys...).Verify(t.Context(), text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(Identity{Subject: "usr_1", Issuer: "iss", Roles: []Role{User, Viewer}, Until: now.Add(time.Hour)}, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		var others []Key
		for other, k := range signers {
			if other != name {
				others = append(others, k.Key)
			}
		}
		if _, err := verifier(others...).Verify(t.Context(), text); !errors.Is(err, errInvalid) {
			t.Errorf("%s: accepted without its key: %v", name, err)
		}
	}
}

func TestBadClaims(t *testing.T) {
	s, _ := edSigner()
	v := verifier(s.Key)
	sign := func(c jwt.MapClaims) string {
		return must(jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(s.sign))
	}
	if _, err := v.Verify(t.Context(), sign(good())); err != nil {
		t.Fatalf("the good token: %v", err)
	}
	for name, change := range map[string]func(jwt.MapClaims){
		"wrong issuer":     func(c jwt.MapClaims) { c["iss"] = "other" },
		"missing issuer":   func(c jwt.MapClaims) { delete(c, "iss") },
		"wrong audience":   func(c jwt.MapClaims) { c["aud"] = "other" },
		"missing audience": func(c jwt.MapClaims) { delete(c, "aud") },
		"expired":          func(c jwt.MapClaims) { c["exp"] = now.Add(-time.Second).Unix() },
		"expires now":      func(c jwt.MapClaims) { c["exp"] = now.Unix() },
		"missing exp":      func(c jwt.MapClaims) { delete(c, "exp") },
		"future nbf":       func(c jwt.MapClaims) { c["nbf"] = now.Add(time.Second).Unix() },
		"future iat":       func(c jwt.MapClaims) { c["iat"] = now.Add(time.Second).Unix() },
		"missing sub":      func(c jwt.MapClaims) { delete(c, "sub") },
		"blank sub":        func(c jwt.MapClaims) { c["sub"] = "  " },
		"long sub":         func(c jwt.MapClaims) { c["sub"] = strings.Repeat("x", 257) },
		"roles not a list": func(c jwt.MapClaims) { c["roles"] = "admin" },
	} {
		c := good()
		change(c)
		if _, err := v.Verify(t.Context(), sign(c)); !errors.Is(err, errInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	c := good()
	c["roles"] = []string{"root", "user"}
	if got := must(v.Verify(t.Context(), sign(c))); !cmp.Equal(got.Roles, []Role{User}) {
		t.Errorf("unknown roles stay: %v", got.Roles)
	}
}

// A token is over when it is refused, not when it says so.
func TestLeewayIsPartOfALife(t *testing.T) {
	s, _ := edSigner()
	text := must(jwt.NewWithClaims(jwt.SigningMethodEdDSA, good()).SignedString(s.sign))
	at := now
	v := must(NewVerifier(Config{Issuer: "iss", Audience: "aud", Keys: []Key{s.Key}, Leeway: 10 * time.Second, Now: func() time.Time { return at }}))
	who := must(v.Verify(t.Context(), text))
	if want := now.Add(70 * time.Second); !who.Until.Equal(want) {
		t.Errorf("over at %v, want %v", who.Until, want)
	}
	at = who.Until.Add(-time.Millisecond)
	if _, err := v.Verify(t.Context(), text); err != nil {
		t.Error(err)
	}
	at = who.Until
	if _, err := v.Verify(t.Context(), text); !errors.Is(err, errInvalid) {
		t.Errorf("over, and %v", err)
	}
}

func TestForgedSignatures(t *testing.T) {
	s, public := edSigner()
	v := verifier(s.Key)
	pkix := must(x509.MarshalPKIXPublicKey(public))
	public64 := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	hmac := func(secret []byte) string {
		tok := jwt.NewWithClaims(jwt.SigningMethodHS256, good())
		tok.Header["kid"] = s.ID()
		return must(tok.SignedString(secret))
	}
	segment := func(v any) string { return base64.RawURLEncoding.EncodeToString(must(json.Marshal(v))) }
	valid := must(jwt.NewWithClaims(jwt.SigningMethodEdDSA, good()).SignedString(s.sign))
	parts := strings.Split(valid, ".")
	admin := good()
	admin["roles"] = []string{"admin"}
	other, _ := edSigner()
	crit := jwt.NewWithClaims(jwt.SigningMethodEdDSA, good())
	crit.Header["crit"] = []string{"b64"}
	for name, text := range map[string]string{
		"alg none":                must(jwt.NewWithClaims(jwt.SigningMethodNone, good()).SignedString(jwt.UnsafeAllowNoneSignatureType)),
		"alg None":                segment(map[string]string{"alg": "None"}) + "." + parts[1] + ".",
		"HS256 with raw public":   hmac(public),
		"HS256 with DER public":   hmac(pkix),
		"HS256 with PEM public":   hmac(public64),
		"another key":             must(jwt.NewWithClaims(jwt.SigningMethodEdDSA, good()).SignedString(other.sign)),
		"changed claims":          parts[0] + "." + segment(admin) + "." + parts[2],
		"no signature":            parts[0] + "." + parts[1] + ".",
		"padded":                  valid + "=",
		"two parts":               parts[0] + "." + parts[1],
		"empty":                   "",
		"too long":                valid + strings.Repeat("x", maxTokenBytes),
		"critical header":         must(crit.SignedString(s.sign)),
		"alg of another key type": segment(map[string]string{"alg": "RS256"}) + "." + parts[1] + "." + parts[2],
	} {
		if _, err := v.Verify(t.Context(), text); !errors.Is(err, errInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

func TestUnusableKeys(t *testing.T) {
	_, public := edSigner()
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(public))})
	if _, err := Secret(asPEM); !errors.Is(err, errKey) {
		t.Errorf("a PEM file as secret: %v", err)
	}
	if _, err := Secret([]byte("short")); !errors.Is(err, errKey) {
		t.Errorf("a short secret: %v", err)
	}
	if _, err := Private(must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))); !errors.Is(err, errKey) {
		t.Errorf("P-384: %v", err)
	}
	if _, err := publicKey("text"); !errors.Is(err, errKey) {
		t.Errorf("text: %v", err)
	}
	if _, err := ParseKeys([]byte("no pem")); !errors.Is(err, errKey) {
		t.Errorf("no PEM: %v", err)
	}
	if err := (Config{Leeway: time.Hour, Keys: []Key{{}}}).Validate(); err == nil || len(strings.Split(err.Error(), "\n")) != 4 {
		t.Errorf("Validate must list four problems: %v", err)
	}
	if keys, err := ParseKeys(asPEM); err != nil || len(keys) != 1 || keys[0].algorithm() != "EdDSA" {
		t.Errorf("ParseKeys: %v %v", keys, err)
	}
}

func TestMintRefuses(t *testing.T) {
	s, _ := edSigner()
	m := must(NewMinter(MinterConfig{Issuer: "iss", Audience: "aud", Signer: s, Now: clock}))
	for name, mint := range map[string]func() (string, error){
		"no subject":   func() (string, error) { return m.Mint("", []Role{User}, 0) },
		"no role":      func() (string, error) { return m.Mint("u", nil, 0) },
		"unknown role": func() (string, error) { return m.Mint("u", []Role{"root"}, 0) },
		"long":         func() (string, error) { return m.Mint("u", []Role{User}, MaxTTL+1) },
		"negative":     func() (string, error) { return m.Mint("u", []Role{User}, -1) },
	} {
		if _, err := mint(); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadOrCreateKeepsItsKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "token.pem")
	first := must(LoadOrCreate(path))
	again := must(LoadOrCreate(path))
	if first.ID() != again.ID() {
		t.Error("the key changed")
	}
	info := must(os.Stat(path))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	entries := must(os.ReadDir(filepath.Dir(path)))
	if len(entries) != 1 {
		t.Errorf("left over: %v", entries)
	}
	if err := os.WriteFile(path, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrCreate(path); !errors.Is(err, errKey) {
		t.Errorf("a broken key file: %v", err)
	}
}
