package health

import "github.com/millrace/millrace/domain/instant"

// Standing is the public row of an instrument or of one of its gateways.
type Standing struct {
	Mode, Instrument string
	Gateway          string // empty for the instrument as a whole
	State            State
	Enabled          bool
	TrafficPercent   int
	// Score is the pooled technical rate, rounded to four decimals; Scored is false if there is none.
	Score        float64
	Scored       bool
	Samples      int64
	Eligible     int64
	Insufficient bool
	Since        instant.Milli
	Reason       string
}

// StatusRecord is the public record of a change: the record of `health-status`, keyed mode/instrument for an instrument and
// mode/instrument/gateway for a gateway.
type StatusRecord struct {
	Standing
	// Previous is the state before; it is State itself where only the effect on traffic changed.
	Previous State
	// WindowEnd is the end of the window that decided.
	WindowEnd instant.Milli
}

// Key returns the record's key.
func (r *StatusRecord) Key() string {
	key := Path{r.Mode, r.Instrument, r.Gateway}.Key()
	if r.Gateway == "" {
		return key[:len(key)-1] // without the separator before the empty gateway
	}
	return key
}

// ejectionNote tells why something that is down still gets traffic.
const ejectionNote = "; kept enabled by the ejection limit"

func (r *ModeRow) standing(s Settings, instrument, gateway string, l *Level) Standing {
	rate, scored := ratio(l.Pool.WeightedSuccess, l.Pool.WeightedEligible)
	reason := l.Reason
	if l.State == Down && l.Enabled {
		reason += ejectionNote
	}
	return Standing{
		Mode: r.Mode, Instrument: instrument, Gateway: gateway,
		State: l.State, Enabled: l.Enabled, TrafficPercent: l.TrafficPercent(), Score: rate, Scored: scored,
		Samples: l.Pool.Samples, Eligible: l.Pool.Eligible, Insufficient: l.Insufficient(s), Since: l.Since, Reason: reason,
	}
}

// outcome is the part of a level whose change is published.
type outcome struct {
	state   State
	enabled bool
}

type place struct{ instrument, gateway string }

// standings returns the outcomes of all levels that have one.
func (r *ModeRow) standings() map[place]outcome {
	out := map[place]outcome{}
	add := func(p place, l *Level) {
		if l.Stepped != 0 {
			out[p] = outcome{l.State, l.Enabled}
		}
	}
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		add(place{inst.Name, ""}, &inst.Level)
		for j := range inst.Gateways {
			add(place{inst.Name, inst.Gateways[j].Name}, &inst.Gateways[j].Level)
		}
	}
	return out
}

// changes returns a Changed for every level whose outcome differs from before, in order of names, the instrument before its
// gateways. A level that is new compares with up and enabled.
func (r *ModeRow) changes(s Settings, before map[place]outcome, end instant.Milli) []ModeEffect {
	var effects []ModeEffect
	compare := func(p place, l *Level) {
		old, had := before[p]
		if !had {
			old = outcome{Up, true}
		}
		if l.Stepped != 0 && old != (outcome{l.State, l.Enabled}) {
			effects = append(effects, Changed{&StatusRecord{
				Standing: r.standing(s, p.instrument, p.gateway, l), Previous: old.state, WindowEnd: end,
			}})
		}
	}
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		compare(place{inst.Name, ""}, &inst.Level)
		for j := range inst.Gateways {
			compare(place{inst.Name, inst.Gateways[j].Name}, &inst.Gateways[j].Level)
		}
	}
	return effects
}
