package main

import (
	"bufio"
	"bytes"
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
	"github.com/millrace/millrace/topology"
)

// maxLine is the longest line that is read. Lines over the source limit are sent, for intake to judge, as long as the topic
// takes them: up to maxRecord, which leaves room for the key and the batch around it.
const (
	maxLine   = 64 << 20
	maxRecord = topology.MaxMessageBytes - 8<<10
)

type replayOptions struct {
	advance time.Duration
	wait    bool
	timeout time.Duration
}

func (a *app) replayCommand() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay FILE.jsonl",
		Short: "Send the payment events of a file, one JSON object a line",
		Long: `Sends every line of FILE ("-" for standard input) to the payments topic, keyed by transaction_id and in input order per
key, and ends with sent=N once all are acknowledged. A line that is no valid event is sent too: it becomes a dead letter. Where
groups are running, a clock event goes to every partition before a file of 256 KiB or more, so that none is taken for idle while
others move time on.

--advance D ends with a clock event to every partition at min(largest event time + D, now), so that the windows of the file
close at once. --wait returns when every table, and the views of --server, reflect all of it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.replay(cmd.Context(), args[0], o) },
	}
	cmd.Flags().DurationVar(&o.advance, "advance", 0, "end with clock events this far past the largest event time")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "return when all tables and views reflect the file")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 10*time.Minute, "with --wait: give up after this long")
	return cmd
}

func (a *app) replay(ctx context.Context, path string, o replayOptions) error {
	in, size, err := openInput(path)
	if err != nil {
		return err
	}
	defer in.Close()
	t := a.topology()
	f, err := feed.Open(ctx, feed.Config{Client: a.config.Client(), Topic: t.Payments.Name})
	if err != nil {
		return err
	}
	defer f.Close()
	wake := &waker{app: a, feed: f, done: 0 <= size && size < wokenFrom}
	lines, skipped, err := sendLines(ctx, f, in, a.progress("sending", size), wake.before)
	if err != nil {
		return err
	}
	if o.advance > 0 {
		err := f.Advance(ctx, o.advance)
		if errors.Is(err, feed.ErrNoEvents) {
			fmt.Fprintf(a.errs, "no clock event was sent: %v\n", err)
		} else if err != nil {
			return err
		}
	}
	if o.wait {
		ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errors.New("--timeout is over"))
		defer cancel()
		if err := a.waitForAll(ctx, t); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.out, "sent=%d\n", lines)
	if len(skipped) > 0 {
		return finding{fmt.Errorf("%d lines were not sent, for Kafka does not take records over %d bytes: %v", len(skipped), maxRecord, skipped)}
	}
	return nil
}

// sendLines sends every line that is not blank and returns how many, after all are acknowledged, and the numbers of those
// that no topic takes. Told of each beforehand is before.
func sendLines(
	ctx context.Context, f *feed.Feed, in io.Reader, bar *progressbar.ProgressBar, before func(context.Context, []byte) error,
) (sent int64, skipped []int64, err error) {
	number := int64(0)
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 64<<10), maxLine)
	for scanner.Scan() {
		line := scanner.Bytes()
		number++
		_ = bar.Add(len(line) + 1) // drawing may fail where sending must not
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			continue
		case len(line) > maxRecord:
			skipped = append(skipped, number)
			continue
		}
		if err := before(ctx, line); err != nil {
			return sent, skipped, err
		}
		if err := f.Send(ctx, line); err != nil {
			return sent, skipped, err
		}
		sent++
		if ctx.Err() != nil {
			return sent, skipped, fmt.Errorf("stopped after %d lines", number)
		}
	}
	if err := scanner.Err(); err != nil {
		return sent, skipped, fmt.Errorf("line %d: %w", number+1, err)
	}
	err = f.Flush(ctx)
	_ = bar.Finish()
	return sent, skipped, err
}

// progress draws a bar of what is done on a terminal and nothing elsewhere. The size is in bytes; -1 stands for one to be told
// later, in records.
func (a *app) progress(what string, size int64) *progressbar.ProgressBar {
	if f, ok := a.errs.(*os.File); ok && isTerminal(f) {
		return progressbar.NewOptions64(size, progressbar.OptionSetWriter(f), progressbar.OptionShowBytes(size >= 0),
			progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return progressbar.DefaultBytesSilent(size)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func openInput(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return os.Stdin, -1, nil
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

// waitForAll returns when every group has worked off its inputs and the server's views show the tables as they then are.
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
