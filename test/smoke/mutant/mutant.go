// Package mutant builds binaries with a defect, to find out whether the crash run notices. A mutant is an edit of the
// source that only the compiler gets to see (go build -overlay): neither the tree nor any other binary knows of it.
package mutant

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Mutant is a defect.
type Mutant struct {
	Name string
	// Why says what must go wrong because of it.
	Why   string
	Edits []Edit
}

// Edit replaces text of a file. A file without Old is new.
type Edit struct {
	// File is relative to the module's root.
	File string
	// Old must stand in it once.
	Old, New string
}

// errEdit says that the source is no longer what an edit was written for: the mutant must be adapted.
var errEdit = errors.New("mutant: the source has changed")

// Overlay writes what go build takes for its -overlay into dir: the module at root with all edits. It returns the
// file's name.
func Overlay(root, dir string, mutants ...Mutant) (string, error) {
	texts := map[string]string{}
	var errs []error
	for _, m := range mutants {
		for _, e := range m.Edits {
			if err := e.apply(root, texts); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", m.Name, err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(texts)) {
		file := filepath.Join(dir, strconv.Itoa(i)+".go")
		if err := os.WriteFile(file, []byte(texts[name]), 0o600); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(root, name)] = file
	}
	raw, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, raw, 0o600)
}

// apply edits a file, as edits before have left it.
func (e Edit) apply(root string, texts map[string]string) error {
	if e.Old == "" {
		if _, err := os.Stat(filepath.Join(root, e.File)); err == nil {
			return fmt.Errorf("%w: there is a file %s", errEdit, e.File)
		}
		texts[e.File] = e.New
		return nil
	}
	text, ok := texts[e.File]
	if !ok {
		raw, err := os.ReadFile(filepath.Join(root, e.File))
		if err != nil {
			return fmt.Errorf("%w: %w", errEdit, err)
		}
		text = string(raw)
	}
	if n := strings.Count(text, e.Old); n != 1 {
		return fmt.Errorf("%w: %s holds this %d times:\n%s", errEdit, e.File, n, e.Old)
	}
	texts[e.File] = strings.Replace(text, e.Old, e.New, 1)
	return nil
}
