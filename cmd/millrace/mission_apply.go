package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/command"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// applying is one run of `mission apply`.
type applying struct {
	*app
	files         []string
	dryRun, prune bool
	reason, given string // given is the token of --token
	token         string // empty: the server cannot be asked
}

func (a *app) applyCommand() *cobra.Command {
	r := &applying{app: a}
	cmd := &cobra.Command{
		Use:   "apply -f missions.yaml",
		Short: "Create missions, or change them; shows a plain sentence for each, and what is different",
		Long: `Reads missions as YAML or JSON (a list), shows each as a sentence with what is different from the server's, and returns when
they are in force: the catalog has judged them, and the views of --server show them. "-f -" reads standard input.

A changed definition of a mission that was active is a new version, in force ten seconds later (or from in_force_from on); users who
are in the mission stay with the version that was in force when they came. Without a status a mission stays as it is, and begins as
a draft. Missions that no file names stay as they are, unless --prune archives them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd.Context()) },
	}
	cmd.Flags().StringArrayVarP(&r.files, "file", "f", nil, "file with missions; may be given several times")
	cmd.Flags().BoolVar(&r.dryRun, "dry-run", false, "check and show, change nothing")
	cmd.Flags().BoolVar(&r.prune, "prune", false, "archive every mission that no file names")
	cmd.Flags().StringVar(&r.reason, "reason", "", "why, for the audit")
	tokenFlag(cmd, &r.given)
	_ = cmd.MarkFlagRequired("file")
	return cmd
}

// applied is the answer for one mission.
type applied struct {
	ID       string       `json:"id"`
	Result   string       `json:"result"`
	Status   string       `json:"status"`
	Version  int64        `json:"version"`
	Sentence string       `json:"sentence"`
	Changes  []difference `json:"changes,omitempty"`
	Problems problem.List `json:"problems,omitempty"`
}

// difference is one place at which a file and the server differ.
type difference struct {
	Pointer string          `json:"pointer"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
}

// What apply says of a mission that it has not sent.
const (
	validResult     = "valid" // not compared with anything
	newResult       = "new"
	changedResult   = "changed"
	unchangedResult = "unchanged"
	pruneResult     = "to be archived"
)

func (r *applying) run(ctx context.Context) error {
	token, unreachable := r.viewerToken(ctx, r.given)
	if unreachable == nil {
		r.token = token
	}
	entities, err := r.read(ctx)
	if err != nil {
		return err
	}
	at := instant.Of(time.Now())
	commands, results := make([]*catalog.Command, len(entities)), make([]applied, len(entities))
	for i, e := range entities {
		commands[i] = catalog.NewPut(rand.Text(), actor(), at, e)
		commands[i].Reason = cmp.Or(r.reason, commands[i].Reason)
		if results[i], err = r.compare(ctx, commands[i]); err != nil {
			return err
		}
	}
	if r.prune {
		if unreachable != nil {
			return fmt.Errorf("--prune needs the server's list: %w", unreachable)
		}
		if commands, results, err = r.pruned(ctx, at, commands, results); err != nil {
			return err
		}
	}
	if !r.dryRun {
		if err := r.send(ctx, commands, results); err != nil {
			return err
		}
	}
	return r.show(results)
}

// read returns the missions of all files.
func (r *applying) read(ctx context.Context) ([]catalog.Entity, error) {
	cfg := pipeline.Catalog(r.config)
	cfg.Template = func(id string) (catalog.RewardTemplate, bool) { return r.template(ctx, id) }
	var all []catalog.Entity
	from := map[string]string{}
	var errs []error
	for _, path := range r.files {
		missions, err := readMissionFile(path, cfg)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:\n%w", path, err))
			continue
		}
		for _, m := range missions {
			if other, twice := from[m.ID()]; twice {
				errs = append(errs, fmt.Errorf("%s: mission %q is in %s too", path, m.ID(), other))
			}
			from[m.ID()] = path
		}
		all = append(all, missions...)
	}
	if len(errs) == 0 && len(all) == 0 {
		errs = append(errs, errors.New("no missions given"))
	}
	return all, errors.Join(errs...)
}

func readMissionFile(path string, cfg catalog.Config) ([]catalog.Entity, error) {
	in := os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	return codecs.ParseEntities(catalog.KindMission, in, cfg)
}

// template asks the server for a reward template.
func (r *applying) template(ctx context.Context, id string) (catalog.RewardTemplate, bool) {
	if r.token == "" {
		return catalog.RewardTemplate{}, false
	}
	raw, _, err := r.call(ctx, http.MethodGet, "/v1/panel/reward-templates/"+url.PathEscape(id), r.token, nil)
	if err != nil {
		return catalog.RewardTemplate{}, false
	}
	e, err := codecs.ParseEntity(catalog.KindRewardTemplate, raw, id, catalog.DefaultConfig())
	t, ok := e.(catalog.RewardTemplate)
	return t, ok && err == nil
}

// compare tells what is different from what the server has. Where it cannot be asked, the mission is valid and no more.
func (r *applying) compare(ctx context.Context, c *catalog.Command) (applied, error) {
	m, _ := c.Entity.(catalog.Mission)
	asked := m.Definition()
	out := applied{ID: asked.ID, Result: validResult, Status: m.Status(), Sentence: mission.Sentence(&asked)}
	if r.token == "" {
		return out, nil
	}
	raw, err := r.missionOf(ctx, r.token, asked.ID, 0)
	if err != nil {
		return out, err
	}
	if raw == nil {
		out.Result, out.Status = newResult, cmp.Or(out.Status, string(mission.Draft))
		return out, nil
	}
	e, err := codecs.ParseEntity(catalog.KindMission, raw, asked.ID, catalog.DefaultConfig())
	if err != nil {
		return out, fmt.Errorf("mission %s of the server: %w", asked.ID, err)
	}
	current, _ := e.(catalog.Mission)
	if asked.Status == "" {
		asked.Status = mission.Status(current.Status())
	}
	out.Result, out.Status = unchangedResult, string(asked.Status)
	for _, d := range catalog.Differences(codecs.DefinitionJSON(current), codecs.MissionJSON(&asked)) {
		out.Result = changedResult
		out.Changes = append(out.Changes, difference{d.Pointer, json.RawMessage(d.Before), json.RawMessage(d.After)})
	}
	return out, nil
}

// pruned adds the missions of the server that no file names, to be archived.
func (r *applying) pruned(ctx context.Context, at instant.Milli, commands []*catalog.Command, results []applied) ([]*catalog.Command, []applied, error) {
	named := map[string]bool{}
	for _, c := range commands {
		named[c.EntityID] = true
	}
	err := r.eachMission(ctx, r.token, func(m shownMission, _ json.RawMessage) {
		if named[m.ID] || m.Status == string(mission.Archived) {
			return
		}
		c := catalog.NewMove(rand.Text(), actor(), at, catalog.Archive, m.ID, 0)
		c.Reason = cmp.Or(r.reason, "pruned")
		commands = append(commands, c)
		results = append(results, applied{ID: m.ID, Result: pruneResult, Status: m.Status, Version: m.Version, Sentence: m.Summary})
	})
	return commands, results, err
}

func (r *applying) send(ctx context.Context, commands []*catalog.Command, results []applied) error {
	ctx, cancel := withTimeout(ctx, time.Minute)
	defer cancel()
	events, err := command.NewSender(r.config.Client(), r.topology(), actor()).Send(ctx, commands...)
	if err != nil {
		return err
	}
	for i, e := range events {
		results[i].Result, results[i].Status, results[i].Version, results[i].Problems = string(e.Result), e.Status, e.Version, e.Problems
	}
	if err := r.waitForCatalog(ctx); err != nil {
		return fmt.Errorf("the catalog has judged the missions, but the server does not show them yet: %w", err)
	}
	return r.inForce(ctx, results)
}

// soon is how long apply waits for a version to be in force; what begins later is said in versions, as `mission get` shows it.
const soon = 30 * time.Second

// inForce returns when the versions that were made are in force.
func (r *applying) inForce(ctx context.Context, results []applied) error {
	var last time.Time
	for _, result := range results {
		if r.token == "" || result.Result != string(catalog.Applied) || result.Version < 2 {
			continue
		}
		raw, err := r.missionOf(ctx, r.token, result.ID, 0)
		if err != nil {
			return err
		}
		var m shownMission
		if err := json.Unmarshal(raw, &m); err != nil || len(m.Versions) == 0 {
			return err
		}
		if from := m.Versions[len(m.Versions)-1].InForceFrom; from != nil && from.After(last) && time.Until(*from) < soon {
			last = *from
		}
	}
	select {
	case <-time.After(time.Until(last)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *applying) show(results []applied) error {
	err := r.print(results, func() table {
		t := table{header: []string{"id", "result", "status", "mission"}}
		for _, result := range results {
			t.rows = append(t.rows, []string{result.ID, result.Result, dash(result.Status), result.Sentence})
			for _, d := range result.Changes {
				t.rows = append(t.rows, []string{"", "", "", strings.TrimSpace(d.Pointer + ": " + dash(string(d.Before)) + " -> " + dash(string(d.After)))})
			}
		}
		return t
	})
	if err != nil {
		return err
	}
	var refused []error
	for _, result := range results {
		if result.Result == string(catalog.Refused) {
			refused = append(refused, fmt.Errorf("mission %s: %w", result.ID, result.Problems))
		}
	}
	if len(refused) > 0 {
		return finding{errors.Join(refused...)}
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
