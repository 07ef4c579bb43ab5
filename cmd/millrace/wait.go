package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/cmd/cluster"
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

// drainIntake waits until intake has read what is in its inputs now, for as long as within at most. If time is over
// first, which is no error, it writes why that matters.
func (a *app) drainIntake(ctx context.Context, within time.Duration, matters string) error {
	adm, err := a.admin()
	if err != nil {
		return err
	}
	defer adm.Close()
	waiting, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("%v are over", within))
	defer cancel()
	err = cluster.Drain(waiting, adm, cluster.Stages(a.topology())[:1], 20*time.Millisecond)
	if err != nil && ctx.Err() == nil && waiting.Err() != nil {
		fmt.Fprintf(a.errs, "%s: %v\n", matters, err)
		return nil
	}
	return errors.Join(err, context.Cause(ctx))
}
