package token

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrRequest is returned for a token that must not be made as asked.
var ErrRequest = errors.New("token: cannot be made")

// The lifetimes of minted tokens.
const (
	DefaultTTL = time.Hour
	MaxTTL     = 30 * 24 * time.Hour
)

// MinterConfig says how tokens are made.
type MinterConfig struct {
	// Issuer and Audience go into every token.
	Issuer, Audience string
	// Signer signs them.
	Signer Signer
	// Now defaults to time.Now.
	Now func() time.Time
}

// Validate returns every problem of c, joined.
func (c MinterConfig) Validate() error {
	var errs []error
	if c.Issuer == "" {
		errs = append(errs, errors.New("token issuer: missing"))
	}
	if c.Audience == "" {
		errs = append(errs, errors.New("token audience: missing"))
	}
	if c.Signer.sign == nil {
		errs = append(errs, errors.New("token signer: missing"))
	}
	return errors.Join(errs...)
}

// Minter makes tokens: in `dev` behind POST /v1/dev/token, elsewhere for `millrace token mint --key-file`.
type Minter struct{ config MinterConfig }

// NewMinter returns a minter of c.
func NewMinter(c MinterConfig) (*Minter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Minter{config: c}, nil
}

// Mint returns a token for subject with roles. A ttl of 0 is DefaultTTL; it is at most MaxTTL. Errors are ErrRequest.
func (m *Minter) Mint(subject string, roles []Role, ttl time.Duration) (string, error) {
	if strings.TrimSpace(subject) == "" || len(subject) > maxSubjectBytes {
		return "", fmt.Errorf("%w: a subject has 1 to %d bytes", ErrRequest, maxSubjectBytes)
	}
	if len(roles) == 0 {
		return "", fmt.Errorf("%w: at least one role is needed", ErrRequest)
	}
	for _, r := range roles {
		if !r.Known() {
			return "", fmt.Errorf("%w: unknown role", ErrRequest)
		}
	}
	if ttl == 0 {
		ttl = DefaultTTL
	}
	if ttl < time.Second || ttl > MaxTTL {
		return "", fmt.Errorf("%w: a lifetime is 1s to %s", ErrRequest, MaxTTL)
	}
	now := m.config.Now()
	t := jwt.NewWithClaims(m.config.Signer.method, claims{Roles: roles, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: m.config.Issuer, Audience: jwt.ClaimStrings{m.config.Audience}, Subject: subject,
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
	}})
	t.Header["kid"] = m.config.Signer.id
	return t.SignedString(m.config.Signer.sign)
}
