package health

import "slices"

// Standings returns the instruments of the mode, by name, as the health API lists them. Those whose first window is not
// evaluated yet are listed as up, as long as there is room for them.
func (r *ModeRow) Standings(s Settings) []Standing {
	if r == nil {
		return nil
	}
	return r.StandingsFrom(s, "", len(r.Instruments))
}

// StandingsFrom returns the first limit of those Standings whose names are from or come after it.
func (r *ModeRow) StandingsFrom(s Settings, from string, limit int) []Standing {
	if r == nil {
		return nil
	}
	i, _ := slices.BinarySearchFunc(r.Instruments, from, byInstrument)
	out := make([]Standing, 0, min(limit, len(r.Instruments)-i))
	crowded := r.Crowded(s)
	for ; i < len(r.Instruments) && len(out) < limit; i++ {
		inst := &r.Instruments[i]
		if crowded && inst.waits() {
			continue
		}
		x := s.At(r.Settings, inst.Name, r.Evaluated)
		out = append(out, r.standing(x, place{inst.Name, ""}, &inst.Level, inst.Level.share(x)))
	}
	return out
}

// waits tells whether the instrument has no place yet, and may never get one.
func (i *Instrument) waits() bool {
	return !i.Level.Known && !i.Level.forced() && i.Name != OtherName &&
		!slices.ContainsFunc(i.Gateways, func(g Gateway) bool { return g.Level.forced() })
}

// Standing returns one instrument of the mode with its gateways, by name; false if it is not known. A gateway gets no
// more of its traffic than its instrument does.
func (r *ModeRow) Standing(s Settings, instrument string) (Standing, []Standing, bool) {
	inst := r.Instrument(instrument)
	if inst == nil || inst.waits() && r.Crowded(s) {
		return Standing{}, nil, false
	}
	x := s.At(r.Settings, instrument, r.Evaluated)
	gateways := make([]Standing, 0, len(inst.Gateways))
	for j := range inst.Gateways {
		gateways = append(gateways, r.standingOf(x, inst, &inst.Gateways[j]))
	}
	return r.standing(x, place{instrument, ""}, &inst.Level, inst.Level.share(x)), gateways, true
}

// Whole returns the standing of the mode as a whole, which is the sum over its instruments: it has a score and a state,
// but always all of its traffic.
func (r *ModeRow) Whole(s Settings) Standing {
	if r == nil {
		return Standing{}
	}
	return r.whole(s)
}

// Why is what a level stands on.
type Why struct {
	Standing Standing
	// Settings are those that it was judged by.
	Settings Settings
	// Automatic is the state that the evaluations say; it differs from the standing's while a state is forced.
	Automatic State
	// Decided are the windows that the automatic state was decided by, Recent the last ones that were judged; oldest
	// first.
	Decided, Recent []Judged
	// LowRun and HighRun are how many windows running, up to now, spoke for down and for up.
	LowRun, HighRun int
	// Freeze is set while automatic changes are stopped.
	Freeze *Freeze
}

// Why returns what the state of an instrument stands on, of one of its gateways, or, with both names empty, of the
// mode; false if it is not known.
func (r *ModeRow) Why(s Settings, instrument, gateway string) (Why, bool) {
	if r == nil {
		return Why{}, false
	}
	x := s.At(r.Settings, instrument, r.Evaluated)
	var standing Standing
	l := &r.Level
	switch inst := r.Instrument(instrument); {
	case instrument == "":
		standing = r.whole(s)
	case inst == nil:
		return Why{}, false
	case gateway == "":
		l, standing = &inst.Level, r.standing(x, place{instrument, ""}, &inst.Level, inst.Level.share(x))
	default:
		g := inst.gateway(gateway)
		if g == nil {
			return Why{}, false
		}
		l, standing = &g.Level, r.standingOf(x, inst, g)
	}
	why := Why{
		Standing: standing, Settings: x, Automatic: l.State, Decided: l.Decided, Recent: l.Recent, LowRun: l.LowRun,
		HighRun: l.HighRun,
	}
	if r.Freeze != nil && r.Freeze.In(r.Settled) {
		why.Freeze = r.Freeze
	}
	return why, true
}

func (i *Instrument) gateway(name string) *Gateway {
	j, found := slices.BinarySearchFunc(i.Gateways, name, byGateway)
	if !found {
		return nil
	}
	return &i.Gateways[j]
}
