package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestMain takes the machine's own settings and contexts out of the way, so that tests which change neither run beside
// each other. A test that sets something calls elsewhere.
func TestMain(m *testing.M) {
	os.Exit(apart(m.Run))
}

func apart(run func() int) int {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "MILLRACE_") {
			if err := os.Unsetenv(name); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
	}
	contexts, err := os.MkdirTemp("", "contexts")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(contexts) }()
	if err := os.Setenv("XDG_CONFIG_HOME", contexts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}
