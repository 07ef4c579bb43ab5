package backtest

import "time"

// month is what "per month" means.
const month = 30 * 24 * time.Hour

// Report is what settings made of history.
type Report struct {
	// Outages are those in the history, in the order in which they were given.
	Outages []Finding
	// Outside are the outages that the history does not hold.
	Outside []Outage
	// Instruments and Gateways tell of false alarms, each of its own kind of level.
	Instruments, Gateways Levels
}

// Finding is what became of one outage.
type Finding struct {
	Outage
	// FullWindows is how many windows lie in the outage as a whole.
	FullWindows int
	// Enough tells whether there was enough volume (see EnoughEligible), LeastEligible the eligible attempts in the
	// emptier of the first two full windows; 0 if there are not two.
	Enough        bool
	LeastEligible int64
	// Found tells whether the level was not up at the end of some window that the outage has a part in; Windows is the
	// full window of that moment, counted from 1, and 0 before the first one's end. Delay is from the outage's begin
	// until the state was known.
	Found   bool
	Windows int
	Delay   time.Duration
	// Down tells whether that alarm, or one after it in the outage, went as far as down; DownWindows is the full window
	// of it, counted on past the outage's end.
	Down        bool
	DownWindows int
	// Recovered tells whether the level was up again after the outage, and Recovery how long after its end that was
	// known.
	Recovered bool
	Recovery  time.Duration
}

// Due tells whether the outage should have been found: it has two full windows and enough volume.
func (f Finding) Due() bool { return f.FullWindows >= 2 && f.Enough }

// InTime tells whether the outage was found by its second full window.
func (f Finding) InTime() bool { return f.Found && f.Windows <= 2 }

// Levels is how the levels of one kind fared outside of outages.
type Levels struct {
	// Count is how many levels there are, Watched for how long they were, added up.
	Count       int
	Watched     time.Duration
	FalseAlarms []Alarm
}

// Months returns for how many months of 30 days the levels were watched, added up.
func (l Levels) Months() float64 { return float64(l.Watched) / float64(month) }

// PerMonth returns the false alarms per level and month, 0 if nothing was watched.
func (l Levels) PerMonth() float64 {
	if l.Watched <= 0 {
		return 0
	}
	return float64(len(l.FalseAlarms)) / l.Months()
}

// Missed returns the outages that should have been found and were not.
func (r Report) Missed() []Finding {
	var missed []Finding
	for _, f := range r.Outages {
		if f.Due() && !f.Found {
			missed = append(missed, f)
		}
	}
	return missed
}

// Due returns how many outages should have been found, and how many of them were found by their second full window.
func (r Report) Due() (due, inTime int) {
	for _, f := range r.Outages {
		if f.Due() {
			due++
			if f.InTime() {
				inTime++
			}
		}
	}
	return due, inTime
}
