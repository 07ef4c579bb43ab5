package token

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ParseKeys reads every public key of a PEM file, or of a JWK set in JSON. Of a private key in PEM its public half is
// taken.
func ParseKeys(data []byte) ([]Key, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return parseSet(data)
	}
	var keys []Key
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		public, err := parsePublic(block)
		if err != nil {
			return nil, err
		}
		key, err := publicKey(public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no PEM block", errKey)
	}
	return keys, nil
}

// ParseSigner reads the one private key of a PEM file (PKCS #8, PKCS #1 or SEC 1).
func ParseSigner(data []byte) (Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return Signer{}, fmt.Errorf("%w: no PEM block", errKey)
	}
	private, err := parsePrivate(block)
	if err != nil {
		return Signer{}, err
	}
	return Private(private)
}

// LoadOrCreate returns the Ed25519 signer kept at path, which is made, readable by its owner alone, if there is none.
func LoadOrCreate(path string) (Signer, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = create(path)
	}
	if err != nil {
		return Signer{}, fmt.Errorf("token key: %w", err)
	}
	return ParseSigner(data)
}

func create(path string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// Written whole under another name and linked: two starters agree on one key, and none reads half of it.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if _, err := tmp.Write(data); err != nil {
		return nil, errors.Join(err, tmp.Close())
	}
	if err := tmp.Close(); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

func parsePublic(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return wrap(x509.ParsePKIXPublicKey(block.Bytes))
	case "RSA PUBLIC KEY":
		return wrap[crypto.PublicKey](x509.ParsePKCS1PublicKey(block.Bytes))
	default:
		private, err := parsePrivate(block)
		if err != nil {
			return nil, err
		}
		return private.Public(), nil
	}
}

func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	switch block.Type {
	case "PRIVATE KEY":
		key, err := wrap(x509.ParsePKCS8PrivateKey(block.Bytes))
		if err != nil {
			return nil, err
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("%w: %T cannot sign", errKey, key)
		}
		return signer, nil
	case "RSA PRIVATE KEY":
		return wrap[crypto.Signer](x509.ParsePKCS1PrivateKey(block.Bytes))
	case "EC PRIVATE KEY":
		return wrap[crypto.Signer](x509.ParseECPrivateKey(block.Bytes))
	default:
		return nil, fmt.Errorf("%w: PEM block %q", errKey, block.Type)
	}
}

// wrap turns a parser's error into ErrKey.
func wrap[T any](key T, err error) (T, error) {
	if err != nil {
		return key, fmt.Errorf("%w: %w", errKey, err)
	}
	return key, nil
}
