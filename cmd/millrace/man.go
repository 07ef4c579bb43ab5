package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write a manual page for every command into a directory",
		Long:    "Writes millrace.1, millrace-mission-apply.1 and so on; the directory is made if it is not there. `man -M` or a copy in man1 shows them.",
		Example: "  millrace man /usr/local/share/man/man1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			// The same for every build, so that packages can be compared.
			date := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			err := doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "MILLRACE", Section: "1", Source: "Millrace " +
				version, Date: &date}, args[0])
			if err != nil {
				return fmt.Errorf("manual pages in %s: %w", args[0], err)
			}
			return nil
		},
	}
}
