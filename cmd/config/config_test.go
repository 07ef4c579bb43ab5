package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDefaultsAreValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestValidateListsEveryProblem(t *testing.T) {
	c := Default()
	c.Brokers, c.Server, c.Partitions, c.Log.Level, c.Health.Window = []string{"nope"}, "ftp://x", 0, "loud", 0
	err := c.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"brokers", "server", "partitions", "log.level", "health.window"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in:\n%v", want, err)
		}
	}
}

func TestLayers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	file := "brokers: [k1:9092, k2:9092]\nprefix: a.\nhealth:\n  window: 30s\nintake:\n  health_instruments:\n    upi: [instrument, attributes.app]\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Default(), path, []string{"MILLRACE_PREFIX=b.", "MILLRACE_HEALTH_GRACE=3s", "MILLRACE_PARTITIONS=4", "MILLRACE_BROKERS=k3:1, k4:2", "OTHER=1", "MILLRACE_KAFKA=x"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Brokers, " "); got != "k3:1 k4:2" {
		t.Errorf("brokers %s", got)
	}
	if c.Prefix != "b." || c.Health.Window != 30*time.Second || c.Health.Grace != 3*time.Second || c.Partitions != 4 || c.Ledger.PendingTimeout != 5*time.Minute {
		t.Errorf("%+v", c)
	}
	if got := c.Intake.HealthInstruments["upi"]; len(got) != 2 {
		t.Errorf("instruments %v", got)
	}
	out, err := c.YAML()
	if err != nil || !strings.Contains(string(out), "window: 30s") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	unknown := filepath.Join(dir, "u.yaml")
	if err := os.WriteFile(unknown, []byte("brokerz: [a:1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() error{
		"unknown key":      func() error { _, err := Load(Default(), unknown, nil); return err },
		"missing file":     func() error { _, err := Load(Default(), filepath.Join(dir, "none.yaml"), nil); return err },
		"unknown variable": func() error { _, err := Load(Default(), "", []string{"MILLRACE_BROKRES=x"}); return err },
		"bad number":       func() error { _, err := Load(Default(), "", []string{"MILLRACE_PARTITIONS=many"}); return err },
	} {
		if load() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
