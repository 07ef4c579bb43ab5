package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
)

// missions is the collection of missions.
func missions() *collection {
	const at = "/v1/panel/missions"
	return &collection{catalog.KindMission, at, func(id string) string {
		return at + path(id)
	}, "mission", "millrace mission list"}
}

func (a *app) missionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "mission", Short: "Missions: what users must do, and what they win"}
	cmd.AddCommand(a.applyCommand(), a.listMissionsCommand(), a.getMissionCommand(), a.explainCommand(),
		a.simulateCommand(), a.approveMissionCommand(), a.rejectMissionCommand())
	for _, move := range []struct {
		op    catalog.Op
		short string
	}{
		{catalog.Activate, "Make a mission active, now or at a time ahead"},
		{catalog.Pause, "Pause a mission: payments made from then on do not count"},
		{catalog.Resume, "Let a paused mission go on"},
		{catalog.End, "End a mission; what counted before stays"},
		{catalog.Archive, "Archive a mission: users see it no more"},
	} {
		cmd.AddCommand(a.moveCommand(move.op, move.short))
	}
	return cmd
}

// shownTerm is the part of a definition that says when the payments of a mission are made.
type shownTerm struct {
	Window struct {
		Kind, From, To, Every, Start, Duration string
	} `json:"window"`
	TimeZone  string `json:"time_zone"`
	Enrolment string `json:"enrolment"`
}

// shownMission is what list shows of a mission.
type shownMission struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Version  int64  `json:"version"`
	Revision int64  `json:"revision"`
	Summary  string `json:"summary"`
	shownTerm
	Approval approvalShown `json:"approval"`
	Versions []struct {
		InForceFrom *time.Time `json:"in_force_from"`
	} `json:"versions"`
}

func missionHeader() []string { return []string{"id", "status", "version", "window", "mission"} }

// term says when the payments are made.
func (m shownTerm) term() string {
	w := m.Window
	lasts, _ := time.ParseDuration(w.Duration) // only per_user windows have one
	return dash(mission.Term(&mission.Mission{
		Window:   mission.Window{Kind: w.Kind, From: w.From, To: w.To, Every: w.Every, Duration: lasts, Start: w.Start},
		TimeZone: m.TimeZone, Enrolment: m.Enrolment,
	}))
}

func (m shownMission) row() []string {
	return []string{m.ID, m.Status + m.Approval.word(), fmt.Sprint(m.Version), m.term(), m.Summary}
}

func (a *app) listMissionsCommand() *cobra.Command {
	var p paging
	var merchant, text string
	var status mission.Status
	var approval catalog.ApprovalState
	cmd := &cobra.Command{
		Use: "list", Short: "List missions",
		Example: "  millrace mission list --status active\n  millrace mission list --approval waiting",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := call{path: missions().path, roles: reads(),
				query: nonEmpty("status", string(status), "merchant", merchant, "q", text, "approval",
					string(approval))}
			return list(cmd.Context(), a, c, p, missionHeader(), shownMission.row)
		},
	}
	p.flags(cmd)
	choiceFlag(cmd, &status, "status", "", mission.Statuses(), "only this status: ")
	choiceFlag(cmd, &approval, "approval", "", catalog.Approvals(), "only missions whose approval is ")
	textFlag(cmd.Flags(), &merchant, "merchant", "", "only missions with a filter for this merchant")
	textFlag(cmd.Flags(), &text, "find", "", "only missions with this text in id, title, description, brand or summary")
	return cmd
}

func (a *app) getMissionCommand() *cobra.Command {
	var version int64
	var w watch
	cmd := &cobra.Command{
		Use: "get ID", Short: "Show one mission: its latest version, or the one asked for",
		Example:           "  millrace mission get swiggy-500 -o yaml",
		ValidArgsFunction: a.completeMissions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("version") && version < 1 {
				return errors.New("--version: versions count from 1")
			}
			return a.watched(cmd.Context(), w, func(ctx context.Context) error {
				return a.getMission(ctx, args[0], version)
			})
		},
	}
	wholeFlag(cmd.Flags(), &version, "version", 0,
		"the definition of this version (default: the latest, which may not be in force yet)")
	w.flags(cmd)
	return cmd
}

func (a *app) getMission(ctx context.Context, id string, version int64) error {
	c := missions().of(http.MethodGet, id)
	if version > 0 {
		c.query = url.Values{"version": {strconv.FormatInt(version, 10)}}
		c.what += fmt.Sprintf(", or it has no version %d", version)
	}
	return show(ctx, a, c, func(m shownMission) table {
		return table{header: missionHeader(), rows: [][]string{m.row()}}
	})
}

// nonEmpty returns a query of those pairs of name and value whose value is not empty.
func nonEmpty(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if v := pairs[i+1]; v != "" {
			q.Set(pairs[i], v)
		}
	}
	return q
}
