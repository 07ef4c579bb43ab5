package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/erase"
)

func (a *app) eraseUserCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "erase-user USER",
		Short: "Forget a user: rows go by tombstones, transactions keep their amounts and are nobody's",
		Long: `Asks the groups, which must run, to forget a user, and returns when they have. The user's rows in the tables of progress and rewards
go, by tombstones; rows of transactions keep amounts and status, and lose user, attributes and fields beyond the contract; their lines in
ledger-journal go. Sums stay as they are. Kafka's compaction then removes the bytes: of tables an hour later at the earliest, of the journal after 7 days, and the
tombstones themselves 7 days after that.

What is no table keeps what it has until its retention is over: the answer names each topic. A payment of the user that comes later is a new one; timers of
rewards that were pending go when they are due. Exit status 1: rows are left, of what came meanwhile; erase again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.eraseUser(cmd.Context(), args[0]) },
	}
}

func (a *app) eraseUser(ctx context.Context, user string) error {
	r, err := erase.User(ctx, erase.Config{Client: a.config.Client(), Topology: a.topology()}, user)
	if err != nil {
		return err
	}
	err = a.print(r, func() table {
		t := table{header: []string{"what", "how much"}, rows: [][]string{
			{"transactions that are nobody's now", fmt.Sprint(r.Transactions)}, {"rows deleted", fmt.Sprint(r.Rows)},
		}}
		for _, left := range r.Left {
			t.rows = append(t.rows, []string{"left", left})
		}
		for _, l := range r.Logs {
			t.rows = append(t.rows, []string{"kept in " + l.Topic, l.Keeps})
		}
		return t
	})
	if r.Transactions == 0 && r.Rows == 0 && len(r.Left) == 0 {
		fmt.Fprintf(a.errs, "No row held user %q: it was erased before, or the id is another.\n", user)
	}
	if err == nil && len(r.Left) > 0 {
		return finding{fmt.Errorf("%d rows are left: payments came meanwhile", len(r.Left))}
	}
	return err
}
