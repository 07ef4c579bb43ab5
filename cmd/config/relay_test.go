package config

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/views/signature"
)

func TestSecretsOfSources(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) Source {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Source{SecretFile: path}
	}
	r := Relay{Sources: map[string]Source{"bank": file("bank", "0123456789abcdef\r\n\nthe next one, later\n")}}
	v, err := r.Signatures()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"0123456789abcdef", "the next one, later"} {
		c, err := v.Open(http.Header{signature.Header: {signature.Sign([]byte(secret), time.Now(), []byte(secret))}, signature.SourceHeader: {"bank"}})
		if err != nil {
			t.Fatal(err)
		}
		if name, _, err := c.Check([]byte(secret)); name != "bank" || err != nil {
			t.Errorf("%s: %q %v", secret, name, err)
		}
	}
	for want, sources := range map[string]map[string]Source{
		"no such file":      {"shop": {SecretFile: filepath.Join(dir, "none")}},
		"at least 16 bytes": {"shop": file("short", "short")},
		"1 to 4 secrets":    {"shop": file("empty", "\n")},
	} {
		if _, err := (Relay{Sources: sources}).Signatures(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "shop") {
			t.Errorf("%s: %v", want, err)
		}
	}
}
