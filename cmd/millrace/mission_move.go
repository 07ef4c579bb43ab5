package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// moveCommand is one of activate, pause, resume, end and archive.
func (a *app) moveCommand(op catalog.Op, short string) *cobra.Command {
	var at, reason string
	cmd := &cobra.Command{
		Use: string(op) + " ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.moveMission(cmd.Context(), op, args[0], at, reason)
		},
	}
	when := "event time, such as 2026-03-01T18:00:00Z; neither ahead nor before the change before (default: now)"
	if op == catalog.Activate {
		when = "event time, such as 2026-03-01T18:00:00Z; a time ahead schedules the mission (default: now)"
	}
	cmd.Flags().StringVar(&at, "at", "", when)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit")
	return cmd
}

func (a *app) moveMission(ctx context.Context, op catalog.Op, id, at, reason string) error {
	var when instant.Milli
	if err := when.UnmarshalText([]byte(at)); err != nil {
		return fmt.Errorf("--at %q is no time such as 2026-03-01T18:00:00Z", at)
	}
	c := catalog.NewMove(rand.Text(), actor(), instant.Of(time.Now()), op, id, when)
	c.Reason = reason
	return a.sendDecisions(ctx, []*catalog.Command{c})
}
