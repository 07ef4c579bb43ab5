package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

func (a *app) userCommand() *cobra.Command {
	return group(&cobra.Command{Use: "user", Short: "What users see: their missions, rewards and coins"},
		a.userMissionsCommand(), a.userRewardsCommand(), a.userCoinsCommand())
}

// userList is one of the commands that list something of a user.
func (a *app) userList(name, short string, do func(context.Context, string, paging) error) *cobra.Command {
	var p paging
	cmd := &cobra.Command{
		Use: name + " USER", Short: short, Example: "  millrace user " + name + " usr_1",
		Long: short + ".\n\nThe token needs the role service, or to be the user's own.",
		RunE: func(cmd *cobra.Command, args []string) error { return do(cmd.Context(), args[0], p) },
	}
	p.flags(cmd)
	return cmd
}

func userCall(user string, rest ...string) call {
	return call{
		method: http.MethodGet, path: "/v1" + path(append([]string{"users", user}, rest...)...), roles: ofAnyUser(),
		what: fmt.Sprintf("user %q for this token", user),
	}
}

func (a *app) userMissionsCommand() *cobra.Command {
	type mission struct {
		ID          string `json:"id"`
		Status      string `json:"status"`
		Enrolled    bool   `json:"enrolled"`
		Progress    int64  `json:"progress"`
		Target      int64  `json:"target"`
		Completions int64  `json:"completions"`
		Summary     string `json:"summary"`
	}
	return a.userList("missions", "Show the missions that a user can see, with the progress in each",
		func(ctx context.Context, user string, p paging) error {
			return list(ctx, a, userCall(user, "missions"), p,
				[]string{"id", "status", "enrolled", "progress", "target", "completions", "mission"},
				func(m mission) []string {
					return []string{m.ID, m.Status, fmt.Sprint(m.Enrolled), fmt.Sprint(m.Progress),
						fmt.Sprint(m.Target), fmt.Sprint(m.Completions), m.Summary}
				})
		})
}

func (a *app) userRewardsCommand() *cobra.Command {
	return a.userList("rewards", "Show the rewards of a user, latest first",
		func(ctx context.Context, user string, p paging) error {
			return list(ctx, a, userCall(user, "rewards"), p, rewardHeader(), shownReward.row)
		})
}

func (a *app) userCoinsCommand() *cobra.Command {
	type entry struct {
		ID           string `json:"id"`
		RewardID     string `json:"reward_id"`
		SpendID      string `json:"spend_id"`
		Summary      string `json:"summary"`
		Reason       string `json:"reason"`
		Amount       int64  `json:"amount"`
		BalanceAfter int64  `json:"balance_after"`
		At           string `json:"at"`
	}
	return a.userList("coins", "Show the coins of a user: the balance, and its entries, latest first",
		func(ctx context.Context, user string, p paging) error {
			out, err := a.call(ctx, userCall(user, "coins"))
			if err != nil {
				return err
			}
			var coins struct {
				Balance int64             `json:"balance"`
				Debt    int64             `json:"debt"`
				Entries []json.RawMessage `json:"entries"`
			}
			if err := json.Unmarshal(out.body, &coins); err != nil {
				return err
			}
			c := userCall(user, "coins")
			c.items = "entries"
			t := table{header: []string{"at", "what", "amount", "balance", "reward or spend", "why"}}
			coins.Entries = []json.RawMessage{}
			more, err := a.eachItem(ctx, c, p, func(raw json.RawMessage) error {
				var e entry
				if err := json.Unmarshal(raw, &e); err != nil {
					return err
				}
				coins.Entries = append(coins.Entries, raw)
				t.rows = append(t.rows, []string{e.At, e.Summary, fmt.Sprint(e.Amount),
					fmt.Sprint(e.BalanceAfter), e.RewardID + e.SpendID, dash(e.Reason)})
				return nil
			})
			if err != nil {
				return err
			}
			t.rows = append(t.rows, []string{"now", "balance", "", fmt.Sprint(coins.Balance), "", ""},
				[]string{"now", "debt", "", fmt.Sprint(coins.Debt), "", ""})
			if err := a.print(coins, func() table { return t }); err != nil {
				return err
			}
			a.hintAtMore(more, len(coins.Entries))
			return nil
		})
}
