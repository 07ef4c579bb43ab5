// Package logsink writes runs of tasks to the log.
package logsink

import (
	"context"
	"log/slog"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker"
)

// New returns a handler that logs each run, with its payload, and succeeds.
func New(log *slog.Logger) worker.Handler {
	return worker.HandlerFunc(func(ctx context.Context, r *task.Run) worker.Result {
		log.InfoContext(ctx, "task", "kind", r.Task.Kind, "id", r.Task.ID, "key", r.Task.Key, "attempt", r.Attempt,
			"payload", string(r.Task.Payload))
		return worker.OK(nil)
	})
}
