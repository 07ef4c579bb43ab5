package health

// Standings returns the instruments of the mode, by name, as the health API lists them. Those whose first window is not
// evaluated yet are listed as up.
func (r *ModeRow) Standings(s Settings) []Standing {
	if r == nil {
		return nil
	}
	out := make([]Standing, 0, len(r.Instruments))
	for i := range r.Instruments {
		out = append(out, r.standing(s, r.Instruments[i].Name, "", &r.Instruments[i].Level))
	}
	return out
}

// Standing returns one instrument of the mode with its gateways, by name; false if it is not known.
func (r *ModeRow) Standing(s Settings, instrument string) (Standing, []Standing, bool) {
	inst := r.Instrument(instrument)
	if inst == nil {
		return Standing{}, nil, false
	}
	gateways := make([]Standing, 0, len(inst.Gateways))
	for j := range inst.Gateways {
		gateways = append(gateways, r.standing(s, instrument, inst.Gateways[j].Name, &inst.Gateways[j].Level))
	}
	return r.standing(s, instrument, "", &inst.Level), gateways, true
}

// Pool returns the score of the mode as a whole: the sum over its instruments.
func (r *ModeRow) Pool() Pool {
	var p Pool
	if r != nil {
		for i := range r.Instruments {
			p = p.Plus(r.Instruments[i].Level.Pool)
		}
	}
	return p
}
