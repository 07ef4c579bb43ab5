package main

import (
	"fmt"
	"os"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/views/token"
)

// verifier returns what checks tokens by the configuration: keys from a file, from a URL, or both.
func (a *app) verifier() (*token.Verifier, error) {
	c := a.config.Auth
	if c.KeyFile == "" && c.JWKSURL == "" {
		return nil, config.ErrNoKeys
	}
	t := token.Config{Issuer: c.Issuer, Audience: c.Audience, Leeway: c.Leeway}
	if c.KeyFile != "" {
		raw, err := os.ReadFile(c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("auth.key_file: %w", err)
		}
		if t.Keys, err = token.ParseKeys(raw); err != nil {
			return nil, fmt.Errorf("auth.key_file: %w", err)
		}
	}
	if c.JWKSURL != "" {
		var err error
		if t.Remote, err = token.NewRemote(token.RemoteConfig{URL: c.JWKSURL, Refresh: c.JWKSRefresh,
			Log: a.log}); err != nil {
			return nil, fmt.Errorf("auth.jwks_url: %w", err)
		}
	}
	return token.NewVerifier(t)
}
