package config

import (
	"bytes"
	"fmt"
	"os"

	"github.com/millrace/millrace/views/signature"
)

// Relay says who may hand in events over HTTP, beside those with a token of role service.
type Relay struct {
	// Sources sign their calls, by name. Defaults to none.
	Sources map[string]Source `yaml:"sources"`
}

// Source is one that signs.
type Source struct {
	// SecretFile holds the secret, at least 16 bytes; several lines are several secrets, while one is changed for
	// another. A line that begins with whsec_ is a secret of Standard Webhooks, in base64: the source then signs by
	// webhook-id, webhook-timestamp and webhook-signature.
	SecretFile string `yaml:"secret_file"`
}

// Signatures returns what checks signed calls. It reads the files.
func (r Relay) Signatures() (*signature.Verifier, error) {
	var c signature.Config
	for name, s := range r.Sources {
		raw, err := os.ReadFile(s.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("relay.sources.%s: %w", name, err)
		}
		source := signature.Source{Name: name}
		for line := range bytes.Lines(raw) {
			if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
				source.Secrets = append(source.Secrets, line)
			}
		}
		c.Sources = append(c.Sources, source)
	}
	v, err := signature.NewVerifier(c)
	if err != nil {
		return nil, fmt.Errorf("relay.sources: %w", err)
	}
	return v, nil
}
