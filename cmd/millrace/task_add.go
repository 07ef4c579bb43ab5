package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// addedTask is what the table shows of a task that was accepted.
type addedTask struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Key      string `json:"key"`
	Due      string `json:"due"`
	Priority int64  `json:"priority"`
}

func (t addedTask) table() table {
	return table{header: []string{"id", "kind", "key", "due", "priority"},
		rows: [][]string{{t.ID, t.Kind, t.Key, t.Due, fmt.Sprint(t.Priority)}}}
}

func (a *app) addTaskCommand() *cobra.Command {
	var key, payload string
	var delay time.Duration
	var due instant.Milli
	var body taskcodec.SubmitBody
	cmd := &cobra.Command{
		Use: "add KIND KEY", Short: "Submit a task",
		Long: "Submits a task of a kind that the deployment declares, and shows its id. It may not have begun yet. Tasks of one " +
			"kind and key run one after the other. The token needs the role service.",
		Example:           `  millrace tasks add thank usr_1 --payload '{"amount":100}' --delay 10m`,
		ValidArgsFunction: a.listed(call{path: taskKindsPath, roles: reads()}, "kind"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if delay != 0 && due != 0 {
				return misused(cmd, "when? Give one of --delay and --due%s", example(cmd))
			}
			if payload != "" && json.Unmarshal([]byte(payload), &map[string]any{}) != nil {
				return misused(cmd, "--payload is no object of JSON%s", example(cmd))
			}
			body.Kind, body.Key, body.Due = args[0], args[1], due
			if delay != 0 {
				body.Delay = delay.String()
			}
			c := call{
				method: http.MethodPost, path: "/v1/tasks", roles: ofAnyUser(), body: withPayload(body, payload),
				unjudged: true, key: keyOr(key),
				what: fmt.Sprintf("kind of tasks %q", args[0]), list: "millrace tasks kinds",
			}
			return show(cmd.Context(), a, c, addedTask.table)
		},
	}
	f := cmd.Flags()
	textFlag(f, &payload, "payload", "", "what the handler gets: an object of JSON")
	durationFlag(f, &delay, "delay", 0, "how long from now on until it may run, such as 10m")
	timeFlag(f, &due, "due", "when it may run, such as 2026-03-01T18:00:00Z")
	wholeFlag(f, &body.Priority, "priority", 0, fmt.Sprintf("%d to %d; higher ones of a key run first",
		task.MinPriority, task.MaxPriority))
	textFlag(f, &body.Dedupe, "dedupe-key", "",
		"while the kind remembers it, another task of the same kind, key and dedupe key is dropped")
	idempotent(cmd, &key)
	return cmd
}

// withPayload returns the body with the payload as it was written: numbers keep their digits.
func withPayload(b taskcodec.SubmitBody, payload string) any {
	if payload == "" {
		return b
	}
	return struct {
		taskcodec.SubmitBody
		Payload json.RawMessage `json:"payload"`
	}{b, json.RawMessage(payload)}
}
