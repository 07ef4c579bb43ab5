package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) healthCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "health", Short: "Payment health: how banks and gateways do, and what was decided for them"}
	cmd.AddCommand(a.healthListCommand(), a.healthStatusCommand(), a.healthWhyCommand(), a.backtestCommand())
	for _, d := range decisions() {
		cmd.AddCommand(a.decisionCommand(d))
	}
	return cmd
}

func (a *app) healthWhyCommand() *cobra.Command {
	return a.watchable(&cobra.Command{
		Use:   "why MODE INSTRUMENT",
		Short: "Tell why an instrument is up or down",
		Long: `Shows the state of an instrument and of its gateways, the thresholds, and what was held against them at the windows that decided it and
at the last ones. "-o json" has the closed windows too.`,
		Example:           "  millrace health why upi sbi",
		ValidArgsFunction: a.completePlaces,
	}, func(ctx context.Context, args []string) error {
		return show(ctx, a, instrumentCall(args[0], args[1], "why"), func(y shownWhy) table {
			return whyTable(args[0]+"/"+args[1], y)
		})
	})
}

// shownWhy is what the table shows of an instrument or gateway.
type shownWhy struct {
	Gateway    *string        `json:"gateway"`
	State      string         `json:"state"`
	Automatic  string         `json:"automatic_state"`
	Traffic    int            `json:"traffic_percent"`
	Reason     string         `json:"reason"`
	Since      string         `json:"since"`
	Stale      bool           `json:"stale"`
	DecidedBy  []shownWindow  `json:"decided_by"`
	Latest     []shownWindow  `json:"latest"`
	Thresholds map[string]any `json:"thresholds"`
	Freeze     *struct {
		Until, Reason string
	} `json:"freeze"`
	Gateways []shownWhy `json:"gateways"`
}

type shownWindow struct {
	WindowEnd string  `json:"window_end"`
	Rate      float64 `json:"rate"`
	Count     int64   `json:"count"`
}

// whyTable has a line for each level, and below it those of its windows.
func whyTable(name string, w shownWhy) table {
	t := table{header: []string{"what", "state", "traffic", "as of", "rate", "of", "why"}}
	level := func(name string, l shownWhy) {
		why := l.Reason
		if l.Automatic != l.State {
			why += "; by itself it would be " + l.Automatic
		}
		if l.Stale {
			why += " (stale)"
		}
		t.rows = append(t.rows, []string{name, l.State, fmt.Sprintf("%d %%", l.Traffic), dash(l.Since), "", "", why})
		for _, part := range []struct {
			title   string
			windows []shownWindow
		}{{"decided by", l.DecidedBy}, {"latest", l.Latest}} {
			for _, e := range part.windows {
				t.rows = append(t.rows, []string{below + part.title, "", "", e.WindowEnd, fmt.Sprintf("%.4f", e.Rate),
					fmt.Sprint(e.Count), ""})
			}
		}
	}
	level(name, w)
	for _, g := range w.Gateways {
		level(name+"/"+*g.Gateway, g)
	}
	text := func(name string) string { return fmt.Sprint(w.Thresholds[name]) }
	t.rows = append(t.rows, []string{"thresholds", "", "", "", "", "", "degraded below " + text("degraded_below") +
		", down below " + text("down_below") +
		" in " + text("down_after") + ", up after " + text("up_after") + ", at least " + text("min_samples") +
		" eligible"})
	if w.Freeze != nil {
		t.rows = append(t.rows, []string{"frozen", "", "", "", "", "", "until " + w.Freeze.Until + ": " +
			w.Freeze.Reason})
	}
	return t
}
