package main

import (
	"context"
	"time"

	"github.com/millrace/millrace/cmd/feed"
)

// A partition that was idle is not waited for: of a burst into an idle pipeline the partition that is read first would
// move event time past what lies in the others, and all of that would be late.
const (
	// wokenFrom is the size in bytes from which on a file is no longer read in one go by all partitions.
	wokenFrom = 256 << 10
	// wokenBehind is how far before its first event a replay sets the clock, for files that are not quite in order.
	wokenBehind = 24 * time.Hour
	// wokenWithin is how long a replay waits for intake to read its clocks.
	wokenWithin = 10 * time.Second
)

// waker wakes every partition of payments before the first event of a replay is sent, where somebody reads them.
type waker struct {
	app  *app
	feed *feed.Feed
	done bool
}

// before is told of each line that is to be sent.
func (w *waker) before(ctx context.Context, line []byte) error {
	at, ok := feed.EventTime(line)
	if w.done || !ok {
		return nil
	}
	w.done = true
	runs, err := w.app.intakeRuns(ctx)
	if err != nil || !runs { // who starts later reads all partitions from where they are
		return err
	}
	if err := w.feed.Clock(ctx, at.Add(-wokenBehind)); err != nil {
		return err
	}
	return w.app.drainIntake(ctx, wokenWithin, "events of other partitions may be late")
}
