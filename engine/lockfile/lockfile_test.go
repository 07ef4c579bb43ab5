package lockfile

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestHold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	f, err := Hold(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(name); !errors.Is(err, ErrHeld) {
		t.Errorf("held twice: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Hold(name)
	if err != nil {
		t.Fatalf("given up, but not to be had: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Hold(filepath.Join(name, "below a file")); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("a place where no file can be: %v", err)
	}
}
