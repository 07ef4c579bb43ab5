package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

// shownHealth is what the table shows of an instrument or gateway.
type shownHealth struct {
	Mode       string   `json:"mode"`
	Instrument string   `json:"instrument"`
	Gateway    *string  `json:"gateway"`
	State      string   `json:"state"`
	Traffic    int      `json:"traffic_percent"`
	Score      *float64 `json:"score"`
	Samples    int64    `json:"samples"`
	Since      *string  `json:"since"`
	Reason     string   `json:"reason"`
	Stale      bool     `json:"stale"`
}

func healthHeader() []string {
	return []string{"what", "state", "traffic", "score", "samples", "since", "why"}
}

func (h shownHealth) row() []string {
	name, score, since, why := h.Mode+"/"+h.Instrument, "-", "-", h.Reason
	if h.Gateway != nil {
		name += "/" + *h.Gateway
	}
	if h.Score != nil {
		score = fmt.Sprintf("%.4f", *h.Score)
	}
	if h.Since != nil {
		since = *h.Since
	}
	if h.Stale {
		why += " (stale)"
	}
	return []string{name, h.State, fmt.Sprintf("%d %%", h.Traffic), score, fmt.Sprint(h.Samples), since, why}
}

func (a *app) healthListCommand() *cobra.Command {
	var p paging
	var mode string
	cmd := a.watchable(&cobra.Command{
		Use: "list", Short: "List every instrument with its state",
		Example: "  millrace health list --mode upi --watch",
	}, func(ctx context.Context, _ []string) error {
		return list(ctx, a, call{path: "/v1/health", query: nonEmpty("mode", mode), roles: ofHealth(), whole: true}, p,
			healthHeader(), shownHealth.row)
	})
	p.flags(cmd)
	textFlag(cmd.Flags(), &mode, "mode", "", "only this mode, such as upi")
	return cmd
}

func (a *app) healthStatusCommand() *cobra.Command {
	return a.watchable(&cobra.Command{
		Use: "status MODE INSTRUMENT", Short: "Show the state of one instrument and of its gateways",
		Long:              "Shows state, share of traffic and score of an instrument and of its gateways; \"-o json\" has the closed windows that the score looks back on.\n`millrace health why` says what decided it.",
		Example:           "  millrace health status upi sbi --watch",
		ValidArgsFunction: a.completePlaces,
	}, func(ctx context.Context, args []string) error {
		return show(ctx, a, instrumentCall(args[0], args[1]), func(s struct {
			shownHealth
			Gateways []shownHealth `json:"gateways"`
		}) table {
			t := table{header: healthHeader(), rows: [][]string{s.row()}}
			for _, g := range s.Gateways {
				t.rows = append(t.rows, g.row())
			}
			return t
		})
	})
}

// instrumentCall asks for something of an instrument.
func instrumentCall(mode, instrument string, rest ...string) call {
	return call{
		path: "/v1/health" + path(append([]string{mode, instrument}, rest...)...), roles: ofHealth(),
		what: fmt.Sprintf("instrument %q of mode %q", instrument, mode), list: "millrace health list",
	}
}

// completePlaces proposes a mode, then an instrument of it.
func (a *app) completePlaces(cmd *cobra.Command, args []string,
	_ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 1 || a.configure(cmd) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
	defer cancel()
	var names []cobra.Completion
	_, err := a.eachItem(ctx, call{path: "/v1/health", roles: ofHealth(), whole: true}, everything(),
		func(raw json.RawMessage) error {
			var h shownHealth
			if err := json.Unmarshal(raw, &h); err != nil {
				return err
			}
			name := h.Mode
			if len(args) == 1 {
				name = cobra.CompletionWithDesc(h.Instrument, h.State)
				if h.Mode != args[0] {
					return nil
				}
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			return nil
		})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
