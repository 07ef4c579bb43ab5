package dev

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/feed"
)

// How long the parts of a stop may take; together less than the 3 s that a person waits.
const (
	drainFor = 1200 * time.Millisecond
	answerIn = 300 * time.Millisecond
	sumUpFor = 5 * time.Second // only where something is amiss is it more than a moment
)

// openTraffic fills in the history, unless there is data from an earlier run, and tells the user what to look at.
func (d *dev) openTraffic(ctx context.Context) error {
	var err error
	d.feed, err = feed.Open(ctx, feed.Config{Client: d.Settings.Client(), Topic: d.topology.Payments.Name})
	if err != nil {
		return err
	}
	if d.NoTraffic {
		d.greet(0)
		return nil
	}
	now := time.Now()
	from := now.Add(-history)
	if d.stale {
		from = now
	}
	if d.source, err = newSource(d.feed, d.Rate, from, now); err != nil {
		return err
	}
	// A partition without any record is not waited for: the first events of the others would move event time past its
	// own.
	if err := d.feed.Clock(ctx, from); err != nil {
		return err
	}
	sent, err := d.source.send(ctx, now)
	if err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if err := d.feed.Flush(ctx); err != nil {
		return err
	}
	if err := d.waitDrained(ctx); err != nil {
		return err
	}
	d.traffic.Store(d.source)
	d.greet(sent)
	return nil
}

// waitDrained returns when every table and view reflects all that was sent.
func (d *dev) waitDrained(ctx context.Context) error {
	if err := cluster.Drain(ctx, d.admin, cluster.Stages(d.topology), 20*time.Millisecond); err != nil {
		return err
	}
	ends, err := cluster.EndOffsets(ctx, d.admin, cluster.Tables(d.topology))
	if err != nil {
		return err
	}
	return d.server.Tables.Wait(ctx, ends)
}

// live runs until ctx ends or something fails.
func (d *dev) live(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	traffic := make(chan error, 1)
	go func() {
		if d.source != nil {
			traffic <- d.source.run(ctx)
			return
		}
		<-ctx.Done()
		traffic <- nil
	}()
	select {
	case <-ctx.Done():
		return <-traffic
	case err := <-traffic: // it ends by itself only where events cannot be delivered
		return err
	case <-d.pipeline.Done():
		cancel(nil)
		<-traffic // broken off; what the pipeline says counts
		return d.pipeline.Err()
	case err := <-d.worked:
		d.worked <- err // for stop
		cancel(nil)
		<-traffic
		return err
	case err := <-d.server.Failed():
		cancel(nil)
		<-traffic
		return err
	}
}

// stop closes what was opened, in the order of the flow, and prints what was done.
func (d *dev) stop() error {
	if d.broker == nil {
		return nil // nothing was begun
	}
	fmt.Fprintln(d.Out, "\nStopping ...")
	inFlight := d.drained()
	var errs []error
	if d.feed != nil {
		d.feed.Close()
	}
	if d.endWork != nil {
		d.endWork()
	}
	if d.pipeline != nil {
		errs = append(errs, d.pipeline.Stop())
	}
	errs = append(errs, d.stopWorker())
	summary := d.summary(inFlight)
	if d.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), answerIn)
		defer cancel()
		if err := d.server.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			errs = append(errs, err)
		}
	}
	if d.admin != nil {
		d.admin.Close()
	}
	errs = append(errs, d.broker.Close())
	fmt.Fprintln(d.Out, summary)
	return errors.Join(errs...)
}

// drained tells why the tables do not reflect everything, nil if they do.
func (d *dev) drained() error {
	if d.server == nil || d.pipeline == nil || d.pipeline.Err() != nil {
		return errors.New("the pipeline was not running")
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainFor)
	defer cancel()
	return d.waitDrained(ctx)
}

func (d *dev) summary(inFlight error) string {
	if d.server == nil {
		return "Nothing was done."
	}
	t := readTotals(d.topology, d.server.Tables)
	text := fmt.Sprintf("%s events, %s duplicates, %s dead letters", count(t.events), count(t.duplicates),
		count(t.deadLetters))
	if inFlight != nil {
		return text + "; some were still in flight and go on at the next start"
	}
	ctx, cancel := context.WithTimeout(context.Background(), sumUpFor)
	defer cancel()
	sums, err := differences(ctx, d.topology, d.server.Tables)
	if err != nil {
		return text + ", difference unknown: " + err.Error()
	}
	return text + ", difference " + describe(sums)
}
