package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// applyEntitiesCommand makes what is of one kind as files say.
func (a *app) applyEntitiesCommand(c *collection, about, sample string) *cobra.Command {
	var files []string
	var dryRun bool
	var reason string
	cmd := &cobra.Command{
		Use: "apply -f FILE", Short: "Create or change what the file lists",
		Long: "Reads a list as YAML or JSON, and returns when the catalog has judged it and --server shows it. \"-f -\" reads standard input.\n" +
			"The token needs the role editor. " + about + "For example:\n\n    " +
			strings.ReplaceAll(sample, "\n", "\n    "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.applyEntities(cmd.Context(), c, files, dryRun, reason)
		},
	}
	filesFlag(cmd.Flags(), &files, "file", "f", "file to read; may be given several times")
	switchFlag(cmd.Flags(), &dryRun, "dry-run", "check, change nothing")
	reasonFlag(cmd, &reason)
	required(cmd, "file")
	return cmd
}

func (a *app) applyEntities(ctx context.Context, c *collection, files []string, dryRun bool, reason string) error {
	entities, err := a.readEntities(c.kind, files)
	if err != nil {
		return err
	}
	results, keys := make([]judged, len(entities)), make([]string, len(entities))
	for i, e := range entities {
		keys[i] = catalogID(e)
		results[i] = judged{ID: keys[i], Result: validResult}
	}
	if dryRun {
		return a.printJudged(results)
	}
	err = each(ctx, keys, func(ctx context.Context, i int) error {
		match, err := a.revision(ctx, c, keys[i])
		if err != nil {
			return err
		}
		results[i], err = a.put(ctx, c, entities[i], match, reason)
		return err
	})
	if err != nil {
		return err
	}
	return a.printJudged(results)
}

func (a *app) withdrawEntity(ctx context.Context, c *collection, id, reason string) error {
	out, err := a.call(ctx, c.of(http.MethodGet, id))
	if err != nil {
		return err
	}
	request := c.of(http.MethodDelete, id)
	request.reason = reason
	result, err := a.judge(ctx, request, id, out.etag)
	if err != nil {
		return err
	}
	return a.printJudged([]judged{result})
}

// printJudged shows what became of everything; what was refused is a finding.
func (a *app) printJudged(results []judged) error {
	err := a.print(results, func() table {
		t := table{header: []string{"id", "result", "status", "revision"}}
		for _, r := range results {
			t.rows = append(t.rows, []string{r.ID, r.Result, dash(r.Status), fmt.Sprint(r.Revision)})
		}
		return t
	})
	if err != nil {
		return err
	}
	return refusals(results)
}

// unescaped takes back what escapes the slashes of a name in an id of the catalog.
func unescaped(name string) string {
	if text, err := url.PathUnescape(name); err == nil {
		return text
	}
	return name
}
