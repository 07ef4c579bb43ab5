package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// withTimeout bounds a command's look at the cluster, with a reason that a person understands.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("no answer within %v", d))
}

var errStopped = errors.New("stopped")

// sleepUntil returns at t, or earlier with errStopped.
func sleepUntil(ctx context.Context, t time.Time) error {
	d := time.Until(t)
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return errStopped
	case <-timer.C:
		return nil
	}
}

// slept waits until t and reports whether it came before ctx ended.
func slept(ctx context.Context, t time.Time) bool { return sleepUntil(ctx, t) == nil }
