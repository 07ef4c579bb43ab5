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

func (a *app) healthCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "health", Short: "Payment health: how banks and gateways do, and what was decided for them"}
	cmd.AddCommand(a.healthWhyCommand())
	return cmd
}

func (a *app) healthWhyCommand() *cobra.Command {
	var token string
	cmd := &cobra.Command{
		Use:   "why MODE INSTRUMENT",
		Short: "Tell why an instrument is up or down",
		Long: `Shows the state of an instrument and of its gateways, the thresholds, and the scores that decided it, made anew from the closed windows as
they are known now. "-o json" has the windows too.`,
		Example: "  millrace health why upi sbi",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.healthWhy(cmd.Context(), token, args[0], args[1])
		},
	}
	cmd.Flags().StringVar(&token, "token", "", "bearer token (default: one signed by the dev that --server names)")
	return cmd
}

// shownWhy is what the table shows of an instrument or gateway.
type shownWhy struct {
	Gateway    *string         `json:"gateway"`
	State      string          `json:"state"`
	Traffic    int             `json:"traffic_percent"`
	Reason     string          `json:"reason"`
	Since      string          `json:"since"`
	Stale      bool            `json:"stale"`
	DecidedBy  []shownEvidence `json:"decided_by"`
	Latest     []shownEvidence `json:"latest"`
	Thresholds map[string]any  `json:"thresholds"`
	Gateways   []shownWhy      `json:"gateways"`
}

type shownEvidence struct {
	WindowEnd string   `json:"window_end"`
	Score     *float64 `json:"score"`
	Eligible  int64    `json:"eligible"`
	SpeaksFor string   `json:"speaks_for"`
}

func (a *app) healthWhy(ctx context.Context, given, mode, instrument string) error {
	token, err := a.viewerToken(ctx, given)
	if err != nil {
		return err
	}
	path := "/v1/health/" + url.PathEscape(mode) + "/" + url.PathEscape(instrument) + "/why"
	raw, status, err := a.call(ctx, http.MethodGet, path, token, nil)
	if status == http.StatusNotFound {
		return finding{fmt.Errorf("there is no instrument %q of mode %q", instrument, mode)}
	}
	if err != nil {
		return err
	}
	var w shownWhy
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	return a.print(json.RawMessage(bytes.TrimSpace(raw)), func() table { return whyTable(mode+"/"+instrument, w) })
}

// whyTable has a line for each level, and below it those of its scores.
func whyTable(name string, w shownWhy) table {
	t := table{header: []string{"what", "state", "traffic", "as of", "score", "of", "why"}}
	level := func(name string, l shownWhy) {
		why := l.Reason
		if l.Stale {
			why += " (stale)"
		}
		t.rows = append(t.rows, []string{name, l.State, fmt.Sprintf("%d %%", l.Traffic), dash(l.Since), "", "", why})
		for _, part := range []struct {
			title    string
			evidence []shownEvidence
		}{{"decided by", l.DecidedBy}, {"latest", l.Latest}} {
			for _, e := range part.evidence {
				t.rows = append(t.rows, []string{"  " + part.title, "", "", e.WindowEnd, shownScore(e.Score), fmt.Sprint(e.Eligible), speaks(e.SpeaksFor)})
			}
		}
	}
	level(name, w)
	for _, g := range w.Gateways {
		level(name+"/"+*g.Gateway, g)
	}
	text := func(name string) string { return fmt.Sprint(w.Thresholds[name]) }
	t.rows = append(t.rows, []string{"thresholds", "", "", "", "", "", "degraded below " + text("degraded_below") + ", down below " + text("down_below") +
		" in " + text("down_after") + ", up after " + text("up_after") + ", at least " + text("min_samples") + " eligible"})
	return t
}

func speaks(what string) string {
	if what == "nothing" {
		return "too few to tell"
	}
	return "speaks for " + what
}

func shownScore(score *float64) string {
	if score == nil {
		return "-"
	}
	return fmt.Sprintf("%.4f", *score)
}
