package main

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
	"github.com/millrace/millrace/traffic"
)

// config says what to simulate.
type config struct {
	seed uint64
	days int
	rate float64 // UPI payments a second, over all banks
}

func defaultConfig() config { return config{seed: 1, days: 30, rate: 200} }

// begin is when the simulated time begins.
func begin() instant.Milli { return instant.Of(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) }

// outcome is what became of one bank.
type outcome struct {
	bank     traffic.Bank
	eligible float64 // attempts a minute, on average
	report   backtest.Report
}

// run simulates banks, by their index, under settings. A bank's states do not depend on the others, so each has a
// replay of its own.
func run(c config, s health.Settings, indexes []int) []outcome {
	banks := traffic.Banks()
	total := 0.0
	for _, b := range banks {
		total += b.VolumeMillions
	}
	out := make([]outcome, len(indexes))
	var work sync.WaitGroup
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	for place, i := range indexes {
		b := banks[i]
		work.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			r := rand.New(rand.NewPCG(c.seed, uint64(i)))
			out[place] = runBank(newBank(b, c.rate*60*b.VolumeMillions/total, r), c, s)
			out[place].bank = b
		})
	}
	work.Wait()
	return out
}

func runBank(b *bank, c config, s health.Settings) outcome {
	from := begin()
	to := from.Add(time.Duration(c.days) * 24 * time.Hour)
	b.plan(from, to)
	trial := backtest.NewTrial(s, b.outages)
	replay := backtest.New(s, trial)
	var eligible int64
	for at := from; at < to; at = at.Add(s.Window) {
		replay.Advance(at)
		counts := b.window(at, s.Window)
		eligible += counts.Eligible(s.CountTimeouts)
		if counts.Samples() > 0 {
			if err := replay.Window(b.path, window.Span{Start: at, End: at.Add(s.Window)}, counts); err != nil {
				panic(err) // windows as long as those of the settings
			}
		}
	}
	replay.Advance(to.Add(time.Hour))
	return outcome{eligible: float64(eligible) / to.Sub(from).Minutes(), report: trial.Report(from, to)}
}
