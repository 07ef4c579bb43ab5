package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/erase"
)

func (a *app) eraseUserCommand() *cobra.Command {
	var c confirmation
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "erase-user USER",
		Short: "Forget a user: rows go by tombstones, transactions keep their amounts and are nobody's",
		Long: `Asks the groups, which must run, to forget a user, and returns when they have. The user's rows in the tables of progress and rewards
go, by tombstones; rows of transactions keep amounts and status, and lose user, attributes and fields beyond the contract; their lines in
ledger-journal go. Sums stay as they are. Kafka's compaction then removes the bytes: of tables an hour later at the earliest, of the journal after 7 days, and the
tombstones themselves 7 days after that.

What is no table keeps what it has until its retention is over: the answer names each topic. A payment of the user that comes later is a new one; timers of
rewards that were pending go when they are due. Tasks of the user that wait are
dropped; payouts and claw-backs go on to their end, for they count as paid. Exit status 1: rows are left, of what came meanwhile or is under way; erase again.

It cannot be undone, so it asks for the user's id again, at a terminal; elsewhere it needs --yes. --dry-run shows what would go. It writes to Kafka, whose ACLs on
the topic erasures say who may: the server has no route for it.`,
		Example: "  millrace erase-user usr_1 --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			if dryRun {
				return a.wouldErase(cmd.Context(), args[0])
			}
			if err := c.confirm(cmd, fmt.Sprintf("Forget user %q at %v, prefix %q.", args[0], a.config.Brokers,
				a.config.Prefix), args[0]); err != nil {
				return err
			}
			return a.eraseUser(cmd.Context(), args[0])
		},
	}
	switchFlag(cmd.Flags(), &dryRun, "dry-run", "show what would go, change nothing")
	c.flags(cmd)
	return cmd
}

// wouldErase shows what there is of a user.
func (a *app) wouldErase(ctx context.Context, user string) error {
	r, err := erase.Find(ctx, erase.Config{Client: a.config.Client(), Topology: a.topology()}, user)
	if err != nil {
		return err
	}
	err = a.printErasure(r, "transactions that would be nobody's", "rows that would go", "holds the user")
	if err == nil && len(r.Left) == 0 {
		return finding{noRows(user)}
	}
	return err
}

// printErasure shows a report, whose counts and rows are called so.
func (a *app) printErasure(r erase.Report, transactions, rows, left string) error {
	return a.print(r, func() table {
		t := table{header: []string{"what", "how much"}, rows: [][]string{{transactions, fmt.Sprint(r.Transactions)},
			{rows, fmt.Sprint(r.Rows)}}}
		for _, row := range r.Left {
			t.rows = append(t.rows, []string{left, row})
		}
		for _, l := range r.Logs {
			t.rows = append(t.rows, []string{"kept in " + l.Topic, l.Keeps})
		}
		return t
	})
}

func noRows(user string) error {
	return fmt.Errorf("no row holds user %q: it was erased before, or the id is another", user)
}

func (a *app) eraseUser(ctx context.Context, user string) error {
	r, err := erase.User(ctx, erase.Config{Client: a.config.Client(), Topology: a.topology()}, user)
	if err != nil {
		return err
	}
	err = a.printErasure(r, "transactions that are nobody's now", "rows deleted", "left")
	switch {
	case err != nil:
		return err
	case len(r.Left) > 0:
		return finding{fmt.Errorf("%d rows are left, of payments that came meanwhile or payouts under way; erase again", len(r.Left))}
	case r.Transactions == 0 && r.Rows == 0:
		return finding{noRows(user)}
	}
	return nil
}
