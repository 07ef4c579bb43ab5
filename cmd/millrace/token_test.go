package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/views/token"
)

// keyFiles writes a private key and its public half as PEM.
func keyFiles(t *testing.T, private any, public any) (privateFile string, publicPEM []byte) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	privatePEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return write(t, "private.pem", string(privatePEM)), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
}

func TestTokenMintWithAKeyFile(t *testing.T) {
	elsewhere(t)
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]any{"Ed25519": {edPrivate, edPublic}, "P-256": {ec, &ec.PublicKey}} {
		file, public := keyFiles(t, pair[0], pair[1])
		got := millrace(t, 0, "token", "mint", "--sub", "usr_1", "--role", "user", "--role", "health", "--key-file", file)
		text := strings.TrimSuffix(got.out, "\n")
		if got.errs != "" || strings.ContainsAny(text, " \n") {
			t.Errorf("%s: more than the token: %q %q", name, got.out, got.errs)
		}
		keys, err := token.ParseKeys(public)
		if err != nil {
			t.Fatal(err)
		}
		v, err := token.NewVerifier(token.Config{Issuer: "millrace", Audience: "millrace", Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		who, err := v.Verify(t.Context(), text)
		if diff := cmp.Diff(token.Identity{Subject: "usr_1", Issuer: "millrace", Roles: []token.Role{token.User, token.Health}, Until: who.Until}, who); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		t.Setenv("MILLRACE_AUTH_ISSUER", "others")
		foreign := strings.TrimSpace(millrace(t, 0, "token", "mint", "--sub", "usr_1", "--role", "user", "--key-file", file).out)
		if _, err := v.Verify(t.Context(), foreign); err == nil {
			t.Errorf("%s: auth.issuer is not in the token", name)
		}
		t.Setenv("MILLRACE_AUTH_ISSUER", "millrace")
		lacks(t, millrace(t, 2, "token", "mint", "--sub", "u", "--role", "king", "--key-file", file).errs, "must be user, health, viewer")
		lacks(t, millrace(t, 2, "token", "mint", "--sub", "u", "--role", "user", "--ttl", "9000h", "--key-file", file).errs, "lifetime")
		lacks(t, millrace(t, 2, "token", "mint", "--sub", "u", "--role", "user", "--key-file", write(t, "public.pem", string(public))).errs, "public.pem")
	}
}

func TestTokenMintWithoutDev(t *testing.T) {
	elsewhere(t)
	got := millrace(t, 2, "token", "mint", "--sub", "u", "--role", "user", "--server", "http://127.0.0.1:1")
	lacks(t, got.errs, "no answer from http://127.0.0.1:1", "--key-file")
	if got.out != "" {
		t.Errorf("it printed %q", got.out)
	}
}
