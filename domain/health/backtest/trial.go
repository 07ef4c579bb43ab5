package backtest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// Enough volume: what an outage must have for two full windows to be enough to find it. At least EnoughEligible
// eligible attempts in each of its first two full windows, so that chance does not decide; and in the two at least
// EnoughPercent of the traffic of the windows before (the last BeforeWindows), since a score is a mean over attempts:
// an outage in which traffic goes away too weighs little. docs/health.md has the reckoning.
const (
	EnoughEligible = 100
	EnoughPercent  = 85
	BeforeWindows  = 10
)

// Alarm is the time during which a level was not up. Both ends are window ends.
type Alarm struct {
	Level
	From instant.Milli
	To   instant.Milli // when it was up again; 0 if it was not any more
	Down instant.Milli // when it was down first; 0 if it never was
	// Reason is why it began.
	Reason string
}

// Trial listens to a replay.
type Trial struct {
	settings health.Settings
	grid     grid
	outages  []watched
	byName   map[Level][]int // indexes of outages, by instrument
	levels   map[Level]*track
}

// watched is an outage with the eligible attempts of its level, by window end, before it and in it.
type watched struct {
	Outage
	eligible map[instant.Milli]int64
}

// track is what is known of a level.
type track struct {
	first, last instant.Milli // of its windows: first start, last end
	alarms      []Alarm       // in order; at most the last one is still on
}

// NewTrial returns a trial of settings against outages, which must be valid.
func NewTrial(s health.Settings, outages []Outage) *Trial {
	t := &Trial{settings: s, grid: gridOf(s), byName: map[Level][]int{}, levels: map[Level]*track{}}
	for i, o := range outages {
		t.outages = append(t.outages, watched{o, map[instant.Milli]int64{}})
		whole := Level{o.Mode, o.Instrument, ""}
		t.byName[whole] = append(t.byName[whole], i)
	}
	return t
}

// Closed notes a window.
func (t *Trial) Closed(r *health.WindowRecord) {
	for _, gateway := range []string{"", r.Gateway} {
		l := t.track(Level{r.Mode, r.Instrument, gateway})
		if l.last == 0 {
			l.first = r.Start
		}
		l.first, l.last = min(l.first, r.Start), max(l.last, r.End)
	}
	for _, i := range t.byName[Level{r.Mode, r.Instrument, ""}] {
		o := &t.outages[i]
		if o.Level().has(r.Path) && r.End > o.Begin-t.grid.size*(BeforeWindows+1) && r.End <= o.End {
			o.eligible[r.End] += r.Eligible
		}
	}
}

// Changed notes a state, but not that of a mode as a whole, which outages are not of.
func (t *Trial) Changed(r *health.StatusRecord) {
	if r.Instrument == "" {
		return
	}
	level := Level{r.Mode, r.Instrument, r.Gateway}
	l := t.track(level)
	on := len(l.alarms) > 0 && l.alarms[len(l.alarms)-1].To == 0
	switch {
	case r.State == health.Up && on:
		l.alarms[len(l.alarms)-1].To = r.WindowEnd
	case r.State != health.Up && !on:
		l.alarms = append(l.alarms, Alarm{Level: level, From: r.WindowEnd, Reason: r.Reason})
	}
	if n := len(l.alarms); r.State == health.Down && l.alarms[n-1].Down == 0 {
		l.alarms[n-1].Down = r.WindowEnd
	}
}

func (t *Trial) track(l Level) *track {
	if t.levels[l] == nil {
		t.levels[l] = &track{}
	}
	return t.levels[l]
}

// enough tells whether the outage has enough volume, with the least number of eligible attempts in one of its first two
// full windows.
func (t *Trial) enough(o *watched) (bool, int64) {
	first, n := t.grid.full(o.Outage)
	if n < 2 {
		return false, 0
	}
	second := first + t.grid.step
	least := min(o.eligible[first], o.eligible[second])
	var before, windows int64
	last := o.Begin / t.grid.step * t.grid.step // the last window end up to begin
	for i := range instant.Milli(BeforeWindows) {
		if v, ok := o.eligible[last-i*t.grid.size]; ok {
			before += v
			windows++
		}
	}
	during := o.eligible[first] + o.eligible[second]
	return least >= EnoughEligible && during*windows*100 >= 2*before*EnoughPercent, least
}

// explains tells whether an outage accounts for an alarm: one of the same level, of the instrument of a gateway or of a
// gateway of the instrument, that the score still looked back on when the alarm began.
func (t *Trial) explains(o Outage, a Alarm) bool {
	related := o.Gateway == "" || a.Gateway == "" || o.Gateway == a.Gateway
	return related && a.From > o.Begin && a.From <= t.grid.last(o)+instant.Milli(t.settings.Windows)*t.grid.size
}

// decidedAt returns the watermark at which the windows that end at end become states.
func (t *Trial) decidedAt(end instant.Milli) instant.Milli {
	return end.Add(t.settings.Grace)
}

// Report tells how it went. Outages that do not lie in the windows seen, or beyond from and to where set, are left out.
func (t *Trial) Report(from, to instant.Milli) Report {
	var r Report
	for i := range t.outages {
		o := &t.outages[i]
		l := t.levels[Level{o.Mode, o.Instrument, o.Gateway}]
		if l == nil || o.Begin < max(from, l.first) || o.End > l.last || to > 0 && o.End > to {
			r.Outside = append(r.Outside, o.Outage)
			continue
		}
		r.Outages = append(r.Outages, t.finding(o, l.alarms))
	}
	for _, level := range slices.SortedFunc(maps.Keys(t.levels), compareLevels) {
		l := t.levels[level]
		kind := &r.Instruments
		if level.Gateway != "" {
			kind = &r.Gateways
		}
		begin, end := max(l.first, from), l.last
		if to > 0 {
			end = min(end, to)
		}
		kind.Count++
		kind.Watched += max(end.Sub(begin), 0)
		for _, a := range l.alarms {
			if a.From < from || to > 0 && a.From > to || t.explained(a) {
				continue
			}
			kind.FalseAlarms = append(kind.FalseAlarms, a)
		}
	}
	return r
}

func (t *Trial) explained(a Alarm) bool {
	return slices.ContainsFunc(t.byName[Level{a.Mode, a.Instrument, ""}], func(i int) bool {
		return t.explains(t.outages[i].Outage, a)
	})
}

// finding holds an outage against the alarms of its level.
func (t *Trial) finding(o *watched, alarms []Alarm) Finding {
	f := Finding{Outage: o.Outage}
	first, n := t.grid.full(o.Outage)
	f.FullWindows = n
	f.Enough, f.LeastEligible = t.enough(o)
	begin, last := o.Begin/t.grid.step*t.grid.step+t.grid.step, t.grid.last(o.Outage)
	window := func(end instant.Milli) int { return max(0, int((end-first)/t.grid.step)+1) }
	if first > last { // no full window: nothing to count from
		window = func(instant.Milli) int { return 0 }
	}
	for _, a := range alarms {
		at := max(a.From, begin)
		if at > last || a.To != 0 && a.To <= at {
			continue
		}
		if !f.Found {
			f.Found, f.Windows, f.Delay = true, window(at), t.decidedAt(at).Sub(o.Begin)
		}
		if f.DownWindows == 0 && a.Down != 0 {
			f.Down, f.DownWindows = true, window(max(a.Down, begin))
		}
		f.Recovered, f.Recovery = a.To != 0, 0
		if f.Recovered {
			f.Recovery = max(0, t.decidedAt(a.To).Sub(o.End))
		}
	}
	return f
}

func compareLevels(a, b Level) int {
	return cmp.Or(cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.Instrument, b.Instrument),
		cmp.Compare(a.Gateway, b.Gateway))
}
