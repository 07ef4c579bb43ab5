package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func (a *app) coinsCommand() *cobra.Command {
	return group(&cobra.Command{Use: "coins", Short: "Coins of users: spend them, give a spend back"},
		a.spendCoinsCommand(), a.reverseSpendCommand())
}

// shownSpend is what the table shows of a spend, or of its reversal.
type shownSpend struct {
	SpendID string `json:"spend_id"`
	State   string `json:"state"`
	Summary string `json:"summary"`
	Reason  string `json:"reason"`
	Balance int64  `json:"balance"`
	Debt    int64  `json:"debt"`
}

func (s shownSpend) table() table {
	return table{header: []string{"spend", "state", "what", "why", "balance", "debt"},
		rows: [][]string{{s.SpendID, s.State, s.Summary, dash(s.Reason), fmt.Sprint(s.Balance), fmt.Sprint(s.Debt)}}}
}

func (a *app) spendCoinsCommand() *cobra.Command {
	var body struct {
		Amount  int64  `json:"amount"`
		Reason  string `json:"reason"`
		SpendID string `json:"spend_id,omitempty"`
	}
	var key string
	cmd := &cobra.Command{
		Use: "spend USER --amount N --reason WHAT", Short: "Spend coins of a user",
		Long:    "Spends coins of a user, never more than there are, and shows the spend with the new balance. The token needs the role service.\nA spend that may have been sent before is sent again with the same --key, or the same --spend-id: it is done once.",
		Example: "  millrace coins spend usr_1 --amount 100 --reason coffee --spend-id order-4711",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := call{method: http.MethodPost, path: "/v1" + path("users", args[0], "coins", "spend"),
				roles: ofAnyUser(), body: body, key: keyOr(key), what: fmt.Sprintf("user %q", args[0])}
			return show(cmd.Context(), a, c, shownSpend.table)
		},
	}
	f := cmd.Flags()
	wholeFlag(f, &body.Amount, "amount", 0, "whole coins")
	textFlag(f, &body.Reason, "reason", "", "on what, for the user and the audit")
	textFlag(f, &body.SpendID, "spend-id", "", "your own id of what is bought (default: one is made)")
	idempotent(cmd, &key)
	required(cmd, "amount", "reason")
	return cmd
}

func (a *app) reverseSpendCommand() *cobra.Command {
	var reason, key string
	cmd := &cobra.Command{
		Use: "reverse USER SPEND --reason WHY", Short: "Give back all that a spend took, once",
		Long:    "Gives a user back all that a spend took, and shows the new balance; a debt is paid from it first. A second reversal changes nothing. The token needs the role service.",
		Example: "  millrace coins reverse usr_1 order-4711 --reason cold",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := call{
				method: http.MethodPost,
				path:   "/v1" + path("users", args[0], "coins", "spend", args[1], "reverse"), roles: ofAnyUser(),
				body: map[string]string{"reason": reason}, key: keyOr(key),
				what: fmt.Sprintf("spend %q of user %q", args[1], args[0]), list: "millrace user coins " + args[0],
			}
			return show(cmd.Context(), a, c, shownSpend.table)
		},
	}
	textFlag(cmd.Flags(), &reason, "reason", "", "why, for the user and the audit")
	idempotent(cmd, &key)
	required(cmd, "reason")
	return cmd
}
