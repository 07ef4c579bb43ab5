package mutant_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/millrace/millrace/test/smoke/mutant"
)

// root is the module's, seen from here.
const root = "../../.."

// Each mutant fits the source as it is. Whether it is caught is for `make smoke-selftest` to show.
func TestMutantsFitTheSource(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutant.Defects() {
		if names[m.Name] || m.Name == "" || m.Why == "" {
			t.Errorf("%q: no name of its own, or no reason", m.Name)
		}
		names[m.Name] = true
		if _, err := mutant.Overlay(root, t.TempDir(), mutant.Strain(), m); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOverlayHoldsAllEdits(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.go"), "one two")
	file, err := mutant.Overlay(dir, filepath.Join(dir, "out"),
		mutant.Mutant{Edits: []mutant.Edit{{File: "a.go", Old: "one", New: "three"}, {File: "b.go", New: "new"}}},
		mutant.Mutant{Edits: []mutant.Edit{{File: "a.go", Old: "three two", New: "four"}}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Replace map[string]string }
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.go": "four", "b.go": "new"} {
		if text, err := os.ReadFile(got.Replace[filepath.Join(dir, name)]); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v; want %q", name, text, err, want)
		}
	}
}

func TestEditsThatDoNotFitAreRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.go"), "one one")
	for _, e := range []mutant.Edit{{File: "a.go", Old: "one"}, {File: "a.go", Old: "two"}, {File: "none.go", Old: "x"}, {File: "a.go", New: "new"}} {
		if _, err := mutant.Overlay(dir, t.TempDir(), mutant.Mutant{Edits: []mutant.Edit{e}}); !errors.Is(err, mutant.ErrEdit) {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
