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
)

// missions is the collection of missions.
func missions() *collection {
	const at = "/v1/panel/missions"
	return &collection{catalog.KindMission, at, func(id string) string { return at + path(id) }, "mission", "millrace mission list"}
}

func (a *app) missionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "mission", Short: "Missions: what users must do, and what they win"}
	cmd.AddCommand(a.applyCommand(), a.listMissionsCommand(), a.getMissionCommand(), a.explainCommand(), a.simulateCommand(), a.approveMissionCommand(), a.rejectMissionCommand())
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

// shownMission is what list shows of a mission.
type shownMission struct {
	ID       string        `json:"id"`
	Status   string        `json:"status"`
	Version  int64         `json:"version"`
	Revision int64         `json:"revision"`
	Summary  string        `json:"summary"`
	Approval approvalShown `json:"approval"`
	Versions []struct {
		InForceFrom *time.Time `json:"in_force_from"`
	} `json:"versions"`
}

func missionHeader() []string { return []string{"id", "status", "version", "mission"} }

func (m shownMission) row() []string {
	return []string{m.ID, m.Status + m.Approval.word(), fmt.Sprint(m.Version), m.Summary}
}

func (a *app) listMissionsCommand() *cobra.Command {
	var p paging
	var status, merchant, text, approval string
	cmd := &cobra.Command{
		Use: "list", Short: "List missions",
		Example: "  millrace mission list --status active\n  millrace mission list --approval waiting",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := call{path: missions().path, roles: reads(), query: given("status", status, "merchant", merchant, "q", text, "approval", approval)}
			return list(cmd.Context(), a, c, p, missionHeader(), shownMission.row)
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&status, "status", "", "only this status: draft, scheduled, active, paused, ended or archived")
	cmd.Flags().StringVar(&approval, "approval", "", "only missions whose approval is: not_needed, waiting, approved or rejected")
	cmd.Flags().StringVar(&merchant, "merchant", "", "only missions with a filter for this merchant")
	cmd.Flags().StringVar(&text, "find", "", "only missions with this text in id, title, description, brand or summary")
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
			return a.watched(cmd.Context(), w, func(ctx context.Context) error { return a.getMission(ctx, args[0], version) })
		},
	}
	wholeFlag(cmd.Flags(), &version, "version", 0, "the definition of this version (default: the latest, which may not be in force yet)")
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

// given returns a query of those names, in pairs with their values, whose values are not empty.
func given(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if v := pairs[i+1]; v != "" {
			q.Set(pairs[i], v)
		}
	}
	return q
}
