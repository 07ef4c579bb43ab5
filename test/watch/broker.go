package main

import (
	"context"
	"errors"
	"time"
)

// How long the broker hangs: so long that the audit's last look is too old, and that transactions are over (8 s).
const (
	hangsFor   = 18 * time.Second
	hangsAfter = 8 * time.Second
)

// brokerHangs holds the broker's process twice: a counter that is new at the first time can only be seen to rise at the
// second.
func brokerHangs(ctx context.Context, w *watcher) (undo, error) {
	done := make(chan error, 1)
	wait := func(d time.Duration) {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	go func() {
		var err error
		for range 2 {
			err = errors.Join(err, w.broker.Freeze())
			wait(hangsFor)
			err = errors.Join(err, w.broker.Thaw())
			wait(hangsAfter)
		}
		done <- err
	}()
	return func(context.Context) error { return <-done }, nil
}

// How long a slow broker holds its answers: longer than the alert's threshold, and less than the clients' patience.
const (
	slowFor   = 3 * time.Second
	slowAfter = 2 * time.Second
)

// brokerIsSlow holds the broker's process again and again.
func brokerIsSlow(ctx context.Context, w *watcher) (undo, error) {
	holding, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		var err error
		for holding.Err() == nil {
			err = errors.Join(err, w.broker.Freeze())
			time.Sleep(slowFor)
			err = errors.Join(err, w.broker.Thaw())
			select {
			case <-holding.Done():
			case <-time.After(slowAfter):
			}
		}
		done <- err
	}()
	return func(context.Context) error { stop(); return <-done }, nil
}
