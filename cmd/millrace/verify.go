package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/domain/payment"
)

func (a *app) verifyCommand() *cobra.Command {
	w := watch{every: time.Minute}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Audit what is committed: conservation of money, journals, windows, timers, fenced producers",
		Long: `Reads all topics and tables that are in Kafka, as a reader of committed records, and holds them against each other while the
deployment goes on. A difference counts if both sides say the same for 3 s. Changes nothing. It reads everything from the beginning and
keeps a few hundred bytes for each transaction and user in memory.

  conservation  each transaction's net in the ledger is what its postings add up to, and each user has received what postings brought; the rows of each
                partition are what its sums say, also of what has expired or was erased
  progress      what a user's row counts in missions is what an oracle makes of the user's postings; users are left out, and counted, whose
                rows have forgotten payments of which nothing says any more in what order they met missions; the reason stands beside the number
  coins         the entries of a user's coins add up to the balance, and each spend and reversal is one of them
  rewards       a reward has the amount, kind and terms that its allotment says, and its coins are among the entries
  budgets       what a mission has reserved and spent is what was allotted, less what came back
  journal       the last line of a transaction in ledger-journal says what its row says
  outcomes      completions in a user's row are those told on outcomes, less those revoked
  windows       every window has one final, and corrections come in order behind it
  fenced        nothing is committed of a process that had lost its slot
  timers        no timer is pending whose time has passed
  records       every record that is audited can be read; one that cannot is named, and the others are audited all the same

What waits is no finding, and is listed below the checks: each reversal whose payment has yet to come, or whose payment's row had expired
(ledger.retention) before it came, and when the ledger gives it up as the dead letter orphan_reversal.

Where retention has taken the beginning of a topic, what it was is taken as it is found. Exit status 1: something is wrong; the evidence names it.

--watch verifies again and again until Ctrl-C, --every after each round ended, and prints a line for each (with -o json or yaml its report). It ends at the first
round in which something is wrong, with that round's evidence and exit status 1. Every round reads everything.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !w.on {
				return a.verify(cmd.Context(), verifyTable)
			}
			if w.every < time.Second {
				return misused(cmd, "--every %v: must be at least 1s, since every round reads everything", w.every)
			}
			return a.verifyAgain(cmd.Context(), w.every)
		},
	}
	switchFlagP(cmd.Flags(), &w.on, "watch", "w", "verify again and again until Ctrl-C, or until something is wrong")
	durationFlag(cmd.Flags(), &w.every, "every", w.every, "with --watch: how long to wait between rounds")
	return cmd
}

// verifyAgain verifies until something is wrong, or until a stop, which is how a watch ends.
func (a *app) verifyAgain(ctx context.Context, every time.Duration) error {
	for ctx.Err() == nil {
		if err := a.verify(ctx, verifyLine); err != nil && ctx.Err() == nil {
			return err
		}
		_ = sleepUntil(ctx, time.Now().Add(every))
	}
	return nil
}

// verifyLine is a report in one line, where nothing is wrong.
func verifyLine(r audit.Report) table {
	if !r.OK {
		return verifyTable(r)
	}
	left := 0
	for _, c := range r.Checks {
		left += c.LeftOut
	}
	text := fmt.Sprintf("%s ok, %d checks", time.Now().UTC().Format(time.RFC3339), len(r.Checks))
	if r.WaitingCount > 0 {
		text += fmt.Sprintf(", %d reversals wait for their payment", r.WaitingCount)
	}
	if left > 0 {
		text += fmt.Sprintf(", progress of %d users left out", left)
	}
	return table{rows: [][]string{{text}}}
}

func verifyTable(r audit.Report) table {
	t := table{header: []string{"check", "ok", "evidence"}}
	for _, c := range r.Checks {
		t.rows = append(t.rows, []string{c.Name, fmt.Sprint(c.OK), ""})
		for _, why := range c.LeftOutWhy {
			t.rows = append(t.rows, []string{"", "", why})
		}
		for _, line := range c.Evidence {
			t.rows = append(t.rows, []string{"", "", line})
		}
	}
	for i, w := range r.Waiting {
		name, amount := "", "all that remains"
		if i == 0 {
			name = "waiting"
		}
		if w.Amount > 0 {
			amount = payment.FormatMoney(w.Amount, w.Currency)
		}
		t.rows = append(t.rows, []string{name, "",
			fmt.Sprintf("reversal %s of transaction %s: %s, no payment so far, given up after %s", w.ReversalID,
				w.TransactionID, amount, w.Until)})
	}
	if n := r.WaitingCount - len(r.Waiting); n > 0 {
		t.rows = append(t.rows, []string{"", "", fmt.Sprintf("and %d more", n)})
	}
	return t
}

func (a *app) verify(ctx context.Context, asTable func(audit.Report) table) error {
	bar := a.progress("reading", -1)
	report, err := audit.Verify(ctx, audit.Config{
		Client: a.config.Client(), Topology: a.topology(), Retention: a.config.Ledger.Retention,
		Horizon: a.config.Progress.ReorderHorizon, Progress: func(read, all int64) {
			bar.ChangeMax64(all)
			_ = bar.Set64(read) // drawing may fail where reading must not
		},
	})
	if err != nil {
		return err
	}
	_ = bar.Finish()
	err = a.print(report, func() table { return asTable(report) })
	if err == nil && !report.OK {
		return finding{errors.New("what is committed does not agree")}
	}
	return err
}
