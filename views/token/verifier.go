// Package token makes and checks the JSON Web Tokens of the HTTP API: who asks (`sub`) and what they may do (`roles`).
//
// A verifier accepts only the algorithms of its own keys, each key with its one algorithm; it requires `iss`, `aud`, `sub`
// and `exp`, and respects `nbf` and `iat`. A token that fails in any way gives ErrInvalid and the same answer to the client.
package token

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrInvalid is returned for every token that is not to be trusted. What exactly is wrong is in the error's text, for logs.
var ErrInvalid = errors.New("token: invalid")

const (
	maxTokenBytes   = 8 << 10
	maxSubjectBytes = 256
)

// Config says which tokens to trust.
type Config struct {
	// Issuer and Audience must be in every token.
	Issuer, Audience string
	// Keys verify signatures; at least one.
	Keys []Key
	// Leeway is allowed between clocks for exp, nbf and iat. Defaults to none; at most 5 minutes.
	Leeway time.Duration
	// Now defaults to time.Now.
	Now func() time.Time
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	if c.Issuer == "" {
		errs = append(errs, errors.New("token issuer: missing"))
	}
	if c.Audience == "" {
		errs = append(errs, errors.New("token audience: missing"))
	}
	if len(c.Keys) == 0 {
		errs = append(errs, errors.New("token keys: at least one is needed"))
	}
	for i, k := range c.Keys {
		if k.method == nil {
			errs = append(errs, fmt.Errorf("token key %d: empty", i))
		}
	}
	if c.Leeway < 0 || c.Leeway > 5*time.Minute {
		errs = append(errs, fmt.Errorf("token leeway %s: must be 0 to 5m", c.Leeway))
	}
	return errors.Join(errs...)
}

// Verifier checks tokens.
type Verifier struct {
	parser *jwt.Parser
	keys   []Key
}

// NewVerifier returns a verifier of c.
func NewVerifier(c Config) (*Verifier, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var algorithms []string
	for _, k := range c.Keys {
		if !slices.Contains(algorithms, k.Algorithm()) {
			algorithms = append(algorithms, k.Algorithm())
		}
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audience), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(c.Leeway), jwt.WithStrictDecoding(),
	}
	if c.Now != nil {
		options = append(options, jwt.WithTimeFunc(c.Now))
	}
	return &Verifier{parser: jwt.NewParser(options...), keys: slices.Clone(c.Keys)}, nil
}

type claims struct {
	jwt.RegisteredClaims
	Roles []Role `json:"roles"`
}

// Verify returns whom the token speaks for. Roles that this version does not know are left out. Every error is ErrInvalid.
func (v *Verifier) Verify(token string) (Identity, error) {
	if len(token) > maxTokenBytes {
		return Identity{}, fmt.Errorf("%w: longer than %d bytes", ErrInvalid, maxTokenBytes)
	}
	var c claims
	if _, err := v.parser.ParseWithClaims(token, &c, v.keysFor); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if strings.TrimSpace(c.Subject) == "" || len(c.Subject) > maxSubjectBytes {
		return Identity{}, fmt.Errorf("%w: sub is missing or too long", ErrInvalid)
	}
	roles := slices.DeleteFunc(slices.Clone(c.Roles), func(r Role) bool { return !r.Known() })
	return Identity{Subject: c.Subject, Roles: roles}, nil
}

// keysFor returns the keys of the token's algorithm, and of those the one that the token names, if it names one of ours.
func (v *Verifier) keysFor(t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok {
		return nil, errors.New("critical header extensions are not supported")
	}
	id, _ := t.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, k := range v.keys {
		if k.Algorithm() != t.Method.Alg() {
			continue
		}
		if k.id == id {
			return k.verify, nil
		}
		set.Keys = append(set.Keys, k.verify)
	}
	return set, nil
}
