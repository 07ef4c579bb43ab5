package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/views/token"
)

// Keys may come from a file, from a URL, or both; from neither is an error that names the settings.
func TestVerifierOfTheConfiguration(t *testing.T) {
	pair := func() (string, *token.Minter) {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := token.Private(private)
		if err != nil {
			t.Fatal(err)
		}
		m, err := token.NewMinter(token.MinterConfig{Issuer: "millrace", Audience: "millrace", Signer: signer})
		if err != nil {
			t.Fatal(err)
		}
		set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","use":"sig","kid":%q,"x":%q}]}`, signer.ID(), base64.RawURLEncoding.EncodeToString(public))
		return set, m
	}
	published, fromURL := pair()
	kept, fromFile := pair()
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, published) }))
	defer issuer.Close()
	file := write(t, "keys.json", kept)
	for name, c := range map[string]struct {
		file, url       string
		byFile, byIssue bool
	}{
		"a file": {file, "", true, false}, "a URL": {"", issuer.URL, false, true}, "both": {file, issuer.URL, true, true},
	} {
		a := &app{config: config.Default(), log: slog.New(slog.DiscardHandler)}
		a.config.Auth.KeyFile, a.config.Auth.JWKSURL = c.file, c.url
		v, err := a.verifier()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []struct {
			minter *token.Minter
			want   bool
		}{{fromFile, c.byFile}, {fromURL, c.byIssue}} {
			text, err := m.minter.Mint("u", []token.Role{token.User}, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := v.Verify(t.Context(), text); (err == nil) != m.want {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	a := &app{config: config.Default()}
	if _, err := a.verifier(); !errors.Is(err, config.ErrNoKeys) {
		t.Errorf("%v", err)
	}
}
