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
	var wrong misuse
	switch {
	case err == nil:
		return ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there: start `millrace dev`, or name yours with --server URL and --brokers HOST:PORT."
	case errors.As(err, &wrong):
		return usage(wrong.command)
	case strings.HasPrefix(err.Error(), "required flag(s)"): // cobra's, which has no type
		return usage(cmd)
	default:
		return ""
	}
}

func usage(c *cobra.Command) string {
	line := c.UseLine()
	if isGroup(c) {
		line = c.CommandPath() + " COMMAND"
	}
	return "Usage: " + line + "\n`" + c.CommandPath() + " --help` says what it wants."
}
