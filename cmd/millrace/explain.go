package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/visible"
)

func (a *app) explainCommand() *cobra.Command {
	var user, transaction string
	cmd := &cobra.Command{
		Use:   "explain MISSION --user ID --transaction ID",
		Short: "Tell why a payment did or did not count for a user",
		Long: `Shows every condition of the mission and whether the payment meets it: currency, window, pauses, each filter, audience, enrolment, and
what is left of the payment. Exit 1 where there is no such mission, or no such payment of the user.`,
		Example:           "  millrace mission explain swiggy-500 --user usr_asha --transaction txn_1",
		ValidArgsFunction: a.completeMissions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.explain(cmd.Context(), args[0], user, transaction)
		},
	}
	textFlag(cmd.Flags(), &user, "user", "", "whose payment it is")
	textFlag(cmd.Flags(), &transaction, "transaction", "", "the payment")
	required(cmd, "user", "transaction")
	return cmd
}

// shownExplanation is what the table shows of an explanation.
type shownExplanation struct {
	Counted      bool         `json:"counted"`
	Reason       *string      `json:"reason"`
	Contribution int64        `json:"contribution"`
	Basis        string       `json:"basis"`
	Version      int64        `json:"version"`
	Checks       []shownCheck `json:"checks"`
}

type shownCheck struct {
	Check   string       `json:"check"`
	Pointer string       `json:"pointer"`
	Passed  bool         `json:"passed"`
	Wanted  string       `json:"wanted"`
	Actual  *string      `json:"actual"`
	Any     []shownCheck `json:"any"`
}

func (a *app) explain(ctx context.Context, mission, user, transaction string) error {
	return show(ctx, a, call{
		path:  "/v1/panel" + path("users", user, "missions", mission, "explain"),
		query: url.Values{"transaction_id": {transaction}}, roles: reads(),
		what: fmt.Sprintf("mission %q, or no payment %q that user %q made", mission, transaction, user),
		list: "millrace mission list",
	}, explainTable)
}

func explainTable(e shownExplanation) table {
	t := table{header: []string{"check", "where", "passed", "wanted", "is"}}
	var add func(indent string, checks []shownCheck)
	add = func(indent string, checks []shownCheck) {
		for _, c := range checks {
			passed, is := "yes", "(none)"
			if !c.Passed {
				passed = "NO"
			}
			switch {
			case c.Actual == nil:
			case *c.Actual == "":
				is = "-"
			default:
				is = visible.Text(*c.Actual)
			}
			t.rows = append(t.rows, []string{indent + c.Check, dash(c.Pointer), passed, c.Wanted, is})
			add(indent+below, c.Any)
		}
	}
	add("", e.Checks)
	verdict := fmt.Sprintf("counts %d, by version %d", e.Contribution, e.Version)
	if !e.Counted && e.Reason != nil {
		verdict = "does not count: " + *e.Reason
	}
	if e.Basis == "beyond" {
		verdict += " (by the rules: progress remembers the payment no longer)"
	}
	t.rows = append(t.rows, []string{"verdict", "", "", verdict, ""})
	return t
}
