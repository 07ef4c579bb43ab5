package main

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// execute runs a command, and says behind its error what can be done about it, where that is not in the error itself.
func execute(ctx context.Context, root *cobra.Command) error {
	cmd, err := root.ExecuteContextC(ctx)
	if h := hint(cmd, err); h != "" {
		cmd.PrintErrln(h)
	}
	return err
}

// hint returns what can be done about an error of a command, empty if there is nothing to add.
func hint(cmd *cobra.Command, err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there: start `millrace dev`, or name yours with --server URL and --brokers HOST:PORT."
	case misused(err):
		return "Usage: " + cmd.UseLine() + "\n`" + cmd.CommandPath() + " --help` says what it wants."
	default:
		return ""
	}
}

// misused tells whether cobra refused the words of a command line, by how its messages begin: its errors have no type.
func misused(err error) bool {
	for _, begin := range []string{"required flag(s)", "accepts ", "requires ", "unknown command", "unknown flag", "unknown shorthand", "invalid argument", "flag needs an argument"} {
		if strings.HasPrefix(err.Error(), begin) {
			return true
		}
	}
	return false
}
