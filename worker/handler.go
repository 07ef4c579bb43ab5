package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/millrace/millrace/domain/task"
)

// Result is what a handler says about one run. The zero value is a failure with the code no_result.
type Result struct{ answer task.Answer }

// OK says that the task is done. output is JSON for whoever reads the answer, at most task.MaxOutput bytes, or nil.
func OK(output []byte) Result { return Result{task.Answer{Outcome: task.OK, Output: output}} }

// Fail says that the attempt failed. code is a short name that policies know (retry.non_retryable), in lower case
// letters, digits and _; err is for people.
func Fail(code string, err error) Result {
	text := code
	if err != nil {
		text = err.Error()
	}
	return Result{task.Answer{Outcome: task.Fail, Code: code, Error: text}}
}

// Snooze asks to be called again after d, task.MinSnooze to task.MaxSnooze; other values are moved to the nearer bound.
// It spends no attempt.
func Snooze(d time.Duration) Result {
	return Result{task.Answer{Outcome: task.Snooze, For: min(max(d, task.MinSnooze), task.MaxSnooze)}}
}

// Outcome returns whether the result is an OK, a Fail or a Snooze.
func (r Result) Outcome() task.Outcome { return r.answer.Outcome }

// Code returns the error code of a Fail.
func (r Result) Code() string { return r.answer.Code }

// Output returns what an OK hands back.
func (r Result) Output() []byte { return r.answer.Output }

// For returns how long a Snooze is.
func (r Result) For() time.Duration { return r.answer.For }

// String returns the result for logs and tests.
func (r Result) String() string {
	a := r.answer
	return fmt.Sprintf("%s code=%q error=%q for=%s output=%s", a.Outcome, a.Code, a.Error, a.For, a.Output)
}

// CodePanic is the error code of a run whose handler panicked.
const CodePanic = "panic"

// CodeOutput is the error code of a run that handed back what is no JSON.
const CodeOutput = "invalid_output"

// checked returns a failure in place of a result that nobody could use.
func (r Result) checked() Result {
	switch a := r.answer; {
	case a.Outcome == "":
		return Fail(task.CodeNoResult, fmt.Errorf("the handler gave no result: write worker.OK, Fail or Snooze"))
	case len(a.Output) > task.MaxOutput:
		return Fail(task.CodeOutputTooLarge,
			fmt.Errorf("the handler handed back %d bytes: write at most %d", len(a.Output), task.MaxOutput))
	case len(a.Output) > 0 && !json.Valid(a.Output):
		return Fail(CodeOutput, fmt.Errorf("the handler handed back what is not JSON"))
	default:
		return r
	}
}

// Handler does the work of a micro kind. It is called for several runs at once, at most Kind.Concurrency. ctx ends when
// the run's time is over, or the worker's time to drain is. A run may come again, under the same IdempotencyKey: after
// a failure, and after a worker or a network died.
type Handler interface {
	Handle(ctx context.Context, run *task.Run) Result
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, run *task.Run) Result

// Handle implements Handler.
func (f HandlerFunc) Handle(ctx context.Context, run *task.Run) Result { return f(ctx, run) }

// Results are what a batch handler says, by the ids of tasks. A record without a result has failed alone.
type Results map[string]Result

// BatchHandler does the work of a batch kind: runs of different ordering keys, as many as the kind's bounds allow.
type BatchHandler interface {
	HandleBatch(ctx context.Context, runs []task.Run) Results
}

// BatchHandlerFunc is a function as a BatchHandler.
type BatchHandlerFunc func(ctx context.Context, runs []task.Run) Results

// HandleBatch implements BatchHandler.
func (f BatchHandlerFunc) HandleBatch(ctx context.Context, runs []task.Run) Results {
	return f(ctx, runs)
}

// Each makes a BatchHandler of a Handler, which is called for the records of a batch one after the other.
func Each(h Handler) BatchHandler {
	return BatchHandlerFunc(func(ctx context.Context, runs []task.Run) Results {
		out := make(Results, len(runs))
		for i := range runs {
			out[runs[i].Task.ID] = guarded(func() Result { return h.Handle(ctx, &runs[i]) }, panicked)
		}
		return out
	})
}

// guarded calls f; a panic becomes a result.
func guarded[R any](f func() R, recovered func(error) R) (r R) {
	defer func() {
		if p := recover(); p != nil {
			r = recovered(fmt.Errorf("the handler panicked: %v\n%s", p, debug.Stack()))
		}
	}()
	return f()
}

func panicked(err error) Result { return Fail(CodePanic, err) }
