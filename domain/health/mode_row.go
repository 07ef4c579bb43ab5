package health

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// ModeRow is the routing state of one mode: the newest scores of its gateways, the states made of them, and what people
// have decided over them.
type ModeRow struct {
	Mode string
	// Evaluated is the end of the last window that the mode was evaluated for.
	Evaluated instant.Milli
	// Settled is the event time up to which everything due was done.
	Settled instant.Milli
	// Level is the mode as a whole. It has a state and a score, but its traffic is never taken away: there is nothing
	// instead.
	Level Level
	// Instruments are ordered by name, without doubles.
	Instruments []Instrument
	// Overrides and Maintenances are those not yet over, ordered by id; Freeze is nil without one.
	Overrides    []Override
	Maintenances []Maintenance
	Freeze       *Freeze
	// Settings change those of the deployment, in the order of File.
	Settings []Setting
	// Downtimes are those that are not over, and the last ones that are, in the order in which they were announced.
	Downtimes []Downtime
	// Other is what the place `other` counted in its last windows, by end.
	Other []OtherWindow
}

// Instrument is one bank, app or card of a mode.
type Instrument struct {
	Name  string
	Level Level
	// Weighs says that the instrument has, or had when it left up, enough attempts to count in decisions about the
	// mode: names that hardly have traffic do not.
	Weighs bool
	// Gateways are ordered by name, without doubles.
	Gateways []Gateway
}

// Gateway is one way to reach an instrument.
type Gateway struct {
	Name  string
	Level Level
	// Scores, by window end, are those not yet evaluated and the newest one that is.
	Scores []Scoring
}

// Scoring is a score as the mode keeps it.
type Scoring struct {
	End        instant.Milli
	Correction bool
	Window     Counts
	Pool       Pool
}

// Limits that keep a mode's row within a record, whatever people decide. Those of gateways are with Settings.Places.
const (
	maxInterventions = 200 // of each kind, not yet over
	maxSettings      = 200
	maxResolved      = 50 // downtimes that are over
)

// Instrument returns the instrument called name, nil if there is none.
func (r *ModeRow) Instrument(name string) *Instrument {
	if r == nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(r.Instruments, name, byInstrument)
	if !found {
		return nil
	}
	return &r.Instruments[i]
}

// Due returns the watermark at which something is to be done next, and false if nothing is.
func (r *ModeRow) Due(s Settings) (instant.Milli, bool) {
	m, ok := r.upcoming(s)
	return m.at, ok
}

func (r *ModeRow) each(f func(*Instrument, *Gateway)) {
	for i := range r.Instruments {
		for j := range r.Instruments[i].Gateways {
			f(&r.Instruments[i], &r.Instruments[i].Gateways[j])
		}
	}
}

// clone returns a copy whose levels, scores and lists may be changed. What levels remember is replaced, never changed.
func (r *ModeRow) clone() *ModeRow {
	next := *r
	next.Instruments = slices.Clone(r.Instruments)
	for i := range next.Instruments {
		next.Instruments[i].Gateways = slices.Clone(next.Instruments[i].Gateways)
	}
	next.each(func(_ *Instrument, g *Gateway) { g.Scores = slices.Clone(g.Scores) })
	next.Overrides, next.Maintenances = slices.Clone(r.Overrides), slices.Clone(r.Maintenances)
	next.Downtimes = slices.Clone(r.Downtimes)
	return &next
}

// scores returns how many scores the row keeps.
func (r *ModeRow) scores() int {
	n := 0
	r.each(func(_ *Instrument, g *Gateway) { n += len(g.Scores) })
	return n
}

// instrument returns the place of an instrument, made if it is new.
func (r *ModeRow) instrument(name string, since instant.Milli) *Instrument {
	i, found := slices.BinarySearchFunc(r.Instruments, name, byInstrument)
	if !found {
		r.Instruments = slices.Insert(r.Instruments, i, Instrument{Name: name, Level: newLevel(since)})
	}
	return &r.Instruments[i]
}

// last returns the window end of the newest score.
func (g *Gateway) last() instant.Milli {
	if n := len(g.Scores); n > 0 {
		return g.Scores[n-1].End
	}
	return 0
}

// forget drops the gateways that had no score for as long as health remembers its series, and instruments that are left
// with none, unless they are forced.
func (r *ModeRow) forget(s Settings) {
	silent := func(g Gateway) bool { return g.last() < r.Evaluated.Add(-s.forgetAfter()) && !g.Level.forced() }
	for i := range r.Instruments {
		r.Instruments[i].Gateways = slices.DeleteFunc(r.Instruments[i].Gateways, silent)
	}
	r.Instruments = slices.DeleteFunc(r.Instruments, func(i Instrument) bool {
		return len(i.Gateways) == 0 && !i.Level.forced()
	})
	if r.Instrument(OtherName) == nil || r.Instrument(OtherName).gateway(OtherName) == nil {
		r.Other = nil
	}
}

// trim makes empty lists nil, as they are read back.
func (r *ModeRow) trim() {
	r.Instruments, r.Overrides, r.Maintenances = nilled(r.Instruments), nilled(r.Overrides), nilled(r.Maintenances)
	r.Settings, r.Downtimes, r.Other = nilled(r.Settings), nilled(r.Downtimes), nilled(r.Other)
	for i := range r.Instruments {
		r.Instruments[i].Gateways = nilled(r.Instruments[i].Gateways)
	}
}

func nilled[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

func byInstrument(i Instrument, name string) int { return cmp.Compare(i.Name, name) }

func byGateway(g Gateway, name string) int { return cmp.Compare(g.Name, name) }
