package config

import (
	"errors"
	"time"

	"github.com/millrace/millrace/views/token"
)

// Auth says which tokens `serve` accepts.
type Auth struct {
	// Issuer and Audience must match the token's iss and aud. Both default to millrace.
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
	// KeyFile holds the public keys that verify tokens (Ed25519, ECDSA P-256 or RSA): PEM, several after one another,
	// or a JWK set. `serve` needs it, or jwks_url, or both.
	KeyFile string `yaml:"key_file"`
	// JWKSURL publishes the public keys of an issuer as a JWK set. It is https, or http on this machine. While it is
	// away the keys that are known stay.
	JWKSURL string `yaml:"jwks_url"`
	// JWKSRefresh is how often that URL is read. A token with a `kid` that is not known has it read at once, every 10 s
	// at most. Defaults to 5m.
	JWKSRefresh time.Duration `yaml:"jwks_refresh"`
	// Leeway is allowed between this clock and the issuer's for exp, nbf and iat, at most 5m. Defaults to 10s.
	Leeway time.Duration `yaml:"leeway"`
	// OpenHealth lets anyone read health. Defaults to false.
	OpenHealth bool `yaml:"open_health"`
}

// validate judges what is set; that `serve` needs keys is its own matter.
func (a Auth) validate(bad func(string, ...any)) {
	if a.JWKSURL != "" {
		if err := (token.RemoteConfig{URL: a.JWKSURL}).Validate(); err != nil {
			bad("auth.jwks_url: %w", err)
		}
	}
	if a.JWKSRefresh < token.DefaultPause {
		bad("auth.jwks_refresh: %v must be at least %v", a.JWKSRefresh, token.DefaultPause)
	}
	if a.Leeway < 0 || a.Leeway > token.MaxLeeway {
		bad("auth.leeway: %v must be 0s to %v", a.Leeway, token.MaxLeeway)
	}
}

// ErrNoKeys is the problem of a configuration by which no token can be checked.
var ErrNoKeys = errors.New("auth.key_file (MILLRACE_AUTH_KEY_FILE) or auth.jwks_url (MILLRACE_AUTH_JWKS_URL): public keys are needed to check tokens")
