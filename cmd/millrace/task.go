package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

const (
	tasksPath     = "/v1/panel/tasks"
	taskKindsPath = "/v1/panel/task-kinds"
)

func (a *app) tasksCommand() *cobra.Command {
	return group(&cobra.Command{Use: "tasks",
		Short: "Work for programs outside the pipeline: look at it, add, run now, put off, end it, stop a kind"},
		a.listTasksCommand(), a.showTaskCommand(), a.addTaskCommand(),
		a.taskActCommand(task.OpRetry, "Run a task now that waits for its time", "Attempts stay as they were."),
		a.snoozeTaskCommand(),
		a.taskActCommand(task.OpCancel, "End a task", "A run under way is not called back: its answer ends the task."),
		a.listKindsCommand(),
		a.kindActCommand("pause", "Let no run of a kind begin",
			"Runs under way are answered as always. Keys whose next task is of the kind wait."),
		a.kindActCommand("resume", "Let a kind run again", ""))
}

// shownTask is what the table shows of a task.
type shownTask struct {
	ID          string  `json:"id"`
	Kind        string  `json:"kind"`
	Key         string  `json:"key"`
	State       string  `json:"state"`
	Attempt     int64   `json:"attempt"`
	MaxAttempts int64   `json:"max_attempts"`
	Due         string  `json:"due"`
	LastError   *string `json:"last_error"`
	Runs        []struct {
		Run    int64   `json:"run"`
		From   string  `json:"from"`
		To     string  `json:"to"`
		Ending string  `json:"ending"`
		Code   *string `json:"code"`
		Error  *string `json:"error"`
	} `json:"runs"`
}

func taskHeader() []string {
	return []string{"id", "kind", "key", "state", "attempt", "due", "last error"}
}

func (t shownTask) row() []string {
	return []string{t.ID, t.Kind, t.Key, t.State, fmt.Sprintf("%d/%d", t.Attempt, t.MaxAttempts), t.Due,
		dash(textOf(t.LastError))}
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// taskTable shows one task, and below it its runs.
func taskTable(t shownTask) table {
	out := table{header: taskHeader(), rows: [][]string{t.row()}}
	for _, r := range t.Runs {
		why := strings.TrimPrefix(textOf(r.Code)+": "+textOf(r.Error), ": ")
		out.rows = append(out.rows, []string{"", "", "", r.Ending, fmt.Sprintf("run %d", r.Run), r.To,
			dash(strings.TrimSuffix(why, ": "))})
	}
	return out
}

func taskCall(id string) call {
	return call{
		method: http.MethodGet, path: tasksPath + path(id), roles: reads(), what: fmt.Sprintf("task %q", id),
		list: "millrace tasks list",
	}
}

func (a *app) listTasksCommand() *cobra.Command {
	var p paging
	var kind, state, key string
	cmd := a.watchable(&cobra.Command{
		Use: "list", Short: "List tasks, by ordering key",
		Long:    "Lists tasks. Those of one key are in the order in which they run.",
		Example: "  millrace tasks list --state parked --kind reward_payout",
	}, func(ctx context.Context, _ []string) error {
		return list(ctx, a, call{path: tasksPath, roles: reads(),
			query: nonEmpty("kind", kind, "state", state, "key", key)}, p, taskHeader(), shownTask.row)
	})
	p.flags(cmd)
	textFlag(cmd.Flags(), &kind, "kind", "", "only this kind")
	choiceFlag(cmd, &state, "state", "", task.ShownStates(), "only those that are ")
	textFlag(cmd.Flags(), &key, "key", "", "only this ordering key, such as usr_1 or thank/usr_1")
	return cmd
}

func (a *app) showTaskCommand() *cobra.Command {
	return a.watchable(&cobra.Command{
		Use: "show ID", Aliases: []string{"get"}, Short: "Show a task with its runs",
		Example:           "  millrace tasks show tk_5f0c9d2ab4e1",
		ValidArgsFunction: a.listed(call{path: tasksPath, roles: reads()}, "id"),
	}, func(ctx context.Context, args []string) error { return show(ctx, a, taskCall(args[0]), taskTable) })
}

// taskActCommand is what is done to one task, without a body.
func (a *app) taskActCommand(op task.Op, short, long string) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: string(op) + " ID", Short: short,
		Long:              short + ". " + long + " The token needs the role editor.",
		Example:           "  millrace tasks " + string(op) + " tk_5f0c9d2ab4e1",
		ValidArgsFunction: a.listed(call{path: tasksPath, roles: reads()}, "id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(cmd.Context(), a, taskWrite(args[0], op, key), taskTable)
		},
	}
	idempotent(cmd, &key)
	return cmd
}

func taskWrite(id string, op task.Op, key string) call {
	c := taskCall(id)
	c.method, c.path, c.roles, c.key = http.MethodPost, c.path+"/"+string(op), writes(), keyOr(key)
	return c
}

func (a *app) snoozeTaskCommand() *cobra.Command {
	var key string
	var after time.Duration
	var until instant.Milli
	cmd := &cobra.Command{
		Use: "snooze ID", Short: "Put a task off without spending an attempt",
		Long: "Puts a task off, for a while or until a time. If it has begun, the others of its key wait. The token needs the " +
			"role editor.",
		Example:           "  millrace tasks snooze tk_5f0c9d2ab4e1 --for 1h",
		ValidArgsFunction: a.listed(call{path: tasksPath, roles: reads()}, "id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := taskWrite(args[0], task.OpSnooze, key)
			switch {
			case (after != 0) == (until != 0):
				return misused(cmd, "until when? Give one of --for and --until%s", example(cmd))
			case after != 0:
				c.body = map[string]any{"for": after.String()}
			default:
				c.body = map[string]any{"until": until}
			}
			return show(cmd.Context(), a, c, taskTable)
		},
	}
	durationFlag(cmd.Flags(), &after, "for", 0, "for how long from now on, such as 1h")
	timeFlag(cmd.Flags(), &until, "until", "until when, such as 2026-03-01T18:00:00Z")
	idempotent(cmd, &key)
	return cmd
}

// shownKind is what the table shows of a kind.
type shownKind struct {
	Kind        string `json:"kind"`
	Mode        string `json:"mode"`
	Persist     string `json:"persist"`
	MaxAttempts int64  `json:"max_attempts"`
	Timeout     string `json:"timeout"`
	Pause       *struct {
		Since  string `json:"since"`
		Actor  string `json:"actor"`
		Reason string `json:"reason"`
	} `json:"pause"`
}

func kindHeader() []string {
	return []string{"kind", "mode", "persist", "attempts", "timeout", "paused since", "by", "reason"}
}

func (k shownKind) row() []string {
	out := []string{k.Kind, k.Mode, k.Persist, fmt.Sprint(k.MaxAttempts), k.Timeout, "-", "-", "-"}
	if p := k.Pause; p != nil {
		copy(out[5:], []string{p.Since, p.Actor, p.Reason})
	}
	return out
}

func (a *app) listKindsCommand() *cobra.Command {
	var p paging
	cmd := a.watchable(&cobra.Command{
		Use: "kinds", Short: "List the kinds of tasks, with their policies and pauses",
		Example: "  millrace tasks kinds",
	}, func(ctx context.Context, _ []string) error {
		return list(ctx, a, call{path: taskKindsPath, roles: reads()}, p, kindHeader(), shownKind.row)
	})
	p.flags(cmd)
	return cmd
}

// kindActCommand pauses a kind, or resumes it.
func (a *app) kindActCommand(verb, short, long string) *cobra.Command {
	var key, why string
	cmd := &cobra.Command{
		Use: verb + " KIND --why WHY", Short: short,
		Long:              strings.TrimSpace(short+". "+long) + " The token needs the role editor.",
		Example:           "  millrace tasks " + verb + " reward_payout --why maintenance",
		ValidArgsFunction: a.listed(call{path: taskKindsPath, roles: reads()}, "kind"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := call{
				method: http.MethodPost, path: taskKindsPath + path(args[0]) + "/" + verb, roles: writes(),
				what: fmt.Sprintf("kind of tasks %q", args[0]), list: "millrace tasks kinds", key: keyOr(key),
				body: map[string]any{"reason": why},
			}
			return show(cmd.Context(), a, c, func(k shownKind) table {
				return table{header: kindHeader(), rows: [][]string{k.row()}}
			})
		},
	}
	textFlag(cmd.Flags(), &why, "why", "", "why, for the record")
	required(cmd, "why")
	idempotent(cmd, &key)
	return cmd
}
