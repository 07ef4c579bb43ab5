package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/command"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// decided is a kind of thing that people decide over payment health, with its commands.
type decided struct {
	kind             catalog.Kind
	use, short, path string // path of its list
	withdraw         string // arguments
	example          string
}

func decisions() []decided {
	return []decided{
		{
			catalog.KindOverride, "override", "Force the state of an instrument or gateway until a time", "/v1/panel/overrides", "ID",
			"- {id: sbi-outage, mode: upi, instrument: sbi, state: down, until: 2026-03-01T12:00:00Z, reason: the bank said so}",
		}, {
			catalog.KindMaintenance, "maintenance", "Downtimes known beforehand", "/v1/panel/maintenance", "ID",
			"- {id: sbi-upgrade, mode: upi, instrument: sbi, begin: 2026-03-02T00:00:00Z, end: 2026-03-02T01:00:00Z, reason: upgrade}",
		}, {
			catalog.KindFreeze, "freeze", "Stop all automatic changes of state in a mode until a time", "/v1/panel/freeze", "MODE",
			"- {mode: upi, until: 2026-03-01T20:00:00Z, reason: sale}",
		}, {
			catalog.KindHealthSetting, "settings", "Thresholds and other settings of a mode or instrument", "/v1/panel/health-settings", "MODE [INSTRUMENT]",
			"- {mode: upi, settings: {up_after: 5}}\n- {mode: upi, instrument: sbi, effective_from: 2026-03-02T00:00:00Z, settings: {down_below: 0.6}}",
		},
	}
}

func (a *app) decisionCommand(d decided) *cobra.Command {
	cmd := &cobra.Command{Use: d.use, Short: d.short}
	var files []string
	var dryRun bool
	var token string
	apply := &cobra.Command{
		Use: "apply -f FILE", Short: "Create or change what the file lists",
		Long: "Reads a list as YAML or JSON, and returns when the catalog has judged it and the views of --server show it. \"-f -\" reads standard input.\nTimes are event times. For example:\n\n" +
			"    " + strings.ReplaceAll(d.example, "\n", "\n    "),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.applyDecisions(cmd.Context(), d, files, dryRun) },
	}
	apply.Flags().StringArrayVarP(&files, "file", "f", nil, "file to read; may be given several times")
	apply.Flags().BoolVar(&dryRun, "dry-run", false, "check, change nothing")
	_ = apply.MarkFlagRequired("file")
	withdraw := &cobra.Command{
		Use: "withdraw " + d.withdraw, Short: "Take one back", Args: cobra.RangeArgs(1, len(strings.Fields(d.withdraw))),
		RunE: func(cmd *cobra.Command, args []string) error { return a.withdrawDecision(cmd.Context(), d, args) },
	}
	list := &cobra.Command{
		Use: "list", Short: "List them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listDecisions(cmd.Context(), d, token) },
	}
	list.Flags().StringVar(&token, "token", "", "bearer token (default: one signed by the dev that --server names)")
	cmd.AddCommand(apply, withdraw, list)
	return cmd
}

// judgedDecision is the answer for one.
type judgedDecision struct {
	ID       string       `json:"id"`
	Result   string       `json:"result"`
	Status   string       `json:"status"`
	Revision int64        `json:"revision"`
	Problems problem.List `json:"problems,omitempty"`
}

func (a *app) applyDecisions(ctx context.Context, d decided, files []string, dryRun bool) error {
	var commands []*catalog.Command
	var errs []error
	at := instant.Of(time.Now())
	for _, path := range files {
		entities, err := a.readDecisions(d, path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:\n%w", path, err))
		}
		for _, e := range entities {
			commands = append(commands, catalog.NewPut(rand.Text(), actor(), at, e))
		}
	}
	if len(errs) == 0 && len(commands) == 0 {
		errs = append(errs, errors.New("nothing given"))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if dryRun {
		results := make([]judgedDecision, len(commands))
		for i, c := range commands {
			results[i] = judgedDecision{ID: c.EntityID, Result: "valid"}
		}
		return a.printDecisions(results)
	}
	return a.sendDecisions(ctx, commands)
}

func (a *app) readDecisions(d decided, path string) ([]catalog.Entity, error) {
	var in io.Reader = os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	return codecs.ParseEntities(d.kind, in, pipeline.Catalog(a.config))
}

func (a *app) withdrawDecision(ctx context.Context, d decided, args []string) error {
	id := args[0]
	if d.kind == catalog.KindFreeze || d.kind == catalog.KindHealthSetting {
		id = catalog.PlaceID(args[0], strings.Join(args[1:], ""))
	}
	return a.sendDecisions(ctx, []*catalog.Command{catalog.NewWithdrawal(rand.Text(), actor(), instant.Of(time.Now()), d.kind, id)})
}

// sendDecisions has commands judged, waits until the views show what came of them, and tells.
func (a *app) sendDecisions(ctx context.Context, commands []*catalog.Command) error {
	ctx, cancel := withTimeout(ctx, time.Minute)
	defer cancel()
	events, err := command.NewSender(a.config.Client(), a.topology(), actor()).Send(ctx, commands...)
	if err != nil {
		return err
	}
	results := make([]judgedDecision, len(events))
	var refused []error
	for i, e := range events {
		results[i] = judgedDecision{e.EntityID, string(e.Result), e.Status, e.Revision, e.Problems}
		if e.Result == catalog.Refused {
			refused = append(refused, fmt.Errorf("%s: %w", e.Key(), e.Problems))
		}
	}
	if err := a.waitForCatalog(ctx); err != nil {
		return fmt.Errorf("the catalog has judged it, but the server does not show it yet: %w", err)
	}
	if err := a.printDecisions(results); err != nil {
		return err
	}
	if len(refused) > 0 {
		return finding{errors.Join(refused...)}
	}
	return nil
}

func (a *app) printDecisions(results []judgedDecision) error {
	return a.print(results, func() table {
		t := table{header: []string{"id", "result", "status", "revision"}}
		for _, r := range results {
			t.rows = append(t.rows, []string{r.ID, r.Result, dash(r.Status), fmt.Sprint(r.Revision)})
		}
		return t
	})
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

func (a *app) listDecisions(ctx context.Context, d decided, given string) error {
	token, err := a.viewerToken(ctx, given)
	if err != nil {
		return err
	}
	all, t := []json.RawMessage{}, table{header: []string{"id", "status", "state", "from", "until", "by", "why"}}
	err = a.eachItem(ctx, d.path, token, func(item json.RawMessage) error {
		var s shownDecision
		if err := json.Unmarshal(item, &s); err != nil {
			return err
		}
		why := s.Reason
		if s.Settings != nil {
			why = strings.TrimPrefix(fmt.Sprint(s.Settings), "map")
		}
		all = append(all, item)
		t.rows = append(t.rows, []string{s.ID, s.Status, dash(s.State), dash(s.From + s.Begin + s.Since), dash(s.Until + s.End), s.Actor, why})
		return nil
	})
	if err != nil {
		return err
	}
	return a.print(all, func() table { return t })
}
