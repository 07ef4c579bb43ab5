package main

import (
	"slices"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/traffic"
)

// month is what the tables are made of: testdata/month.json.
type month struct {
	Days  int     `json:"days"`
	Rate  float64 `json:"rate"`
	Seed  uint64  `json:"seed"`
	Banks []row   `json:"banks"`
}

// row is the month of one bank.
type row struct {
	Bank string `json:"bank"`
	// Eligible is the mean of eligible attempts a minute, Technical the technical declines in percent of them, outages
	// left out.
	Eligible  float64 `json:"eligible"`
	Technical float64 `json:"technical"`
	// Outages are those with two full windows or more, by the eligible attempts in the emptier of their first two.
	Outages []class `json:"outages"`
	// FalseAlarms are those under the default settings, Cautious those with min_samples at cautious, Calm those with
	// calm settings.
	FalseAlarms int `json:"false_alarms"`
	Cautious    int `json:"false_alarms_cautious"`
	// CautiousMissed are the outages that are found in time by default and not with min_samples at cautious.
	CautiousMissed int `json:"missed_cautious"`
	Calm           int `json:"false_alarms_calm"`
	CalmMissed     int `json:"missed_calm"`
}

// class is the outages of one class of volume.
type class struct {
	Least   int64 `json:"least"` // eligible attempts in the emptier of the first two full windows: at least this
	Outages int   `json:"outages"`
	Enough  int   `json:"enough"`     // those with enough volume
	InTime  int   `json:"in_time"`    // of them, found by the second full window
	First   int   `json:"by_first"`   // of all, found by the first full window
	Second  int   `json:"by_second"`  // in the second
	Later   int   `json:"later"`      // later, while it lasts
	Never   int   `json:"not_at_all"` // not at all
}

// leasts are the lower bounds of the classes of volume.
func leasts() []int64 { return []int64{1000, backtest.EnoughEligible, 20, 5, 0} }

// cautious is the min_samples that the false alarms of the defaults are held against.
const cautious = 100

// calm are the settings for small banks with many technical declines.
func calm() health.Settings {
	s := health.DefaultSettings()
	s.MinSamples, s.DegradedBelow = cautious, 0.80
	return s
}

// simulate runs banks, all if none is named, under the default, the cautious and the calm settings.
func simulate(c config, names ...string) month {
	m := month{Days: c.days, Rate: c.rate, Seed: c.seed}
	banks := chosen(names...)
	defaults := health.DefaultSettings()
	other := defaults
	other.MinSamples = cautious
	with, calmed := run(c, other, banks), run(c, calm(), banks)
	for i, o := range run(c, defaults, banks) {
		m.Banks = append(m.Banks, rowOf(o, with[i], calmed[i]))
	}
	return m
}

// chosen returns the indexes of the banks called names, of all if none is named.
func chosen(names ...string) []int {
	var banks []int
	for i, b := range traffic.Banks() {
		if len(names) == 0 || slices.Contains(names, b.Instrument) {
			banks = append(banks, i)
		}
	}
	return banks
}

func rowOf(o, with, calmed outcome) row {
	r := row{
		Bank: o.bank.Instrument, Eligible: round(o.eligible, 10), Technical: round(100*o.bank.Technical/(o.bank.Approved+o.bank.Technical), 100),
		FalseAlarms: len(o.report.Instruments.FalseAlarms), Cautious: len(with.report.Instruments.FalseAlarms),
		Calm: len(calmed.report.Instruments.FalseAlarms),
	}
	for _, least := range leasts() {
		r.Outages = append(r.Outages, class{Least: least})
	}
	for i, f := range o.report.Outages {
		if f.FullWindows < 2 {
			continue
		}
		r.Outages[slices.IndexFunc(leasts(), func(least int64) bool { return f.LeastEligible >= least })].add(f)
		if f.InTime() && !with.report.Outages[i].InTime() {
			r.CautiousMissed++
		}
		if f.InTime() && !calmed.report.Outages[i].InTime() {
			r.CalmMissed++
		}
	}
	return r
}

func (c *class) add(f backtest.Finding) {
	c.Outages++
	if f.Due() {
		c.Enough++
		if f.InTime() {
			c.InTime++
		}
	}
	switch {
	case !f.Found:
		c.Never++
	case f.Windows <= 1:
		c.First++
	case f.Windows == 2:
		c.Second++
	default:
		c.Later++
	}
}

func (c *class) plus(d class) {
	c.Outages, c.Enough, c.InTime = c.Outages+d.Outages, c.Enough+d.Enough, c.InTime+d.InTime
	c.First, c.Second, c.Later, c.Never = c.First+d.First, c.Second+d.Second, c.Later+d.Later, c.Never+d.Never
}

// outages returns the classes of all banks, added up.
func (m month) outages() []class {
	var sums []class
	for _, least := range leasts() {
		sums = append(sums, class{Least: least})
	}
	for _, b := range m.Banks {
		for i := range sums {
			sums[i].plus(b.Outages[i])
		}
	}
	return sums
}

func round(v, to float64) float64 { return float64(int64(v*to+0.5)) / to }
