package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/history"
	"github.com/millrace/millrace/cmd/pipeline"
	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
)

type backtestOptions struct {
	settings, against, outages string
	from, to                   instant.Milli
	source, file               string
}

func (a *app) backtestCommand() *cobra.Command {
	var o backtestOptions
	cmd := &cobra.Command{
		Use:   "backtest -f SETTINGS.yaml --outages OUTAGES.yaml",
		Short: "Replay history under other settings, against outages that are known",
		Long: `Takes the history of a deployment through the same decisions that its processors make, under the settings of -f (and of
--against, side by side), and holds the states against outages that are known: how soon each was found, which were missed, and
how often there was an alarm without an outage. Nothing is written anywhere.

Settings are an object of the names that ` + "`health`" + ` settings have, durations as 60s; what is left out is as in the configuration.
Changes by mode and instrument that are in the catalog are not looked at. Outages are a list:

  - {mode: upi, instrument: sbi, begin: 2026-03-01T10:00:00Z, end: 2026-03-01T10:20:00Z}
  - {mode: upi, instrument: hdfc, gateway: payu, begin: 2026-03-01T12:00:00Z, end: 2026-03-01T12:05:00Z}

History comes from the topic attempts where it still holds all since --from, else from the finals in health-windows, which are
kept far longer but can only be joined to longer windows; --source decides otherwise. --windows reads finals from a file instead, one
JSON object a line. The windows that scores look back on are read before --from.

An outage is found when its instrument, or gateway, is not up at the end of a window that it has a part in. It should be found
if it has two full windows with enough volume: 100 eligible attempts in each, and in the two at least 85 % of the traffic of the ten
windows before. Exit status 1: the settings of -f missed one of these.`,
		Example: "  millrace health backtest -f settings.yaml --against today.yaml --outages outages.yaml --from 2026-03-01T00:00:00Z",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.backtest(cmd.Context(), o) },
	}
	f := cmd.Flags()
	textFlagP(f, &o.settings, "file", "f", "", "YAML or JSON with settings")
	textFlag(f, &o.against, "against", "", "YAML or JSON with other settings, to compare")
	textFlag(f, &o.outages, "outages", "", "YAML or JSON with the outages that are known")
	timeFlag(f, &o.from, "from", "begin of the history, RFC 3339 (default: all there is)")
	timeFlag(f, &o.to, "to", "end of the history, RFC 3339 (default: all there is)")
	choiceFlag(cmd, &o.source, "source", "auto", []string{"auto", "attempts", "windows"}, "")
	textFlag(f, &o.file, "windows", "", "read the finals of windows from this file instead of Kafka (\"-\": standard input)")
	required(cmd, "file", "outages")
	return cmd
}

// contestant is one of the settings with what becomes of history under them.
type contestant struct {
	name     string
	settings health.Settings
	trial    *backtest.Trial
	replay   *backtest.Replay
}

func (a *app) backtest(ctx context.Context, o backtestOptions) error {
	from, to, err := o.from, o.to, o.check()
	if err != nil {
		return err
	}
	outages, err := readFile(o.outages, healthcodec.ParseOutages)
	if err != nil {
		return err
	}
	contestants, err := a.contestants(o, outages)
	if err != nil {
		return err
	}
	begin, end := from, to
	sinks := make([]history.Sink, len(contestants))
	for i, c := range contestants {
		sinks[i] = c.replay
		s := c.settings
		if from > 0 { // the windows that the first scores look back on
			begin = max(1, min(begin, from.Add(-time.Duration(s.Windows+1)*s.Window)))
		}
		if to > 0 {
			end = max(end, to.Add(s.Grace))
		}
	}
	source, read, err := a.readHistory(ctx, o, begin, to, end, sinks)
	if err != nil {
		return err
	}
	answer := backtestAnswer{From: from, To: to, Source: source, Records: read.Records}
	for _, c := range contestants {
		c.replay.Advance(read.Until.Add(c.settings.Grace))
		answer.Settings = append(answer.Settings, backtestResultOf(c, c.trial.Report(from, to)))
	}
	if err := a.print(answer, answer.table); err != nil {
		return err
	}
	if n := answer.Settings[0].Missed; n > 0 {
		return finding{fmt.Errorf("%s misses %d of the outages that should be found", contestants[0].name, n)}
	}
	return nil
}

func (o backtestOptions) check() error {
	errs := checkSpan(o.from, o.to)
	if o.file != "" && o.source == "attempts" {
		errs = errors.Join(errs, errors.New("--windows is a file of windows: --source attempts does not go with it"))
	}
	return errs
}

func (a *app) contestants(o backtestOptions, outages []backtest.Outage) ([]contestant, error) {
	base := pipeline.Health(a.config)
	var out []contestant
	var errs []error
	for _, name := range []string{o.settings, o.against} {
		if name == "" {
			continue
		}
		s, err := readFile(name, func(r io.Reader) (health.Settings, error) {
			return healthcodec.ParseHealthSettings(r, base)
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		trial := backtest.NewTrial(s, outages)
		out = append(out, contestant{name: name, settings: s, trial: trial, replay: backtest.New(s, trial)})
	}
	return out, errors.Join(errs...)
}

// readHistory hands the sinks all since begin: windows that start before to, or attempts up to the watermark end.
func (a *app) readHistory(ctx context.Context, o backtestOptions, begin, to, end instant.Milli,
	sinks []history.Sink) (string, history.Extent, error) {
	if o.file != "" {
		in, _, err := a.openInput(o.file)
		if err != nil {
			return "", history.Extent{}, err
		}
		defer in.Close()
		read, err := history.File(in, begin, to, sinks...)
		if err != nil {
			err = fmt.Errorf("%s: %w", o.file, err)
		}
		return "file", read, err
	}
	bar := a.progress("reading", -1)
	r, err := history.Open(history.Config{Client: a.config.Client(), Topology: a.topology(),
		Progress: func(read, all int64) {
			bar.ChangeMax64(all)
			_ = bar.Set64(read) // drawing may fail where reading must not
		}})
	if err != nil {
		return "", history.Extent{}, err
	}
	defer r.Close()
	source := o.source
	if source == "auto" {
		source = "windows"
		whole, err := r.AttemptsSince(ctx, begin)
		switch {
		case err != nil:
			return "", history.Extent{}, err
		case whole:
			source = "attempts"
		}
	}
	var read history.Extent
	if source == "attempts" {
		read, err = r.Attempts(ctx, begin, end, sinks...)
	} else {
		read, err = r.Windows(ctx, begin, to, sinks...)
	}
	_ = bar.Finish()
	return source, read, err
}

// readFile opens a file for a reader of its contents, whose errors then name it.
func readFile[T any](name string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := os.Open(name)
	if err != nil {
		return none, err
	}
	defer f.Close()
	v, err := read(f)
	if err != nil {
		return none, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}
