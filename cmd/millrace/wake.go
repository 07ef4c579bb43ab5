package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/feed"
)

// A partition that was idle is not waited for: of a burst into an idle pipeline the partition that is read first would move
// event time past what lies in the others, and all of that would be late.
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
	adm, err := w.app.admin()
	if err != nil {
		return err
	}
	defer adm.Close()
	intake := cluster.Stages(w.app.topology())[0]
	if err := w.feed.Clock(ctx, at.Add(-wokenBehind)); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, wokenWithin, fmt.Errorf("%s are over", wokenWithin))
	defer cancel()
	if err := cluster.Drain(waiting, adm, []cluster.Stage{intake}, 20*time.Millisecond); err != nil && ctx.Err() == nil && waiting.Err() != nil {
		fmt.Fprintf(w.app.errs, "events of other partitions may be late: %v\n", err)
	} else if err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}
