package lockfile

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestAcquire(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	f, err := Acquire(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(name); !errors.Is(err, ErrHeld) {
		t.Errorf("held twice: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Acquire(name)
	if err != nil {
		t.Fatalf("given up, but not to be had: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Acquire(filepath.Join(name, "below a file")); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("a place where no file can be: %v", err)
	}
}
