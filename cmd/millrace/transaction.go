package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/visible"
)

func (a *app) transactionCommand() *cobra.Command {
	return group(&cobra.Command{Use: "transaction", Short: "Payments as the ledger has them"},
		a.watchable(&cobra.Command{
			Use:   "get ID",
			Short: "Show a payment: what is left of it, its reversals and what each event did",
			Long: `Shows the status and the amounts of a payment in minor units, its reversals, and the last 64 lines of its journal: what every event
did to it, or why it did nothing. A reversal that waits has no payment yet, or none any more (ledger.retention); it says until when it waits, in event
time. Exit status 1: the ledger knows no such payment.`,
			Example: "  millrace transaction get txn_1",
		}, func(ctx context.Context, args []string) error {
			return show(ctx, a, transactionCall(args[0]), shownTransaction.table)
		}))
}

func transactionCall(id string) call {
	return call{method: "GET", path: "/v1/panel/transactions" + path(id), roles: reads(),
		what: fmt.Sprintf("payment %q, or its row has expired (ledger.retention)", id)}
}

// shownPayment is a payment as the panel shows it.
type shownPayment struct {
	TransactionID string `json:"transaction_id"`
	UserID        string `json:"user_id"`
	Status        string `json:"status"`
	Currency      string `json:"currency"`
	Amount        int64  `json:"amount"`
	Reversed      int64  `json:"reversed"`
	Net           int64  `json:"net"`
}

// shownTransaction is what the table shows of a payment.
type shownTransaction struct {
	shownPayment
	Reversals []shownReversal `json:"reversals"`
	Journal   []struct {
		EventID  string        `json:"event_id"`
		Verdict  string        `json:"verdict"`
		Reason   string        `json:"reason"`
		NetAfter int64         `json:"net_after"`
		At       instant.Milli `json:"at"`
	} `json:"journal"`
}

type shownReversal struct {
	ReversalID string `json:"reversal_id"`
	Amount     *int64 `json:"amount"`
	Status     string `json:"status"`
	WaitsUntil string `json:"waits_until"`
}

func (t shownTransaction) table() table {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	out := table{header: []string{"what", "status", "user", "currency", "amount", "reversed", "net", "at"}}
	out.rows = append(out.rows, []string{t.TransactionID, t.Status, dash(t.UserID), t.Currency, n(t.Amount),
		n(t.Reversed), n(t.Net), ""})
	for _, r := range t.Reversals {
		status, amount := r.Status, ""
		if r.WaitsUntil != "" {
			status += " until " + r.WaitsUntil
		}
		if r.Amount != nil {
			amount = n(*r.Amount)
		}
		out.rows = append(out.rows, []string{below + "reversal " + visible.Text(r.ReversalID), status, "", "", amount,
			"", "", ""})
	}
	for _, l := range t.Journal {
		verdict := l.Verdict
		if l.Reason != "" {
			verdict += ": " + l.Reason
		}
		out.rows = append(out.rows, []string{below + "event " + visible.Text(l.EventID), verdict, "", "", "", "",
			n(l.NetAfter), l.At.String()})
	}
	return out
}
