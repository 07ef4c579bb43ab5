// Package payout pays rewards, and takes them back, through a provider: cash, gift cards and custom rewards.
package payout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker"
)

// Request asks for one payment, or for taking one back.
type Request struct {
	rewardcodec.PayoutRequest
	// Task is the idempotency key: all attempts of one payment have the same, and two payments never.
	Task string
}

// Answer is a provider's last word. A definite refusal is one; that nobody knows yet is an error.
type Answer struct {
	OK     bool
	Reason string // of a refusal: a short code
	Code   string // of a gift card that the provider made
}

// Provider pays. A repetition under the same Request.Task has no second effect, and gets the first one's answer.
type Provider interface {
	Pay(ctx context.Context, r Request) (Answer, error)
	TakeBack(ctx context.Context, r Request) (Answer, error)
	// Status returns what became of a task; ErrUnknown if the provider never saw it.
	Status(ctx context.Context, task string) (Answer, error)
}

// ErrUnknown says that a provider does not know a task.
var ErrUnknown = errors.New("payout: the provider does not know this task")

// Later is the error of a provider that asks to be called again after a while. It spends no attempt.
type Later struct{ After time.Duration }

// Error implements error.
func (l Later) Error() string {
	return fmt.Sprintf("payout: the provider asks to be called after %s", l.After)
}

// The error codes of a payout. Neither says that nothing was paid.
const (
	codeProvider = "provider"
	codePayload  = task.CodeInvalidPayload
)

// parallel is how many records of a batch are with the provider at once.
const parallel = 8

// Handler is for reward_payout and reward_clawback.
type Handler struct {
	provider Provider
	now      func() time.Time
}

// New returns a handler that asks p. now is the clock; nil is time.Now.
func New(p Provider, now func() time.Time) *Handler {
	if now == nil {
		now = time.Now
	}
	return &Handler{p, now}
}

var _ worker.BatchHandler = (*Handler)(nil)

// HandleBatch implements worker.BatchHandler. Each record has a call of its own, so one that fails fails alone.
func (h *Handler) HandleBatch(ctx context.Context, runs []task.Run) worker.Results {
	results := make([]worker.Result, len(runs))
	tokens := make(chan struct{}, parallel)
	var asked sync.WaitGroup
	for i := range runs {
		tokens <- struct{}{}
		asked.Go(func() {
			defer func() { <-tokens }()
			results[i] = h.one(ctx, &runs[i])
		})
	}
	asked.Wait()
	out := make(worker.Results, len(runs))
	for i, r := range results {
		out[runs[i].Task.ID] = r
	}
	return out
}

// Handle implements worker.Handler, for a deployment that makes payouts a micro kind.
func (h *Handler) Handle(ctx context.Context, run *task.Run) worker.Result { return h.one(ctx, run) }

func (h *Handler) one(ctx context.Context, run *task.Run) (r worker.Result) {
	defer func() {
		if p := recover(); p != nil { // the others of the batch have their results
			r = worker.Fail(worker.CodePanic, fmt.Errorf("the provider panicked: %v", p))
		}
	}()
	payload, err := rewardcodec.ParsePayout(run.Task.Payload)
	if err != nil {
		return worker.Fail(codePayload, err)
	}
	a, err := h.ask(ctx, run, Request{payload, run.IdempotencyKey})
	var later Later
	switch {
	case errors.As(err, &later):
		return worker.Snooze(later.After)
	case err != nil:
		return worker.Fail(codeProvider, err)
	}
	return worker.OK(rewardcodec.ProviderAnswer{
		UserID: payload.UserID, RewardID: payload.RewardID, Epoch: payload.Epoch, OK: a.OK, Reason: a.Reason,
		Code: a.Code, At: instant.Of(h.now()),
	}.JSON())
}

// ask looks up what became of an earlier attempt before it makes another.
func (h *Handler) ask(ctx context.Context, run *task.Run, q Request) (Answer, error) {
	if run.Number > 1 {
		if a, err := h.provider.Status(ctx, q.Task); !errors.Is(err, ErrUnknown) {
			return a, err
		}
	}
	if run.Task.Kind == task.RewardClawback {
		return h.provider.TakeBack(ctx, q)
	}
	return h.provider.Pay(ctx, q)
}
