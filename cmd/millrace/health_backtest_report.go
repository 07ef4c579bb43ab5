package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"time"

	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
)

// backtestAnswer is what `health backtest` says.
type backtestAnswer struct {
	From    instant.Milli `json:"from,omitempty"`
	To      instant.Milli `json:"to,omitempty"`
	Source  string        `json:"source"`  // attempts, windows or file
	Records int64         `json:"records"` // attempts or windows read
	// Settings are those of -f, then those of --against.
	Settings []backtestResult `json:"settings"`
}

// backtestResult is what some settings made of history.
type backtestResult struct {
	File    string          `json:"file"`
	Due     int             `json:"due"`     // outages that should be found
	InTime  int             `json:"in_time"` // of them, found by the second full window
	Missed  int             `json:"missed"`  // of them, not found while they lasted
	Outages []outageResult  `json:"outages"`
	Outside []outageID      `json:"outside"` // outages that the history does not hold
	Alarms  alarmsOf        `json:"false_alarms"`
	Of      alarmsOf        `json:"false_alarms_of_gateways"`
	Late    int64           `json:"late"`
	Refused int64           `json:"rejected"`
	Values  []settingResult `json:"settings"`
}

type settingResult struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type outageID struct {
	Mode       string        `json:"mode"`
	Instrument string        `json:"instrument"`
	Gateway    *string       `json:"gateway"`
	Begin      instant.Milli `json:"begin"`
	End        instant.Milli `json:"end"`
}

// outageResult is what became of one outage. Times are in seconds; null where there is none.
type outageResult struct {
	outageID
	FullWindows   int   `json:"full_windows"`
	Enough        bool  `json:"enough_volume"`
	LeastEligible int64 `json:"least_eligible"`
	Due           bool  `json:"due"`
	Found         bool  `json:"found"`
	// Windows is the full window at whose end it was found, from 1; 0 before the end of the first.
	Windows  *int     `json:"delay_windows"`
	Seconds  *float64 `json:"delay_seconds"`
	Down     *int     `json:"down_windows"`
	Recovery *float64 `json:"recovery_seconds"`
}

type alarmsOf struct {
	Count    int           `json:"count"`
	Levels   int           `json:"levels"`    // instruments, or gateways of instruments
	Months   float64       `json:"months"`    // watched, of 30 days, added up over the levels
	PerMonth float64       `json:"per_month"` // per level and month
	Alarms   []alarmResult `json:"alarms"`
}

type alarmResult struct {
	Mode       string         `json:"mode"`
	Instrument string         `json:"instrument"`
	Gateway    *string        `json:"gateway"`
	From       instant.Milli  `json:"from"`
	To         *instant.Milli `json:"to"`
	Down       bool           `json:"down"`
	Reason     string         `json:"reason"`
}

func backtestResultOf(c contestant, r backtest.Report) backtestResult {
	out := backtestResult{
		File: c.name, Missed: len(r.Missed()), Outages: []outageResult{}, Outside: []outageID{},
		Alarms: alarmsFrom(r.Instruments), Of: alarmsFrom(r.Gateways), Late: c.replay.Late(),
		Refused: c.replay.Rejected(),
	}
	out.Due, out.InTime = r.Due()
	for _, f := range c.settings.Fields() {
		out.Values = append(out.Values, settingResult{f.Name, f.Value})
	}
	for _, f := range r.Outages {
		out.Outages = append(out.Outages, outageFrom(f))
	}
	for _, o := range r.Outside {
		out.Outside = append(out.Outside, idOf(o))
	}
	return out
}

func outageFrom(f backtest.Finding) outageResult {
	o := outageResult{
		outageID: idOf(f.Outage), FullWindows: f.FullWindows, Enough: f.Enough, LeastEligible: f.LeastEligible,
		Due: f.Due(), Found: f.Found,
	}
	if f.Found {
		o.Windows, o.Seconds = &f.Windows, seconds(f.Delay)
	}
	if f.Down {
		o.Down = &f.DownWindows
	}
	if f.Recovered {
		o.Recovery = seconds(f.Recovery)
	}
	return o
}

func alarmsFrom(l backtest.Levels) alarmsOf {
	out := alarmsOf{
		Count: len(l.FalseAlarms), Levels: l.Count, Months: rounded(l.Months()), PerMonth: rounded(l.PerMonth()),
		Alarms: []alarmResult{},
	}
	for _, a := range l.FalseAlarms {
		one := alarmResult{Mode: a.Mode, Instrument: a.Instrument, Gateway: optional(a.Gateway), From: a.From,
			Down: a.Down != 0, Reason: a.Reason}
		if a.To != 0 {
			one.To = &a.To
		}
		out.Alarms = append(out.Alarms, one)
	}
	return out
}

func idOf(o backtest.Outage) outageID {
	return outageID{o.Mode, o.Instrument, optional(o.Gateway), o.Begin, o.End}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func seconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

func rounded(v float64) float64 { return math.Round(v*10_000) / 10_000 }

// table has a line for each outage and each figure, and a column for each of the settings.
func (b backtestAnswer) table() table {
	t := table{header: []string{"outage", "full windows"}}
	for _, s := range b.Settings {
		t.header = append(t.header, filepath.Base(s.File))
	}
	line := func(first, second string, cell func(backtestResult) string) {
		row := []string{first, second}
		for _, s := range b.Settings {
			row = append(row, cell(s))
		}
		t.rows = append(t.rows, row)
	}
	for _, o := range b.Settings[0].Outages {
		line(o.outageID.String(), strconv.Itoa(o.FullWindows), func(s backtestResult) string {
			return s.outcome(o.outageID)
		})
	}
	for _, o := range b.Settings[0].Outside {
		line(o.String(), "", func(s backtestResult) string { return s.outcome(o) })
	}
	line("to be found", "", func(s backtestResult) string { return strconv.Itoa(s.Due) })
	line("by the second full window", "", func(s backtestResult) string { return strconv.Itoa(s.InTime) })
	line("missed", "", func(s backtestResult) string { return strconv.Itoa(s.Missed) })
	line("false alarms", "", func(s backtestResult) string { return s.Alarms.String("instrument") })
	line("of gateways", "", func(s backtestResult) string { return s.Of.String("gateway") })
	what := "windows"
	if b.Source == "attempts" {
		what = "attempts"
	}
	line("history", "", func(s backtestResult) string {
		return fmt.Sprintf("%d %s, %d late, %d rejected", b.Records, what, s.Late, s.Refused)
	})
	return t
}

// outcome says what became of an outage. Under windows of another length the history may not hold it.
func (s backtestResult) outcome(id outageID) string {
	for _, o := range s.Outages {
		if o.outageID.String() == id.String() {
			return o.outcome()
		}
	}
	return "not in the history"
}

func (o outageResult) outcome() string {
	switch {
	case o.Found:
	case o.Due:
		return "missed"
	case o.FullWindows < 2:
		return "not found: too short"
	default:
		return fmt.Sprintf("not found: too little volume, %d", o.LeastEligible)
	}
	text := fmt.Sprintf("window %d, after %s", *o.Windows, duration(*o.Seconds))
	if o.Down != nil {
		text += fmt.Sprintf(", down in %d", *o.Down)
	}
	if o.Recovery == nil {
		return text + ", not up again"
	}
	return text + ", up " + duration(*o.Recovery) + " after"
}

func duration(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

// String returns mode/instrument/gateway and the time.
func (o outageID) String() string {
	level := backtest.Level{Mode: o.Mode, Instrument: o.Instrument}
	if o.Gateway != nil {
		level.Gateway = *o.Gateway
	}
	return fmt.Sprintf("%v %s %v", level, o.Begin.Time().Format("2006-01-02 15:04:05"), o.End.Sub(o.Begin))
}

// String returns the count and the rate.
func (a alarmsOf) String(what string) string {
	return fmt.Sprintf("%d (%.2f per %s-month, %d watched for %.2f months)", a.Count, a.PerMonth, what, a.Levels,
		a.Months)
}
