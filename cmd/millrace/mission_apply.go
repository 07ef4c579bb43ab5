package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/pipeline"
	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

// applying is one run of `mission apply`.
type applying struct {
	*app
	files         []string
	dryRun, prune bool
	reason        string
	unreachable   error // why the server cannot be asked; nil if it can
	named         *references
}

func (a *app) applyCommand() *cobra.Command {
	r := &applying{app: a}
	cmd := &cobra.Command{
		Use:   "apply -f missions.yaml",
		Short: "Create missions, or change them; shows a plain sentence for each, and what is different",
		Long: `Reads missions as YAML or JSON (a list), shows each as a sentence with what is different from the server's, and returns when
they are in force: the catalog has judged them, and --server shows them. "-f -" reads standard input. The token needs the role editor; a
dry run needs none where the server cannot be asked.

Files are read as YAML 1.2; several documents are one list. Money is a whole number of minor units: 50000, not 500.00. What is not
understood is refused with its line and column, and nothing is applied. Brands, pools and templates that missions name must be there.
docs/missions.md has every field.

A changed definition of a mission that was active is a new version, in force ten seconds later (or from in_force_from on); users who
are in the mission stay with the version that was in force when they came. Without a status a mission stays as it is, and begins as
a draft. Missions that no file names stay as they are, unless --prune archives them.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd.Context()) },
	}
	filesFlag(cmd.Flags(), &r.files, "file", "f", "file with missions; may be given several times")
	switchFlag(cmd.Flags(), &r.dryRun, "dry-run", "check and show, change nothing")
	switchFlag(cmd.Flags(), &r.prune, "prune", "archive every mission that no file names")
	reasonFlag(cmd, &r.reason)
	required(cmd, "file")
	return cmd
}

// applied is the answer for one mission.
type applied struct {
	ID       string       `json:"id"`
	Result   string       `json:"result"`
	Status   string       `json:"status"`
	Version  int64        `json:"version"`
	Window   string       `json:"window"` // when its payments are made
	Sentence string       `json:"sentence"`
	Changes  []difference `json:"changes,omitempty"`
	Notes    []string     `json:"notes,omitempty"`    // what the file left open, and what it means
	Warnings []string     `json:"warnings,omitempty"` // what is hardly meant
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
	newResult       = "new"
	changedResult   = "changed"
	unchangedResult = "unchanged"
	pruneResult     = "to be archived"
)

// wish is one mission with what the server has of it, and what is to be done about it.
type wish struct {
	applied
	entity catalog.Entity // nil: it is to be archived
	match  string         // the ETag of what the server has; empty if it has none
	reason string

	refusal error
}

func (r *applying) run(ctx context.Context) error {
	_, r.unreachable = r.bearer(ctx, writes())
	entities, err := r.read(ctx)
	if err != nil {
		return err
	}
	if r.unreachable != nil && (!r.dryRun || r.prune) {
		return r.unreachable
	}
	wishes := make([]wish, len(entities))
	for i, e := range entities {
		if wishes[i], err = r.compare(ctx, e); err != nil {
			return err
		}
		wishes[i].Warnings = wishes[i].warnings(time.Now())
	}
	if r.prune {
		if wishes, err = r.pruned(ctx, wishes); err != nil {
			return err
		}
	}
	if r.unreachable != nil {
		fmt.Fprintf(r.errs, "Not compared with what the server has: %v\n", r.unreachable)
	}
	if !r.dryRun {
		if err := r.send(ctx, wishes); err != nil {
			return err
		}
	}
	return r.show(wishes)
}

// read returns the missions of all files.
func (r *applying) read(ctx context.Context) ([]catalog.Entity, error) {
	cfg := pipeline.Catalog(r.config)
	r.named = newReferences(ctx, r.app, r.unreachable)
	cfg.Find = r.named.find
	var all []catalog.Entity
	from := map[string]string{}
	var errs []error
	for _, path := range r.files {
		missions, err := r.readEntityFile(catalog.KindMission, path, cfg)
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
	return all, errors.Join(append(errs, r.named.failed)...)
}

// wanted returns what a mission of a file asks for, compared with nothing.
func (r *applying) wanted(m catalog.Mission) wish {
	asked := m.Definition()
	out := wish{entity: m, reason: r.reason, applied: applied{ID: asked.ID, Result: validResult, Status: m.Status(),
		Window: mission.Term(&asked), Sentence: mission.Sentence(&asked)}}
	out.Notes = append(m.Assumed, r.named.notes(m)...)
	return out
}

// compare tells what is different from what the server has. Where it cannot be asked, the mission is valid and no more.
func (r *applying) compare(ctx context.Context, e catalog.Entity) (wish, error) {
	m, _ := e.(catalog.Mission)
	out, asked := r.wanted(m), m.Definition()
	if r.unreachable != nil {
		return out, nil //nolint:nilerr // a dry run goes without; it says so
	}
	got, found, err := r.find(ctx, missions().of(http.MethodGet, asked.ID))
	switch {
	case err != nil:
		return out, err
	case !found:
		out.Result, out.Status = newResult, cmp.Or(out.Status, string(mission.Draft))
		return out, nil
	}
	out.match = got.etag
	parsed, err := catalogcodec.ParseEntity(catalog.KindMission, got.body, asked.ID, catalog.DefaultConfig())
	if err != nil {
		return out, fmt.Errorf("mission %s of the server: %w", asked.ID, err)
	}
	current, _ := parsed.(catalog.Mission)
	if asked.Status == "" {
		asked.Status = mission.Status(current.Status())
	}
	out.Result, out.Status = unchangedResult, string(asked.Status)
	for _, d := range audit.Differences(catalogcodec.DefinitionJSON(current), missioncodec.JSON(&asked)) {
		out.Result = changedResult
		out.Changes = append(out.Changes, difference{d.Pointer, json.RawMessage(d.Before), json.RawMessage(d.After)})
	}
	return out, nil
}

// pruned adds the missions of the server that no file names, to be archived.
func (r *applying) pruned(ctx context.Context, wishes []wish) ([]wish, error) {
	named := map[string]bool{}
	for _, w := range wishes {
		named[w.ID] = true
	}
	_, err := r.eachItem(ctx, call{path: missions().path, roles: writes()}, everything(),
		func(raw json.RawMessage) error {
			var m shownMission
			if err := json.Unmarshal(raw, &m); err != nil {
				return err
			}
			if named[m.ID] || m.Status == string(mission.Archived) {
				return nil
			}
			wishes = append(wishes, wish{
				applied: applied{ID: m.ID, Result: pruneResult, Status: m.Status, Version: m.Version, Window: m.term(),
					Sentence: m.Summary}, reason: cmp.Or(r.reason, "pruned"),
			})
			return nil
		})
	return wishes, err
}

// send has every wish judged, and returns when what was applied is in force.
func (r *applying) send(ctx context.Context, wishes []wish) error {
	keys := make([]string, len(wishes))
	for i, w := range wishes {
		keys[i] = w.ID
	}
	err := each(ctx, keys, func(ctx context.Context, i int) (err error) {
		w, c := &wishes[i], missions()
		var result judged
		if w.entity != nil {
			result, err = r.put(ctx, c, w.entity, w.match, w.reason)
		} else {
			result, err = r.move(ctx, w.ID, catalog.Archive, instant.Milli(0), w.reason)
		}
		if err == nil {
			w.Result, w.Status, w.Version, w.Problems, w.refusal = result.Result, result.Status, result.Version,
				result.Problems, result.refusal
			w.Notes = append(w.Notes, result.approval.note(w.ID)...)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := r.settled(ctx); err != nil {
		return fmt.Errorf("the catalog has judged the missions, but they are not in force yet: %w", err)
	}
	return r.inForce(ctx, wishes)
}

// settled returns when the server, and a pipeline in the same process, have taken in the catalog as the server shows it
// now.
func (r *applying) settled(ctx context.Context) error {
	ctx, cancel := withTimeout(ctx, settledWithin)
	defer cancel()
	out, err := r.call(ctx, call{method: http.MethodGet, path: missions().path, query: url.Values{"limit": {"1"}},
		roles: writes()})
	if err != nil {
		return err
	}
	var page struct {
		AsOf struct{ Token string } `json:"as_of"`
	}
	if err := json.Unmarshal(out.body, &page); err != nil {
		return err
	}
	return r.waitForToken(ctx, page.AsOf.Token)
}

// soon is how long apply waits for a version to be in force; what begins later is said in versions, as `mission get`
// shows it.
const soon = 30 * time.Second

// inForce returns when the versions that were made are in force.
func (r *applying) inForce(ctx context.Context, wishes []wish) error {
	var last time.Time
	for _, w := range wishes {
		if w.Result != string(verdict.Applied) || w.Version < 2 {
			continue
		}
		out, err := r.call(ctx, missions().of(http.MethodGet, w.ID))
		if err != nil {
			return err
		}
		var m shownMission
		if err := json.Unmarshal(out.body, &m); err != nil || len(m.Versions) == 0 {
			return err
		}
		if from := m.Versions[len(m.Versions)-1].InForceFrom; from != nil && from.After(last) &&
			time.Until(*from) < soon {
			last = *from
		}
	}
	if sleepUntil(ctx, last) != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (r *applying) show(wishes []wish) error {
	results := make([]applied, len(wishes))
	var refused []judged
	for i, w := range wishes {
		results[i] = w.applied
		refused = append(refused, judged{refusal: w.refusal})
	}
	err := r.print(results, func() table {
		t := table{header: []string{"id", "result", "status", "window", "mission"}}
		for _, result := range results {
			t.rows = append(t.rows, []string{result.ID, result.Result, dash(result.Status), dash(result.Window),
				result.Sentence})
			for _, note := range result.Notes {
				t.rows = append(t.rows, []string{"", "", "", "", "note: " + note})
			}
			for _, d := range result.Changes {
				t.rows = append(t.rows, []string{"", "", "", "",
					strings.TrimSpace(d.Pointer + ": " + dash(string(d.Before)) + " -> " + dash(string(d.After)))})
			}
		}
		return t
	})
	if err != nil {
		return err
	}
	for _, result := range results {
		for _, w := range result.Warnings {
			fmt.Fprintf(r.errs, "Warning: mission %s: %s\n", result.ID, w)
		}
	}
	return refusals(refused)
}
