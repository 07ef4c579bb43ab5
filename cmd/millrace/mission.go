package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/command"
	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

func (a *app) missionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "mission", Short: "Missions: what users must do, and what they win"}
	var files []string
	var dryRun bool
	var token string
	apply := &cobra.Command{
		Use:   "apply -f missions.yaml",
		Short: "Create missions, or change their status; shows a plain sentence for each",
		Long: `Reads missions as YAML or JSON (a list), shows each as a sentence, and returns when they are in force: the catalog has
judged them, and the views of --server show them. "-f -" reads standard input.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.applyMissions(cmd.Context(), files, dryRun) },
	}
	apply.Flags().StringArrayVarP(&files, "file", "f", nil, "file with missions; may be given several times")
	apply.Flags().BoolVar(&dryRun, "dry-run", false, "check and show, change nothing")
	_ = apply.MarkFlagRequired("file")
	list := &cobra.Command{
		Use: "list", Short: "List missions", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listMissions(cmd.Context(), token) },
	}
	get := &cobra.Command{
		Use: "get ID", Short: "Show one mission", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.getMission(cmd.Context(), token, args[0]) },
	}
	for _, c := range []*cobra.Command{list, get} {
		c.Flags().StringVar(&token, "token", "", "bearer token (default: one signed by the dev that --server names)")
	}
	cmd.AddCommand(apply, list, get, a.explainCommand())
	return cmd
}

// applied is the answer for one mission.
type applied struct {
	ID       string       `json:"id"`
	Result   string       `json:"result"`
	Status   string       `json:"status"`
	Version  int64        `json:"version"`
	Sentence string       `json:"sentence"`
	Problems problem.List `json:"problems,omitempty"`
}

func (a *app) applyMissions(ctx context.Context, files []string, dryRun bool) error {
	missions, err := readMissions(files)
	if err != nil {
		return err
	}
	results := make([]applied, len(missions))
	for i := range missions {
		m := &missions[i]
		results[i] = applied{ID: m.ID, Result: "valid", Status: string(m.Status), Sentence: mission.Sentence(m)}
	}
	if !dryRun {
		if err := a.putMissions(ctx, missions, results); err != nil {
			return err
		}
	}
	err = a.print(results, func() table {
		t := table{header: []string{"id", "result", "status", "mission"}}
		for _, r := range results {
			t.rows = append(t.rows, []string{r.ID, r.Result, dash(r.Status), r.Sentence})
		}
		return t
	})
	if err != nil {
		return err
	}
	var refused []error
	for _, r := range results {
		if r.Result == string(catalog.Refused) {
			refused = append(refused, fmt.Errorf("mission %s: %w", r.ID, r.Problems))
		}
	}
	if len(refused) > 0 {
		return finding{errors.Join(refused...)}
	}
	return nil
}

func (a *app) putMissions(ctx context.Context, missions []mission.Mission, results []applied) error {
	ctx, cancel := withTimeout(ctx, time.Minute)
	defer cancel()
	events, err := command.NewSender(a.config.Client(), a.topology(), actor()).Put(ctx, catalog.Missions(missions)...)
	if err != nil {
		return err
	}
	for i, e := range events {
		results[i].Result, results[i].Status, results[i].Version, results[i].Problems = string(e.Result), e.Status, e.Version, e.Problems
	}
	if err := a.waitForCatalog(ctx); err != nil {
		return fmt.Errorf("the catalog has judged the missions, but the server does not show them yet: %w", err)
	}
	return nil
}

// actor is who the audit names: the person at this machine.
func actor() string {
	for _, name := range []string{"USER", "LOGNAME"} {
		if v := os.Getenv(name); v != "" {
			return "cli:" + v
		}
	}
	return "cli"
}

func readMissions(files []string) ([]mission.Mission, error) {
	var all []mission.Mission
	from := map[string]string{}
	var errs []error
	for _, path := range files {
		missions, err := readMissionFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:\n%w", path, err))
			continue
		}
		for _, m := range missions {
			if other, twice := from[m.ID]; twice {
				errs = append(errs, fmt.Errorf("%s: mission %q is in %s too", path, m.ID, other))
			}
			from[m.ID] = path
		}
		all = append(all, missions...)
	}
	if len(errs) == 0 && len(all) == 0 {
		errs = append(errs, errors.New("no missions given"))
	}
	return all, errors.Join(errs...)
}

func readMissionFile(path string) ([]mission.Mission, error) {
	var in io.Reader = os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	return codecs.ParseMissions(in)
}

func (a *app) viewerToken(ctx context.Context, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	return a.devToken(ctx, actor(), []string{"viewer"}, time.Minute)
}

// shownMission is what list shows of a mission.
type shownMission struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Version int64  `json:"version"`
	Summary string `json:"summary"`
}

func (a *app) listMissions(ctx context.Context, given string) error {
	token, err := a.viewerToken(ctx, given)
	if err != nil {
		return err
	}
	all, shown := []json.RawMessage{}, []shownMission{}
	err = a.eachItem(ctx, "/v1/panel/missions", token, func(item json.RawMessage) error {
		var m shownMission
		if err := json.Unmarshal(item, &m); err != nil {
			return err
		}
		all, shown = append(all, item), append(shown, m)
		return nil
	})
	if err != nil {
		return err
	}
	return a.print(all, func() table {
		t := table{header: []string{"id", "status", "version", "mission"}}
		for _, m := range shown {
			t.rows = append(t.rows, []string{m.ID, m.Status, fmt.Sprint(m.Version), m.Summary})
		}
		return t
	})
}

func (a *app) getMission(ctx context.Context, given, id string) error {
	token, err := a.viewerToken(ctx, given)
	if err != nil {
		return err
	}
	raw, status, err := a.call(ctx, http.MethodGet, "/v1/panel/missions/"+url.PathEscape(id), token, nil)
	if status == http.StatusNotFound {
		return finding{fmt.Errorf("there is no mission %q", id)}
	}
	if err != nil {
		return err
	}
	var m shownMission
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	return a.print(json.RawMessage(bytes.TrimSpace(raw)), func() table {
		return table{header: []string{"id", "status", "version", "mission"}, rows: [][]string{{m.ID, m.Status, fmt.Sprint(m.Version), m.Summary}}}
	})
}
