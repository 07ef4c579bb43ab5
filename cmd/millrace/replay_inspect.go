package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// shiftNow is the word of --shift-to for the time at which the command was given.
const shiftNow = "now"

// shiftTarget reads --shift-to.
func shiftTarget(text string, now time.Time) (instant.Milli, error) {
	if text == shiftNow {
		return instant.Of(now), nil
	}
	at, err := parseTime(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w; or write %s", err, shiftNow)
	case at < instant.Earliest:
		return 0, errors.New("it is before 2000, and payments of that time are refused")
	case at > instant.Of(now):
		return 0, errors.New("it is in the future, and payments of the future are refused; the latest is --shift-to now")
	}
	return at, nil
}

// inspect reads a file before anything of it is sent: it returns how far its times are to move, and an error if the
// ledger would refuse all of it for its age. Standard input, which cannot be read twice, is sent as it comes.
func (a *app) inspect(ctx context.Context, path string, o replayOptions) (by time.Duration, err error) {
	target := o.shiftTo
	switch {
	case path == "-" && target != 0:
		return 0, errors.New("--shift-to needs the latest time before it sends, and standard input can be read only once: write it to a file, and replay that")
	case path == "-":
		return 0, nil
	}
	if target != 0 {
		times, err := a.readTimes(path, func(instant.Milli) {})
		switch {
		case err != nil:
			return 0, err
		case times.Last == 0:
			return 0, fmt.Errorf("--shift-to: there is no event with a usable updated_at in %s", path)
		}
		by = target.Sub(times.Last)
		fmt.Fprintf(a.errs, "All times are moved by %v: they were %v to %v, and are %v to %v. Ids stay.\n", by,
			times.First, times.Last, times.First.Add(by), target)
	}
	reached, err := a.ledgerTime(ctx)
	if err != nil || reached == 0 {
		return by, err
	}
	return by, a.tooOld(path, by, reached)
}

// tooOld counts the events of a file that the ledger, which has reached a time, would refuse for their age once moved
// by by. It is an error that all are, and a warning that some are.
func (a *app) tooOld(path string, by time.Duration, reached instant.Milli) error {
	ledger := pipeline.Ledger(a.config)
	var old int64
	var newest instant.Milli
	times, err := a.readTimes(path, func(at instant.Milli) {
		if at = at.Add(by); ledger.TooOld(at, reached) {
			old++
			newest = max(newest, at)
		}
	})
	if err != nil || old == 0 {
		return err
	}
	oldest := reached.Add(-ledger.Retention)
	says := fmt.Sprintf("would be refused as %s: the latest of them is of %v, and the deployment, which has reached %v, takes events from %v on (ledger.retention %v)",
		payment.TooOld, newest, reached, oldest, ledger.Retention)
	const offers = "--shift-to now, or --shift-to TIME, moves all times of the file"
	if old == times.Events {
		return finding{fmt.Errorf("%s: all %d events %s; nothing was sent. %s", path, old, says, offers)}
	}
	fmt.Fprintf(a.errs, "%d of %d events %s. They become dead letters. %s\n", old, times.Events, says, offers)
	return nil
}

// readTimes reads a file to its end.
func (a *app) readTimes(path string, take func(instant.Milli)) (feed.Times, error) {
	in, size, err := a.openInput(path)
	if err != nil {
		return feed.Times{}, err
	}
	defer func() { _ = in.Close() }() // only read
	bar := a.progress("looking", size)
	defer func() { _ = bar.Finish() }() // drawing may fail where reading must not
	lines, err := feed.NewLines(io.TeeReader(in, bar), maxLine)
	if err != nil {
		return feed.Times{}, fmt.Errorf("%s: %w", path, err)
	}
	times, err := feed.ReadTimes(lines, take)
	if err != nil {
		return times, fmt.Errorf("%s: %w; nothing was sent", path, err)
	}
	return times, nil
}

// ledgerTime returns the event time that the whole ledger has reached; 0 where there is none yet.
func (a *app) ledgerTime(ctx context.Context) (instant.Milli, error) {
	adm, err := a.admin()
	if err != nil {
		return 0, err
	}
	defer adm.Close()
	reached, err := cluster.Reached(ctx, adm, string(a.topology().Ledger.Table()))
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition): // no deployment yet
		return 0, nil
	case errors.Is(err, kerr.TopicAuthorizationFailed): // who may only send is judged by the ledger alone
		fmt.Fprintf(a.errs, "Whether events are too old cannot be seen beforehand: %v\n", err)
		return 0, nil
	case err != nil || len(reached) == 0:
		return 0, a.config.Client().Explain(err)
	}
	return slices.Min(slices.Collect(maps.Values(reached))), nil
}
