package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// confirmation is asked for before something that cannot be undone.
type confirmation struct{ yes bool }

func (c *confirmation) flags(cmd *cobra.Command) {
	switchFlag(cmd.Flags(), &c.yes, "yes", "do it without asking")
}

// errNotConfirmed ends a command that was not confirmed: nothing was done.
var errNotConfirmed = errors.New("not confirmed: nothing was done")

// confirm returns nil if somebody at a terminal types word, or --yes was given. Where nobody can be asked it refuses.
func (c *confirmation) confirm(cmd *cobra.Command, question, word string) error {
	if c.yes {
		return nil
	}
	in := cmd.InOrStdin()
	// /dev/null is a character device, too
	if f, ok := in.(interface{ Fd() uintptr }); ok && !term.IsTerminal(int(f.Fd())) {
		return misused(cmd, "%s\nThis cannot be undone, and there is no terminal to ask at: give --yes, or see first with --dry-run", question)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s\nThis cannot be undone. Type %s to go on: ", question, word)
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != word {
		return finding{errNotConfirmed}
	}
	return nil
}
