package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// What cannot be undone is done where somebody types the word, or where --yes says so, and nowhere else.
func TestConfirm(t *testing.T) {
	nobody, err := os.Open(os.DevNull) // a character device, and no terminal
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nobody.Close() }()
	for _, c := range []struct {
		name  string
		yes   bool
		typed string
		code  int
		says  string
	}{
		{"the word", false, "usr_1\n", 0, "Type usr_1"}, {"another word", false, "yes\n", 1, ""}, {"nothing", false, "", 1, ""}, {"--yes", true, "", 0, ""},
	} {
		cmd, errs := &cobra.Command{}, &bytes.Buffer{}
		cmd.SetIn(strings.NewReader(c.typed))
		cmd.SetErr(errs)
		err := (&confirmation{c.yes}).confirm(cmd, "Forget user usr_1.", "usr_1")
		if exitCode(err) != c.code || c.code == 1 && !errors.Is(err, errNotConfirmed) {
			t.Errorf("%s: %v", c.name, err)
		}
		lacks(t, errs.String(), c.says)
	}
	cmd := &cobra.Command{}
	cmd.SetIn(nobody)
	if err := (&confirmation{}).confirm(cmd, "Forget user usr_1.", "usr_1"); exitCode(err) != 2 || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("without a terminal: %v", err)
	}
}
