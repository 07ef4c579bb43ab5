package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker"
)

// books stand for the system that has the effects. As a good receiver does, they remember idempotency keys, and have
// the effect of each once.
type books struct {
	log *slog.Logger

	mu      sync.Mutex
	entries map[string]int64 // amounts, by idempotency key; a greeting has none
}

func newBooks(log *slog.Logger) *books { return &books{log: log, entries: map[string]int64{}} }

// errAway says that the books cannot be reached now.
var errAway = errors.New("the books are away")

// enter has the effect of a run, unless it was there before.
func (b *books) enter(run *task.Run, amount int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, again := b.entries[run.IdempotencyKey]; again {
		b.log.Info("known", "id", run.Task.ID)
		return
	}
	b.entries[run.IdempotencyKey] = amount
	b.log.Info("done", "kind", run.Task.Kind, "key", run.Task.Key, "amount", amount, "attempt", run.Attempt)
}

// greet handles one task. Its payload is a posting, or whatever a service has submitted.
func (b *books) greet(_ context.Context, run *task.Run) worker.Result {
	var said struct {
		Away bool `json:"away"` // for the test: the first attempt fails
	}
	if err := json.Unmarshal(run.Task.Payload, &said); err != nil {
		return worker.Fail("invalid_payload", err)
	}
	if said.Away && run.Attempt == 1 {
		return worker.Fail("away", errAway) // tried again after retry.base
	}
	b.enter(run, 0)
	return worker.OK(nil)
}

// book handles many tasks. Each record has a result of its own: a bad one fails alone.
func (b *books) book(_ context.Context, runs []task.Run) worker.Results {
	out := worker.Results{}
	for i := range runs {
		run := &runs[i]
		var entry struct {
			Amount int64 `json:"amount"`
		}
		if err := json.Unmarshal(run.Task.Payload, &entry); err != nil || entry.Amount <= 0 {
			out[run.Task.ID] = worker.Fail("no_amount", errors.New("write an amount above 0"))
			continue
		}
		b.enter(run, entry.Amount)
		out[run.Task.ID] = worker.OK(nil)
	}
	return out
}
