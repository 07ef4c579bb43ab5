// Package token makes and checks the JSON Web Tokens of the HTTP API: who asks (`sub`) and what they may do (`roles`).
//
// A verifier accepts only the algorithms of its own keys, each key with its one algorithm; it requires `iss`, `aud`,
// `sub` and `exp`, and respects `nbf` and `iat`. A token that fails in any way gives ErrInvalid and the same answer to
// the client. Keys come from files (ParseKeys) and from a URL that publishes a JWK set (Remote), never from a token.
package token

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// errInvalid is returned for every token that is not to be trusted. What exactly is wrong is in the error's text, for
// logs.
var errInvalid = errors.New("token: invalid")

const (
	maxTokenBytes   = 8 << 10
	maxSubjectBytes = 256
)

// MaxLeeway is the most that clocks may differ by.
const MaxLeeway = 5 * time.Minute

// Config says which tokens to trust.
type Config struct {
	// Issuer and Audience must be in every token.
	Issuer, Audience string
	// Keys verify signatures; at least one, unless Remote is set.
	Keys []Key
	// Remote publishes more keys. Defaults to none. See Verifier.Run.
	Remote *Remote
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
	if len(c.Keys) == 0 && c.Remote == nil {
		errs = append(errs, errors.New("token keys: at least one is needed"))
	}
	for i, k := range c.Keys {
		if k.method == nil {
			errs = append(errs, fmt.Errorf("token key %d: empty", i))
		}
	}
	if c.Leeway < 0 || c.Leeway > MaxLeeway {
		errs = append(errs, fmt.Errorf("token leeway %s: must be 0 to 5m", c.Leeway))
	}
	return errors.Join(errs...)
}

// Verifier checks tokens.
type Verifier struct {
	parser *jwt.Parser
	judge  *jwt.Validator
	keys   []Key
	remote *Remote
	leeway time.Duration
	now    func() time.Time
	seen   verified
}

// NewVerifier returns a verifier of c.
func NewVerifier(c Config) (*Verifier, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var algorithms []string
	if c.Remote != nil {
		algorithms = []string{jwt.SigningMethodEdDSA.Alg(), jwt.SigningMethodRS256.Alg(), jwt.SigningMethodES256.Alg()}
	}
	for _, k := range c.Keys {
		if !slices.Contains(algorithms, k.algorithm()) {
			algorithms = append(algorithms, k.algorithm())
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(c.Leeway), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(c.Now),
	}
	return &Verifier{parser: jwt.NewParser(options...), judge: jwt.NewValidator(options...), keys: slices.Clone(c.Keys),
		remote: c.Remote, leeway: c.Leeway, now: c.Now}, nil
}

// Run keeps the published keys, if there are any, up to date until ctx ends.
func (v *Verifier) Run(ctx context.Context) {
	if v.remote != nil {
		v.remote.Run(ctx)
	}
}

// Standing returns how the published keys do; false if there are none to publish.
func (v *Verifier) Standing() (Standing, bool) {
	if v.remote == nil {
		return Standing{}, false
	}
	return v.remote.Standing(), true
}

// Ready tells whether there is any key to check tokens with.
func (v *Verifier) Ready() bool {
	s, published := v.Standing()
	return len(v.keys) > 0 || !published || s.Keys > 0
}

type claims struct {
	jwt.RegisteredClaims
	Roles []Role `json:"roles"`
}

// Verify returns whom the token speaks for. Roles that this version does not know are left out. Every error is
// ErrInvalid. A token that names a key which is not known may wait for the published ones to be read anew, as long as
// ctx. A valid one is remembered for 30 s.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxTokenBytes {
		return Identity{}, fmt.Errorf("%w: longer than %d bytes", errInvalid, maxTokenBytes)
	}
	now, id := v.now(), sha256.Sum256([]byte(token))
	if i, ok := v.seen.find(id, now); ok {
		return i, nil
	}
	var c claims
	keys := func(t *jwt.Token) (any, error) { return v.keysFor(ctx, t) }
	if _, err := v.parser.ParseWithClaims(token, &c, keys); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", errInvalid, err)
	}
	if strings.TrimSpace(c.Subject) == "" || len(c.Subject) > maxSubjectBytes {
		return Identity{}, fmt.Errorf("%w: sub is missing or too long", errInvalid)
	}
	roles := slices.DeleteFunc(slices.Clone(c.Roles), func(r Role) bool { return !r.Known() })
	i := Identity{Subject: c.Subject, Issuer: c.Issuer, Roles: roles, Until: c.ExpiresAt.Add(v.leeway)}
	v.seen.keep(id, i, now, c.ExpiresAt.Time)
	return i, nil
}

// keysFor returns the keys that may have signed the token: of its algorithm, the one that it names; if it names none of
// ours, those without a published name. `kid` is only ever compared with the ids of our keys; jku, x5u, jwk and x5c, by
// which a token could bring its own key, are not looked at.
func (v *Verifier) keysFor(ctx context.Context, t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok {
		return nil, errors.New("critical header extensions are not supported")
	}
	id, isText := t.Header["kid"].(string)
	if _, given := t.Header["kid"]; given && !isText || len(id) > maxKeyID {
		return nil, errors.New("kid is no name of a key")
	}
	if err := v.judge.Validate(t.Claims); err != nil { // before a stranger's token costs a call or a signature
		return nil, err
	}
	known := v.keys
	if v.remote != nil {
		known = append(slices.Clip(known), v.remote.current()...)
		if id != "" && !slices.ContainsFunc(known, func(k Key) bool { return k.id == id }) {
			known = append(slices.Clip(v.keys), v.remote.renew(ctx)...)
		}
	}
	var named, others jwt.VerificationKeySet
	for _, k := range known {
		switch {
		case k.algorithm() != t.Method.Alg():
		case k.id == id:
			named.Keys = append(named.Keys, k.verify)
		case id == "" || !k.named:
			others.Keys = append(others.Keys, k.verify)
		}
	}
	if len(named.Keys) > 0 {
		return named, nil
	}
	return others, nil
}
