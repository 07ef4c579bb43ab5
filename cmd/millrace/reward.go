package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/mission"
)

func (a *app) rewardCommand() *cobra.Command {
	return group(&cobra.Command{Use: "reward",
		Short: "Rewards of users: look at one, grant one out of goodwill, cancel one"}, a.getRewardCommand(),
		a.grantRewardCommand(), a.cancelRewardCommand())
}

// shownReward is what the table shows of a reward.
type shownReward struct {
	ID          string  `json:"id"`
	MissionID   *string `json:"mission_id"`
	Kind        string  `json:"kind"`
	Amount      int64   `json:"amount"`
	Currency    *string `json:"currency"`
	State       string  `json:"state"`
	Reason      *string `json:"reason"`
	AvailableAt *string `json:"available_at"`
}

func rewardHeader() []string {
	return []string{"id", "mission", "kind", "amount", "currency", "state", "available", "why"}
}

func (r shownReward) row() []string {
	text := func(s *string) string {
		if s == nil {
			return "-"
		}
		return dash(*s)
	}
	return []string{r.ID, text(r.MissionID), r.Kind, fmt.Sprint(r.Amount), text(r.Currency), r.State,
		text(r.AvailableAt), text(r.Reason)}
}

func (r shownReward) table() table { return table{header: rewardHeader(), rows: [][]string{r.row()}} }

func (a *app) getRewardCommand() *cobra.Command {
	return a.watchable(&cobra.Command{
		Use: "get USER REWARD", Short: "Show a reward of a user",
		Example: "  millrace reward get usr_1 rw_1",
	}, func(ctx context.Context, args []string) error {
		c := userCall(args[0], "rewards", args[1])
		c.what, c.list = fmt.Sprintf("reward %q of user %q", args[1], args[0]), "millrace user rewards "+args[0]
		return show(ctx, a, c, shownReward.table)
	})
}

// goodwill is what grant asks for, as the server takes it.
type goodwill struct {
	Kind         string `json:"kind"`
	Amount       int64  `json:"amount"`
	Currency     string `json:"currency,omitempty"`
	ExpiresAfter string `json:"expires_after,omitempty"`
	Debt         string `json:"debt,omitempty"`
	Reason       string `json:"reason"`
	Grant        struct {
		Mode string `json:"mode,omitempty"`
	} `json:"grant,omitzero"`
}

func (a *app) grantRewardCommand() *cobra.Command {
	var g goodwill
	var key string
	var expires time.Duration
	cmd := &cobra.Command{
		Use: "grant USER --kind KIND --amount N --reason WHY", Short: "Give a user a reward out of goodwill",
		Long:    "Gives a user a reward that no mission has won, and shows it. The token needs the role editor.\nA grant that may have been sent before is sent again with the same --key: it is done once.",
		Example: "  millrace reward grant usr_1 --kind coins --amount 100 --reason apology",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("expires-after") {
				g.ExpiresAfter = expires.String()
			}
			c := call{method: http.MethodPost, path: "/v1/panel" + path("users", args[0], "rewards"), roles: writes(),
				body: g, key: keyOr(key), what: fmt.Sprintf("user %q", args[0])}
			return show(cmd.Context(), a, c, shownReward.table)
		},
	}
	f := cmd.Flags()
	choiceFlag(cmd, &g.Kind, "kind", "", mission.RewardKinds(), "")
	wholeFlag(f, &g.Amount, "amount", 0, "coins, or minor units of --currency")
	textFlag(f, &g.Currency, "currency", "", "of what is no coins, such as INR")
	durationFlag(f, &expires, "expires-after", 0,
		"how long it can be claimed or scratched, such as 720h (default: for ever)")
	f.Lookup("expires-after").DefValue = "" // 0 is not sent
	choiceFlag(cmd, &g.Grant.Mode, "grant", "", mission.GrantModes(), "at once, or when the user claims it: ")
	choiceFlag(cmd, &g.Debt, "debt", "", mission.Debts(), "what a claw-back may do to the balance: ")
	textFlag(f, &g.Reason, "reason", "", "why, for the user's record")
	idempotent(cmd, &key)
	required(cmd, "kind", "amount", "reason")
	return cmd
}

func (a *app) cancelRewardCommand() *cobra.Command {
	var reason, key string
	cmd := &cobra.Command{
		Use: "cancel USER REWARD --reason WHY", Short: "Take a reward back for good, before or after it is granted",
		Long:    "Takes a reward back, and shows it: cancelled if it was not granted, clawed back if it was. The token needs the role editor.",
		Example: "  millrace reward cancel usr_1 rw_1 --reason fraud",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := call{
				method: http.MethodPost, path: "/v1/panel" + path("users", args[0], "rewards", args[1], "cancel"),
				roles: writes(),
				body:  map[string]string{"reason": reason}, key: keyOr(key),
				what: fmt.Sprintf("reward %q of user %q", args[1], args[0]), list: "millrace user rewards " + args[0],
			}
			return show(cmd.Context(), a, c, shownReward.table)
		},
	}
	textFlag(cmd.Flags(), &reason, "reason", "", "why, for the user's record")
	idempotent(cmd, &key)
	required(cmd, "reason")
	return cmd
}

// idempotent lets a write be repeated by hand.
func idempotent(c *cobra.Command, key *string) {
	textFlag(c.Flags(), key, "key", "", "Idempotency-Key: the same key again is the same command (default: a new one)")
}

func keyOr(given string) string {
	if given != "" {
		return given
	}
	return rand.Text()
}
