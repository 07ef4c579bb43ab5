package main

import (
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// A steady instrument, for what thresholds cost: attempts a window, and the technical rate outside of dips.
const (
	steadyAttempts = 100_000
	steadyRate     = 0.998
)

// dip is a time of full windows during which the technical rate of a steady instrument is lower.
type dip struct {
	rate    float64
	windows int
}

// find replays a dip after two hours of peace, with another two hours behind it.
func (d dip) find(s health.Settings) backtest.Finding {
	path := health.Path{Mode: mode, Instrument: "steady", Gateway: gateway}
	first := begin().Add(2 * time.Hour)
	o := backtest.Outage{Mode: mode, Instrument: path.Instrument, Begin: first, End: first.Add(time.Duration(d.windows) * s.Window)}
	trial := backtest.NewTrial(s, []backtest.Outage{o})
	replay := backtest.New(s, trial)
	for at := begin(); at < o.End.Add(2*time.Hour); at = at.Add(s.Window) {
		rate := steadyRate
		if at >= o.Begin && at < o.End {
			rate = d.rate
		}
		good := int64(steadyAttempts*rate + 0.5)
		replay.Advance(at)
		counts := health.Counts{ledger.Succeeded: good, ledger.FailedTechnical: steadyAttempts - good}
		if err := replay.Window(path, window.Span{Start: at, End: at.Add(s.Window)}, counts); err != nil {
			panic(err) // windows as long as those of the settings
		}
	}
	replay.Advance(o.End.Add(3 * time.Hour))
	return trial.Report(0, 0).Outages[0]
}
