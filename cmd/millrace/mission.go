package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/catalog"
)

func (a *app) missionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "mission", Short: "Missions: what users must do, and what they win"}
	var token string
	list := &cobra.Command{
		Use: "list", Short: "List missions", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listMissions(cmd.Context(), token) },
	}
	var version int64
	get := &cobra.Command{
		Use: "get ID", Short: "Show one mission: its latest version, or the one asked for", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("version") && version < 1 {
				return errors.New("--version: versions count from 1")
			}
			return a.getMission(cmd.Context(), token, args[0], version)
		},
	}
	get.Flags().Int64Var(&version, "version", 0, "the definition of this version (default: the latest, which may not be in force yet)")
	for _, c := range []*cobra.Command{list, get} {
		tokenFlag(c, &token)
	}
	cmd.AddCommand(a.applyCommand(), list, get, a.explainCommand(), a.simulateCommand())
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

func tokenFlag(c *cobra.Command, token *string) {
	c.Flags().StringVar(token, "token", "", "bearer token (default: one signed by the dev that --server names)")
}

func (a *app) viewerToken(ctx context.Context, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	return a.devToken(ctx, actor(), []string{"viewer"}, time.Minute)
}

// shownMission is what list shows of a mission.
type shownMission struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Version  int64  `json:"version"`
	Summary  string `json:"summary"`
	Versions []struct {
		InForceFrom *time.Time `json:"in_force_from"`
	} `json:"versions"`
}

func (m *shownMission) row() []string {
	return []string{m.ID, m.Status, fmt.Sprint(m.Version), m.Summary}
}

// eachMission gives take every mission that the server shows.
func (a *app) eachMission(ctx context.Context, token string, take func(shownMission, json.RawMessage)) error {
	return a.eachItem(ctx, "/v1/panel/missions", token, func(item json.RawMessage) error {
		var m shownMission
		if err := json.Unmarshal(item, &m); err != nil {
			return err
		}
		take(m, item)
		return nil
	})
}

func (a *app) listMissions(ctx context.Context, given string) error {
	token, err := a.viewerToken(ctx, given)
	if err != nil {
		return err
	}
	all, t := []json.RawMessage{}, table{header: []string{"id", "status", "version", "mission"}}
	err = a.eachMission(ctx, token, func(m shownMission, item json.RawMessage) { all, t.rows = append(all, item), append(t.rows, m.row()) })
	if err != nil {
		return err
	}
	return a.print(all, func() table { return t })
}

// missionOf returns what the server shows of a version of a mission, 0 for the latest; nil if there is none.
func (a *app) missionOf(ctx context.Context, token, id string, version int64) (json.RawMessage, error) {
	path := "/v1/panel/missions/" + url.PathEscape(id)
	if version > 0 {
		path += "?version=" + strconv.FormatInt(version, 10)
	}
	raw, status, err := a.call(ctx, http.MethodGet, path, token, nil)
	if status == http.StatusNotFound {
		return nil, nil
	}
	return bytes.TrimSpace(raw), err
}

func (a *app) getMission(ctx context.Context, given, id string, version int64) error {
	token, err := a.viewerToken(ctx, given)
	if err != nil {
		return err
	}
	raw, err := a.missionOf(ctx, token, id, version)
	switch {
	case err != nil:
		return err
	case raw == nil && version > 0:
		return finding{fmt.Errorf("there is no mission %q, or it has no version %d: `millrace mission list` shows the latest of each", id, version)}
	case raw == nil:
		return finding{fmt.Errorf("there is no mission %q: `millrace mission list` shows those that there are", id)}
	}
	var m shownMission
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	return a.print(raw, func() table {
		return table{header: []string{"id", "status", "version", "mission"}, rows: [][]string{m.row()}}
	})
}
