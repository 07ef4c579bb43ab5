package health

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/word"
)

// Downtime is a time in which an instrument, or one of its gateways, was or will be worse than usual: the record of
// `downtimes`, keyed mode/instrument or mode/instrument/gateway, one for every change.
type Downtime struct {
	// ID is made of what the downtime is of and when it began, or of the intervention that it stems from; the same in
	// every replay.
	ID               string
	Mode, Instrument string
	Gateway          string // empty: the instrument as a whole
	Severity         Severity
	Status           DowntimeStatus
	// Begin and End bound it in event time. A zero End is not known yet.
	Begin, End instant.Milli
	Cause      Cause
	// Begun says that it was told to have started.
	Begun bool
	// By is the id of the maintenance or override that it stems from; empty: of an evaluation.
	By string
	// Windows are the ends of the windows that decided it.
	Windows []instant.Milli
	// Reason says why, in words.
	Reason string
}

// Severity says how much of the traffic suffers.
type Severity uint8

// The severities: Low while degraded, Medium while traffic comes back, High while there is none.
const (
	Low Severity = iota + 1
	Medium
	High
)

// String returns the word of the record.
func (s Severity) String() string { return word.Nth(s, Severities()) }

// Severities returns the word of every severity.
func Severities() []string { return []string{"low", "medium", "high"} }

// DowntimeStatus says what the record of a downtime tells.
type DowntimeStatus uint8

// The statuses: Scheduled is known before it begins; Updated says that something else of it changed; Resolved is over.
const (
	Scheduled DowntimeStatus = iota + 1
	Started
	Updated
	Resolved
)

// String returns the contract's word.
func (s DowntimeStatus) String() string { return word.Nth(s, DowntimeStatuses()) }

// DowntimeStatuses returns the word of every status.
func DowntimeStatuses() []string { return []string{"scheduled", "started", "updated", "resolved"} }

// Cause says what a downtime stems from.
type Cause uint8

// The causes.
const (
	ByRate        Cause = iota + 1 // scores below the thresholds
	ByProbes                       // probes that failed, or are under way
	ByMaintenance                  // planned by people
	ByOverride                     // forced by people
)

// String returns the code of the record's reason.
func (c Cause) String() string { return word.Nth(c, Causes()) }

// Causes returns the code of every cause.
func Causes() []string { return []string{"technical_rate", "probes", "maintenance", "override"} }

// Key returns the record's key.
func (d *Downtime) Key() string { return placeKey(d.Mode, d.Instrument, d.Gateway) }

// open tells whether the downtime is not over.
func (d *Downtime) open() bool { return d.Status != Resolved }

// outage is what a downtime is of, and what it stems from: one is open at a time.
type outage struct{ by, instrument, gateway string }

func (d *Downtime) of() outage { return outage{d.By, d.Instrument, d.Gateway} }

// same tells whether nothing changed but how it was told.
func (d *Downtime) same(e *Downtime) bool {
	return d.Severity == e.Severity && d.Begin == e.Begin && d.End == e.End && d.Cause == e.Cause && d.Begun == e.Begun
}

// identify names a downtime by what will not change of it.
func (d *Downtime) identify() {
	last := d.By
	if d.By == "" {
		last = strconv.FormatInt(int64(d.Begin), 10)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{d.Mode, d.Instrument, d.Gateway, last}, "\x00")))
	d.ID = "dt_" + hex.EncodeToString(sum[:8])
}

// disruptions brings the row's downtimes to what the levels and the interventions say now, and returns what changed.
func (r *ModeRow) disruptions() []ModeEffect {
	var effects []ModeEffect
	publish := func(d Downtime) Downtime {
		effects = append(effects, Disrupted{&d})
		return d
	}
	want := r.disrupted()
	wanted := make(map[outage]bool, len(want)) // a mode that is down as a whole has thousands
	for i := range want {
		wanted[want[i].of()] = true
	}
	known := make(map[outage]int, len(r.Downtimes))
	for i := range r.Downtimes {
		d := &r.Downtimes[i]
		switch {
		case !d.open():
		case wanted[d.of()]:
			known[d.of()] = i
		default:
			*d = publish(r.resolved(*d))
		}
	}
	for i := range want {
		w := &want[i]
		j, ok := known[w.of()]
		if !ok {
			w.identify()
			r.Downtimes = append(r.Downtimes, publish(*w))
			continue
		}
		d := &r.Downtimes[j]
		if w.By == "" {
			w.Begin = d.Begin
		}
		if d.same(w) {
			continue
		}
		w.ID = d.ID
		if d.Begun || !w.Begun {
			w.Status = Updated
		}
		*d = publish(*w)
	}
	r.forgetResolved()
	return effects
}

// resolved returns d as it ends now: what was planned ends when it was planned to, unless it is called off.
func (r *ModeRow) resolved(d Downtime) Downtime {
	end := max(r.Settled, d.Begin)
	if d.By == "" {
		end = max(r.Evaluated, d.Begin)
	}
	d.End, d.Status = end, Resolved
	return d
}

// forgetResolved keeps the last downtimes that are over.
func (r *ModeRow) forgetResolved() {
	over := -maxResolved
	for i := range r.Downtimes {
		if !r.Downtimes[i].open() {
			over++
		}
	}
	r.Downtimes = slices.DeleteFunc(r.Downtimes, func(d Downtime) bool {
		if d.open() || over <= 0 {
			return false
		}
		over--
		return true
	})
}

// disrupted returns what is or will be down, without ids: levels by name, then what people have decided.
func (r *ModeRow) disrupted() []Downtime {
	var out []Downtime
	level := func(instrument, gateway string, l *Level) {
		if l.State != Up {
			out = append(out, l.downtime(Downtime{Mode: r.Mode, Instrument: instrument, Gateway: gateway}))
		}
	}
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		level(inst.Name, "", &inst.Level)
		for j := range inst.Gateways {
			level(inst.Name, inst.Gateways[j].Name, &inst.Gateways[j].Level)
		}
	}
	planned := func(d Downtime) {
		d.Mode, d.Severity, d.Status, d.Begun = r.Mode, High, Started, true
		if d.Begin > r.Settled {
			d.Status, d.Begun = Scheduled, false
		}
		out = append(out, d)
	}
	for _, m := range r.Maintenances {
		planned(Downtime{
			Instrument: m.Instrument, Gateway: m.Gateway, Begin: m.Begin, End: m.End, Cause: ByMaintenance, By: m.ID,
			Reason: because("scheduled maintenance", m.Reason),
		})
	}
	for _, o := range r.Overrides {
		if o.State == Down {
			planned(Downtime{
				Instrument: o.Instrument, Gateway: o.Gateway, Begin: o.From, End: o.Until, Cause: ByOverride, By: o.ID,
				Reason: because("forced", o.Reason),
			})
		}
	}
	return out
}

// downtime fills in what the verdict says.
func (l *Level) downtime(d Downtime) Downtime {
	d.Status, d.Begun, d.Begin, d.Reason, d.Cause, d.Severity = Started, true, l.Since, l.Reason, ByRate, High
	switch l.State {
	case Degraded:
		d.Severity = Low
	case Recovering:
		d.Severity, d.Cause = Medium, ByProbes
	case Probing:
		d.Cause = ByProbes
	case Down:
		if l.Trial.Falls > 1 {
			d.Cause = ByProbes
		}
	case Up:
	}
	for _, j := range l.Decided {
		d.Windows = append(d.Windows, j.End)
	}
	return d
}

// Disruptions returns the downtimes of the mode that the row remembers: those that are not over, and the last that are,
// the one that begins last first. A view lists them.
func (r *ModeRow) Disruptions() []Downtime {
	if r == nil {
		return nil
	}
	out := slices.Clone(r.Downtimes)
	slices.SortStableFunc(out, func(a, b Downtime) int {
		return cmp.Or(cmp.Compare(b.Begin, a.Begin), cmp.Compare(a.ID, b.ID))
	})
	return out
}
