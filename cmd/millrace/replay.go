package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/topology"
)

// maxLine is the longest line that is read. Lines over the source limit are sent, for intake to judge, as long as the
// topic takes them: up to maxRecord, which leaves room for the key and the batch around it.
const (
	maxLine   = 64 << 20
	maxRecord = topology.MaxMessageBytes - 8<<10
)

type replayOptions struct {
	advance time.Duration
	shiftTo instant.Milli
	wait    bool
	timeout time.Duration
}

func (a *app) replayCommand() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Send the payment events of a file, one JSON object a line",
		Long: `Sends every event of FILE ("-" for standard input) to the payments topic, keyed by transaction_id and in input order per
key, and ends with sent=N once all are acknowledged. FILE has one event a line (LF or CRLF), or is one JSON array, or JSON objects
that span lines; each may be compressed by gzip. A line that is no valid event is sent too: it becomes a dead letter. Where
groups are running, a clock event goes to every partition before a file of 256 KiB or more, so that none is taken for idle while
others move time on.

Before anything is sent, FILE is held against the event time that the deployment has reached. If the ledger would refuse all events
as too_old, replay sends none and exits with 1; if some, it says how many, and sends all. Standard input is not looked at beforehand.

--shift-to now, or --shift-to TIME, moves updated_at and created_at of every event, and clock events, by one and the same difference, so that
the latest of these times is now, or TIME. Ids stay as they are, and the same id with another time is another content: to a
deployment that has taken the file before, moved otherwise or not at all, the events are conflicting_duplicate. The same file with the
same TIME again is the same events, and changes nothing.

--advance D ends with a clock event to every partition at min(largest event time + D, now), so that the windows of the file
close at once; clock events of the file count. --wait returns when every table, and the views of --server, reflect all of it.
With --wait, and with --advance where intake runs, replay reports how many events became dead letters, by reason, and exits with 1
if all did.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.timeout <= 0:
				return misused(cmd, "--timeout %v: must be above 0, such as 10m", o.timeout)
			case o.advance < 0:
				return misused(cmd, "--advance %v: must not be below 0: time never goes back", o.advance)
			}
			return a.replay(cmd.Context(), args[0], o)
		},
	}
	durationFlag(cmd.Flags(), &o.advance, "advance", 0, "end with clock events this far past the largest event time")
	cmd.Flags().Var(&value[instant.Milli]{&o.shiftTo, "time", func(text string) (instant.Milli, error) {
		return shiftTarget(text, time.Now())
	}}, "shift-to",
		"move all times of the file so that the latest is at this one: now, or RFC 3339")
	switchFlag(cmd.Flags(), &o.wait, "wait", "return when all tables and views reflect the file")
	durationFlag(cmd.Flags(), &o.timeout, "timeout", 10*time.Minute, "with --wait: give up after this long")
	return cmd
}

func (a *app) replay(ctx context.Context, path string, o replayOptions) error {
	in, size, err := a.openInput(path)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := a.progress("sending", size)
	lines, err := feed.NewLines(io.TeeReader(in, bar), maxLine)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	by, err := a.inspect(ctx, path, o)
	if err != nil {
		return err
	}
	f, err := feed.Open(ctx, feed.Config{Client: a.config.Client(), Topic: a.topology().Payments.Name})
	if err != nil {
		return err
	}
	defer f.Close()
	refused, err := a.watchRefused(ctx, f, o)
	if err != nil {
		return err
	}
	defer refused.close()
	wake := &waker{app: a, feed: f, done: 0 <= size && size < wokenFrom}
	sent, skipped, err := sendLines(ctx, f, lines, by, wake.before)
	_ = bar.Finish() // drawing may fail where sending must not
	if err != nil {
		return fmt.Errorf("%s: %w (sent=%d)", path, err, sent)
	}
	if err := a.moveTime(ctx, f, o); err != nil {
		return err
	}
	if err := refused.count(ctx); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "sent=%d\n", sent)
	var findings []error
	if len(skipped) > 0 {
		findings = append(findings, fmt.Errorf("%d lines were not sent, for Kafka does not take records over %d bytes: %v", len(skipped), maxRecord, skipped))
	}
	if err := refused.verdict(a.errs); err != nil {
		findings = append(findings, err)
	}
	if len(findings) > 0 {
		return finding{errors.Join(findings...)}
	}
	return nil
}

// moveTime sends the clock events of --advance and waits as --wait says.
func (a *app) moveTime(ctx context.Context, f *feed.Feed, o replayOptions) error {
	if o.advance > 0 {
		err := f.Advance(ctx, o.advance)
		if errors.Is(err, feed.ErrNoEvents) {
			fmt.Fprintf(a.errs, "no clock event was sent: %v\n", err)
		} else if err != nil {
			return err
		}
	}
	if !o.wait {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errors.New("--timeout is over"))
	defer cancel()
	return a.waitForAll(ctx, a.topology())
}

// sendLines sends every event, with its times moved by by, and returns how many, after all are acknowledged, and the
// numbers of those that no topic takes. It calls before with each event first.
func sendLines(ctx context.Context, f *feed.Feed, lines *feed.Lines, by time.Duration,
	before func(context.Context, []byte) error) (sent int64, skipped []int64, err error) {
	for lines.Next() {
		line := lines.Line()
		if by != 0 {
			line = feed.Shift(line, by)
		}
		if len(line) > maxRecord {
			skipped = append(skipped, lines.Number())
			continue
		}
		if err := errors.Join(before(ctx, line), f.Send(ctx, line)); err != nil {
			return sent, skipped, err
		}
		sent++
		if ctx.Err() != nil {
			return sent, skipped, errStopped
		}
	}
	return sent, skipped, errors.Join(lines.Err(), f.Flush(ctx))
}

// progress draws a bar of what is done on a terminal and nothing elsewhere. The size is in bytes; -1 stands for one to
// be told later, in records.
func (a *app) progress(what string, size int64) *progressbar.ProgressBar {
	if f, ok := a.errs.(*os.File); ok && isTerminal(f) {
		return progressbar.NewOptions64(size, progressbar.OptionSetWriter(f), progressbar.OptionShowBytes(size >= 0),
			progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond))
	}
	return progressbar.DefaultBytesSilent(size)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (a *app) openInput(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(a.in()), -1, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// waitForAll returns when every group has worked off its inputs and the server's views show the tables as they then
// are.
func (a *app) waitForAll(ctx context.Context, t *topology.Topology) error {
	adm, err := a.admin()
	if err != nil {
		return err
	}
	defer adm.Close()
	if err := cluster.Drain(ctx, adm, cluster.Stages(t), 50*time.Millisecond); err != nil {
		return err
	}
	ends, err := cluster.EndOffsets(ctx, adm, cluster.Tables(t))
	if err != nil {
		return err
	}
	return a.waitForViews(ctx, ends)
}
