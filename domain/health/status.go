package health

import "github.com/millrace/millrace/domain/instant"

// Standing is the public row of a mode, of an instrument or of one of its gateways.
type Standing struct {
	Mode       string
	Instrument string // empty for the mode as a whole
	Gateway    string // empty for the instrument as a whole
	State      State
	Enabled    bool
	// TrafficPercent is the share of its usual traffic that it should get; Enabled says that it is not 0.
	TrafficPercent int
	// Score is the pooled technical rate, rounded to four decimals; Scored is false if there is none.
	Score        float64
	Scored       bool
	Samples      int64
	Eligible     int64
	Insufficient bool
	// ForcedUntil is when a state that people have set ends; 0: none is.
	ForcedUntil instant.Milli
	Since       instant.Milli
	Reason      string
}

// StatusRecord is the public record of a change: the record of `health-status`, keyed mode, mode/instrument or
// mode/instrument/gateway.
type StatusRecord struct {
	Standing
	// Previous is the state before; it is State itself where only the effect on traffic changed.
	Previous State
	// WindowEnd is the end of the last window that the mode was evaluated for; 0 before the first.
	WindowEnd instant.Milli
}

// Key returns the record's key.
func (r *StatusRecord) Key() string { return placeKey(r.Mode, r.Instrument, r.Gateway) }

// placeKey returns mode, mode/instrument or mode/instrument/gateway.
func placeKey(mode, instrument, gateway string) string {
	key := Path{mode, instrument, gateway}.Key()
	switch {
	case gateway != "":
		return key
	case instrument != "":
		return key[:len(key)-1] // without the separator before the empty gateway
	default:
		return key[:len(key)-2]
	}
}

// What people read behind the reason of a level that gets its traffic although its state is to have none.
const (
	keptNote  = "; kept enabled by the ejection limit"
	lastNote  = "; kept enabled, as no other gateway is up"
	otherNote = "; what has no place of its own is never disabled"
	wholeNote = "; a mode as a whole is never disabled"
)

// standing returns what a level looks like; percent is the share that it gets of what stands before it.
func (r *ModeRow) standing(s Settings, at place, l *Level, percent int) Standing {
	rate, scored := ratio(l.Pool.WeightedSuccess, l.Pool.WeightedEligible)
	out := Standing{
		Mode: r.Mode, Instrument: at.instrument, Gateway: at.gateway,
		State: l.state(), Enabled: percent > 0, TrafficPercent: percent, Score: rate, Scored: scored,
		Samples: l.Pool.Samples, Eligible: l.Pool.Eligible, Insufficient: l.Insufficient(s),
		Since: max(l.Since, l.Released), Reason: l.Reason,
	}
	switch {
	case l.forced():
		out.ForcedUntil, out.Since, out.Reason = l.Forced.Until, l.Forced.Since, l.Forced.Reason
	case !l.State.out():
	case at == (place{}):
		out.Reason += wholeNote
	case l.Kept && at.instrument == OtherName && (at.gateway == "" || at.isOther()):
		out.Reason += otherNote
	case l.Kept && at.gateway == "":
		out.Reason += keptNote
	case l.Kept && percent > 0:
		out.Reason += lastNote
	}
	return out
}

// outcome is the part of a level whose change is published.
type outcome struct {
	state   State
	percent int
	until   instant.Milli
}

type place struct{ instrument, gateway string }

// eachStanding calls f for every level with its standing, and whether it has a part in anything: the mode, then
// instruments by name, each before its gateways.
func (r *ModeRow) eachStanding(s Settings, f func(place, Standing, bool)) {
	f(place{}, r.whole(s), r.Level.Known)
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		x, at := s.At(r.Settings, inst.Name, r.Evaluated), place{inst.Name, ""}
		f(at, r.standing(x, at, &inst.Level, inst.Level.share(x)), inst.Level.Known || inst.Level.forced())
		for j := range inst.Gateways {
			g := &inst.Gateways[j]
			f(place{inst.Name, g.Name}, r.standingOf(x, inst, g), g.Level.Known || g.Level.forced())
		}
	}
}

// standingOf returns the standing of a gateway: it gets no more of its traffic than its instrument does.
func (r *ModeRow) standingOf(s Settings, inst *Instrument, g *Gateway) Standing {
	out := r.standing(s, place{inst.Name, g.Name}, &g.Level, min(inst.Level.share(s), g.Level.share(s)))
	if f := inst.Level.Forced; f.Until != 0 && f.State == Down && out.ForcedUntil == 0 {
		out.ForcedUntil = f.Until
		out.Reason += "; its instrument: " + f.Reason
	}
	return out
}

// whole returns the standing of the mode.
func (r *ModeRow) whole(s Settings) Standing {
	return r.standing(s.At(r.Settings, "", r.Evaluated), place{}, &r.Level, everything)
}

func outcomeOf(st Standing) outcome { return outcome{st.State, st.TrafficPercent, st.ForcedUntil} }

// outcomes returns the outcomes of all levels that have a part in anything.
func (r *ModeRow) outcomes(s Settings) map[place]outcome {
	out := map[place]outcome{}
	r.eachStanding(s, func(at place, st Standing, part bool) {
		if part {
			out[at] = outcomeOf(st)
		}
	})
	return out
}

// changes returns a Changed for every level whose outcome differs from before. A level that is new compares with up and
// enabled.
func (r *ModeRow) changes(s Settings, before map[place]outcome) []ModeEffect {
	var effects []ModeEffect
	r.eachStanding(s, func(at place, st Standing, part bool) {
		old, had := before[at]
		if !had {
			old = outcome{Up, everything, 0}
		}
		if (had || part) && old != outcomeOf(st) {
			effects = append(effects, Changed{&StatusRecord{Standing: st, Previous: old.state, WindowEnd: r.Evaluated}})
		}
	})
	return effects
}
