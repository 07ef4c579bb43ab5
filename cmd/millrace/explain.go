package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func (a *app) explainCommand() *cobra.Command {
	var user, transaction, token string
	cmd := &cobra.Command{
		Use:   "explain MISSION --user ID --transaction ID",
		Short: "Tell why a payment did or did not count for a user",
		Long: `Shows every condition of the mission and whether the payment meets it: currency, window, pauses, each filter, audience, enrolment, and
what is left of the payment. Exit 1 where there is no such mission, or no such payment of the user.`,
		Example: "  millrace mission explain swiggy-500 --user usr_asha --transaction txn_1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.explain(cmd.Context(), token, args[0], user, transaction)
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "whose payment it is")
	cmd.Flags().StringVar(&transaction, "transaction", "", "the payment")
	cmd.Flags().StringVar(&token, "token", "", "bearer token (default: one signed by the dev that --server names)")
	_ = cmd.MarkFlagRequired("user")
	_ = cmd.MarkFlagRequired("transaction")
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

func (a *app) explain(ctx context.Context, given, mission, user, transaction string) error {
	token, err := a.viewerToken(ctx, given)
	if err != nil {
		return err
	}
	path := "/v1/panel/users/" + url.PathEscape(user) + "/missions/" + url.PathEscape(mission) + "/explain?" + url.Values{"transaction_id": {transaction}}.Encode()
	raw, status, err := a.call(ctx, http.MethodGet, path, token, nil)
	if status == http.StatusNotFound {
		return finding{fmt.Errorf("mission %q, user %q, transaction %q: %w\n`millrace mission list` shows missions; a payment is explained to the user who made it", mission, user, transaction, err)}
	}
	if err != nil {
		return err
	}
	var e shownExplanation
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	return a.print(json.RawMessage(bytes.TrimSpace(raw)), func() table { return explainTable(e) })
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
			if c.Actual != nil {
				is = *c.Actual
			}
			t.rows = append(t.rows, []string{indent + c.Check, dash(c.Pointer), passed, c.Wanted, dash(is)})
			add(indent+"  ", c.Any)
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
