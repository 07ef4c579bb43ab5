package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/stream"
)

// refusedWithin is how long a replay that does not wait for all groups waits for intake to judge what was sent.
const refusedWithin = 10 * time.Second

// refused counts which of a feed's events became dead letters. The zero value, where nobody judges them meanwhile,
// counts nothing.
type refused struct {
	app     *app
	feed    *feed.Feed
	letters *cluster.Reader
	intake  bool // wait for intake, and count what it refused
	reasons map[string]int
	seen    map[string]bool // places in payments
	clocks  int64           // clock events among them, which are no events to the feed
}

// watchRefused begins to watch for dead letters if o says that events are judged before the command ends.
func (a *app) watchRefused(ctx context.Context, f *feed.Feed, o replayOptions) (*refused, error) {
	r := &refused{app: a, feed: f, intake: !o.wait, reasons: map[string]int{}, seen: map[string]bool{}}
	if !o.wait {
		runs, err := a.intakeRuns(ctx)
		if err != nil || !runs || o.advance <= 0 {
			return r, err
		}
	}
	var err error
	r.letters, err = cluster.OpenReader(ctx, a.config.Client(), []string{a.topology().DeadLetterRecords.Name},
		cluster.From{AtEnd: true})
	return r, err
}

// intakeRuns reports whether some process runs intake.
func (a *app) intakeRuns(ctx context.Context) (bool, error) {
	adm, err := a.admin()
	if err != nil {
		return false, err
	}
	defer adm.Close()
	group := cluster.Stages(a.topology())[0].Group
	groups, err := adm.DescribeGroups(ctx, group)
	if err != nil {
		return false, fmt.Errorf("group %s: %w", group, err)
	}
	return len(groups[group].Members) > 0, nil
}

// count reads the dead letters that there are by now.
func (r *refused) count(ctx context.Context) error {
	if r.letters == nil {
		return nil
	}
	if r.intake {
		if err := r.app.drainIntake(ctx, refusedWithin,
			"intake has not judged all events, so there may be more dead letters"); err != nil {
			return err
		}
	}
	return r.letters.Round(ctx, func(rec *kgo.Record) error {
		r.add(rec)
		return nil
	})
}

// add counts a dead letter of an event that the feed has sent. One event may have several; its first reason counts.
func (r *refused) add(rec *kgo.Record) {
	headers := map[string]string{}
	for _, h := range rec.Headers {
		headers[h.Key] = string(h.Value)
	}
	partition, err1 := strconv.ParseInt(headers[stream.HeaderPartition], 10, 32)
	offset, err2 := strconv.ParseInt(headers[stream.HeaderOffset], 10, 64)
	place := headers[stream.HeaderPartition] + "-" + headers[stream.HeaderOffset]
	if errors.Join(err1, err2) != nil || headers[stream.HeaderTopic] != r.app.topology().Payments.Name ||
		!r.feed.Sent(int32(partition), offset) || r.seen[place] {
		return
	}
	r.seen[place] = true
	r.reasons[headers[stream.HeaderReason]]++
	if feed.IsClock(rec.Value) {
		r.clocks++
	}
}

// verdict reports what was refused; it is an error that all was.
func (r *refused) verdict(w io.Writer) error {
	if len(r.seen) == 0 {
		return nil
	}
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(r.reasons)) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, r.reasons[reason]))
	}
	sent := r.feed.Events() + r.clocks
	says := fmt.Sprintf("%d of %d events became dead letters: %s (millrace deadletters list)", len(r.seen), sent,
		strings.Join(parts, ", "))
	if int64(len(r.seen)) >= sent {
		return errors.New(says)
	}
	fmt.Fprintln(w, says)
	return nil
}

func (r *refused) close() {
	if r.letters != nil {
		r.letters.Close()
	}
}
