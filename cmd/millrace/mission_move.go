package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
)

// moveCommand is one of activate, pause, resume, end and archive.
func (a *app) moveCommand(op catalog.Op, short string) *cobra.Command {
	var at instant.Milli
	var reason string
	cmd := &cobra.Command{
		Use: string(op) + " ID", Short: short, Example: "  millrace mission " + string(op) +
			" swiggy-500 --reason launch",
		ValidArgsFunction: a.completeMissions,
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := a.move(cmd.Context(), args[0], op, at, reason)
			if err != nil {
				return err
			}
			return a.printJudged([]judged{result})
		},
	}
	when := "event time, such as 2026-03-01T18:00:00Z; neither ahead nor before the change before (default: now)"
	if op == catalog.Activate {
		when = "event time, such as 2026-03-01T18:00:00Z; a time ahead schedules the mission (default: now)"
	}
	timeFlag(cmd.Flags(), &at, "at", when)
	reasonFlag(cmd, &reason)
	return cmd
}

// move does to a mission what op says, whatever it was before.
func (a *app) move(ctx context.Context, id string, op catalog.Op, at instant.Milli, reason string) (judged, error) {
	before, err := a.revision(ctx, missions(), id)
	if err != nil {
		return judged{}, err
	}
	c := missions().of(http.MethodPost, id)
	c.path, c.reason = c.path+"/"+string(op), reason
	body := map[string]any{}
	if at != 0 {
		body["at"] = at
	}
	c.body = body
	result, err := a.judge(ctx, c, id, "")
	if err == nil && before != "" && before == fmt.Sprintf("%q", fmt.Sprint(result.Revision)) {
		result.Result = string(verdict.Unchanged)
	}
	return result, err
}
