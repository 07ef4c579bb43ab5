package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// The least sizes of keys: what RFC 7518 asks for.
const (
	minSecretBytes = 32
	minRSABits     = 2048
)

// errKey is returned for a key that cannot be used.
var errKey = errors.New("token: unusable key")

// Key verifies tokens. Its kind decides the one algorithm that it is ever used with, so that nobody can present a
// public key as an HMAC secret, or no signature at all.
type Key struct {
	id     string
	named  bool // the id was given, in a JWK set
	method jwt.SigningMethod
	verify any
}

// ID returns the key's id: the one under which a JWK set publishes it, or a hash of the public key. Tokens carry it as
// `kid`.
func (k Key) ID() string { return k.id }

// algorithm returns the one JWS algorithm of the key.
func (k Key) algorithm() string { return k.method.Alg() }

// Signer makes tokens; its Key verifies them.
type Signer struct {
	Key
	sign any
}

// Secret returns the HS256 signer and key of a shared secret of at least 32 bytes. Text in PEM form is refused: that is
// a public key in the wrong place.
func Secret(secret []byte) (Signer, error) {
	if len(secret) < minSecretBytes {
		return Signer{}, fmt.Errorf("%w: an HS256 secret has at least %d bytes", errKey, minSecretBytes)
	}
	if block, _ := pem.Decode(secret); block != nil {
		return Signer{}, fmt.Errorf("%w: a PEM file is no HS256 secret", errKey)
	}
	sum := sha256.Sum256(append([]byte("millrace hs256 "), secret...))
	return Signer{Key{id: hex.EncodeToString(sum[:8]), method: jwt.SigningMethodHS256, verify: secret}, secret}, nil
}

// Private returns the signer of an Ed25519, RSA (RS256) or P-256 (ES256) private key.
func Private(private crypto.Signer) (Signer, error) {
	key, err := publicKey(private.Public())
	if err != nil {
		return Signer{}, err
	}
	return Signer{key, private}, nil
}

// publicKey returns the key of an Ed25519, RSA (RS256) or P-256 (ES256) public key.
func publicKey(public crypto.PublicKey) (Key, error) {
	var method jwt.SigningMethod
	switch k := public.(type) {
	case ed25519.PublicKey:
		method = jwt.SigningMethodEdDSA
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits {
			return Key{}, fmt.Errorf("%w: an RSA key has at least %d bits", errKey, minRSABits)
		}
		method = jwt.SigningMethodRS256
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return Key{}, fmt.Errorf("%w: an EC key is on P-256", errKey)
		}
		method = jwt.SigningMethodES256
	default:
		return Key{}, fmt.Errorf("%w: %T is neither Ed25519, RSA nor EC", errKey, public)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", errKey, err)
	}
	sum := sha256.Sum256(der)
	return Key{id: hex.EncodeToString(sum[:8]), method: method, verify: public}, nil
}
