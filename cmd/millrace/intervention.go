package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/catalog"
)

// decided is a kind of thing that people decide over payment health, with its commands.
type decided struct {
	collection
	use, short string
	withdraw   string // arguments
	example    string
	place      string // an example of the arguments
}

func decisions() []decided {
	byID := func(kind catalog.Kind, use, at string) collection {
		return collection{kind, at, func(id string) string {
			return at + path(id)
		}, use, "millrace health " + use + " list"}
	}
	byPlace := func(kind catalog.Kind, use, at string) collection {
		c := byID(kind, use, at)
		c.item = func(id string) string { return at + path(placeOf(id)...) }
		return c
	}
	return []decided{
		{
			byID(catalog.KindOverride, "override", "/v1/panel/overrides"),
			"override", "Force the state of an instrument or gateway until a time", "ID",
			"- {id: sbi-outage, mode: upi, instrument: sbi, state: down, until: 2026-03-01T12:00:00Z, reason: the bank said so}", "sbi-outage",
		}, {
			byID(catalog.KindMaintenance, "maintenance", "/v1/panel/maintenance"),
			"maintenance", "Downtimes known beforehand", "ID",
			"- {id: sbi-upgrade, mode: upi, instrument: sbi, reason: upgrade,\n       begin: 2026-03-02T00:00:00Z, end: 2026-03-02T01:00:00Z}", "sbi-upgrade",
		}, {
			byPlace(catalog.KindFreeze, "freeze", "/v1/panel/freeze"),
			"freeze", "Stop all automatic changes of state in a mode until a time", "MODE",
			"- {mode: upi, until: 2026-03-01T20:00:00Z, reason: sale}", "upi",
		}, {
			byPlace(catalog.KindHealthSetting, "settings", "/v1/panel/health-settings"),
			"settings", "Thresholds and other settings of a mode or instrument", "MODE [INSTRUMENT]",
			"- {mode: upi, settings: {up_after: 5}}\n- {mode: upi, instrument: sbi, effective_from: 2026-03-02T00:00:00Z, settings: {down_below: 0.6}}", "upi sbi",
		},
	}
}

// placeOf returns the names in the id of something of a mode or instrument.
func placeOf(id string) []string {
	mode, instrument, both := strings.Cut(id, "/")
	if !both {
		return []string{unescaped(mode)}
	}
	return []string{unescaped(mode), unescaped(instrument)}
}

func (a *app) decisionCommand(d decided) *cobra.Command {
	cmd := &cobra.Command{Use: d.use, Short: d.short}
	cmd.AddCommand(a.applyEntitiesCommand(&d.collection, "Times are event times. ", d.example), a.withdrawCommand(d),
		a.listDecisionsCommand(d))
	return cmd
}

func (a *app) withdrawCommand(d decided) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "withdraw " + d.withdraw, Short: "Take one back", Example: "  millrace health " + d.use + " withdraw " +
			d.place,
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
			if d.kind == catalog.KindFreeze || d.kind == catalog.KindHealthSetting {
				id = catalog.PlaceID(args[0], strings.Join(args[1:], ""))
			}
			return a.withdrawEntity(cmd.Context(), &d.collection, id, reason)
		},
	}
	reasonFlag(cmd, &reason)
	return cmd
}

// shownDecision is what list shows of one.
type shownDecision struct {
	ID       string         `json:"id"`
	State    string         `json:"state"`
	Status   string         `json:"status"`
	From     string         `json:"from"`
	Until    string         `json:"until"`
	Begin    string         `json:"begin"`
	End      string         `json:"end"`
	Since    string         `json:"effective_from"`
	Reason   string         `json:"reason"`
	Settings map[string]any `json:"settings"`
	Actor    string         `json:"actor"`
}

func (s shownDecision) row() []string {
	why := s.Reason
	if s.Settings != nil {
		why = strings.TrimPrefix(fmt.Sprint(s.Settings), "map")
	}
	return []string{s.ID, s.Status, dash(s.State), dash(s.From + s.Begin + s.Since), dash(s.Until + s.End),
		s.Actor, why}
}

func (a *app) listDecisionsCommand(d decided) *cobra.Command {
	var p paging
	cmd := &cobra.Command{
		Use: "list", Short: "List them",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(cmd.Context(), a, call{path: d.path, roles: reads()}, p,
				[]string{"id", "status", "state", "from", "until", "by", "why"}, shownDecision.row)
		},
	}
	p.flags(cmd)
	return cmd
}
