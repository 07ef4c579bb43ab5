package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// The bounds of a JWK set. More keys than a server rotates through, or larger ones, only cost those who verify.
const (
	maxSetKeys  = 64
	maxKeyID    = 256
	maxRSABits  = 8192
	maxExponent = 1<<31 - 1
)

// jwk is the part of RFC 7517 that is read: the public halves of the kinds of key that Public takes.
type jwk struct {
	Kind      string   `json:"kty"`
	ID        string   `json:"kid"`
	Use       string   `json:"use"`
	Algorithm string   `json:"alg"`
	Does      []string `json:"key_ops"`
	Curve     string   `json:"crv"`
	N         string   `json:"n"`
	E         string   `json:"e"`
	X         string   `json:"x"`
	Y         string   `json:"y"`
}

// parseSet reads the usable public keys of a JWK set (RFC 7517): Ed25519, RSA for RS256 and P-256 for ES256. Others are
// passed over, as that RFC asks: symmetric ones (a shared secret has no place in a set), those for encryption, those of
// another algorithm, and those that are damaged. A key keeps the `kid` under which it is published. Without any usable
// key the error is ErrKey.
func parseSet(data []byte) ([]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("%w: no JWK set", errKey)
	}
	if len(set.Keys) > maxSetKeys {
		return nil, fmt.Errorf("%w: a JWK set of more than %d keys", errKey, maxSetKeys)
	}
	var keys []Key
	for _, raw := range set.Keys {
		var j jwk
		if json.Unmarshal(raw, &j) != nil {
			continue
		}
		if key, ok := j.key(); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: a JWK set without a key for signatures by EdDSA, RS256 or ES256", errKey)
	}
	return keys, nil
}

// key returns the verification key that j describes, if it is one.
func (j jwk) key() (Key, bool) {
	if len(j.ID) > maxKeyID || j.Use != "" && j.Use != "sig" || !j.verifies() {
		return Key{}, false
	}
	public, err := j.public()
	if err != nil {
		return Key{}, false
	}
	key, err := publicKey(public)
	if err != nil || j.Algorithm != "" && j.Algorithm != key.algorithm() {
		return Key{}, false
	}
	if j.ID != "" {
		key.id, key.named = j.ID, true
	}
	return key, true
}

func (j jwk) verifies() bool {
	for _, op := range j.Does {
		if op == "verify" {
			return true
		}
	}
	return len(j.Does) == 0
}

func (j jwk) public() (crypto.PublicKey, error) {
	switch {
	case j.Kind == "OKP" && j.Curve == "Ed25519":
		x, err := octets(j.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errKey
		}
		return ed25519.PublicKey(x), nil
	case j.Kind == "EC" && j.Curve == "P-256":
		return j.point()
	case j.Kind == "RSA":
		return j.modulus()
	default:
		return nil, errKey
	}
}

// point refuses what is not on the curve.
func (j jwk) point() (crypto.PublicKey, error) {
	const size = 32
	x, errX := octets(j.X)
	y, errY := octets(j.Y)
	if errX != nil || errY != nil || len(x) != size || len(y) != size {
		return nil, errKey
	}
	const uncompressed = 4
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{uncompressed}, x...), y...))
}

func (j jwk) modulus() (crypto.PublicKey, error) {
	n, errN := octets(j.N)
	e, errE := octets(j.E)
	exponent := new(big.Int).SetBytes(e)
	if errN != nil || errE != nil || len(n) > maxRSABits/8 || !exponent.IsInt64() || exponent.Int64() > maxExponent ||
		exponent.Int64() < 3 || exponent.Bit(0) == 0 {
		return nil, errKey
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

func octets(text string) ([]byte, error) {
	if text == "" {
		return nil, errKey
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}
