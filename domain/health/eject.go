package health

import (
	"cmp"
	"slices"
)

// eject decides which of those that are out by their own state do lose their traffic: of the mode's instruments the
// worst first, up to the limit, which those count towards that people have forced down; of an instrument's gateways
// all, unless nothing would be left. Instruments that do not weigh raise no limit and are held up by none; `other` is
// never out.
func (r *ModeRow) eject(s Settings) {
	var out []*Instrument
	known, weighing, forced := 0, 0, 0
	for i := range r.Instruments {
		l := &r.Instruments[i].Level
		l.Kept = false
		if l.Known || l.forced() {
			known++
		}
		if r.Instruments[i].Weighs || l.forced() {
			weighing++
		}
		switch {
		case r.Instruments[i].Name == OtherName:
			l.Kept = true
		case l.forced() && l.Forced.State == Down:
			forced++
		case !l.forced() && l.State.out() && r.Instruments[i].Weighs:
			out = append(out, &r.Instruments[i])
		}
	}
	slices.SortStableFunc(out, func(a, b *Instrument) int {
		x, _ := a.Level.Pool.Rate()
		y, _ := b.Level.Pool.Rate()
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Name, b.Name))
	})
	limit := max(0, ejectable(s.At(r.Settings, "", r.Evaluated), known, weighing)-forced)
	for _, inst := range out[min(len(out), limit):] {
		inst.Level.Kept = true
	}
	for i := range r.Instruments {
		keepGateways(r.Instruments[i].Gateways)
	}
	if inst := r.Instrument(OtherName); inst != nil {
		if g := inst.gateway(OtherName); g != nil {
			g.Level.Kept = true
		}
	}
}

// keepGateways leaves those their traffic that are out if all are; but what people have forced down stays so.
func keepGateways(gateways []Gateway) {
	all := !slices.ContainsFunc(gateways, func(g Gateway) bool { return !g.Level.state().out() })
	for j := range gateways {
		gateways[j].Level.Kept = all
	}
}

// ejectable returns how many instruments may be disabled at a time: a share of those that weigh, and one in any case
// where there are others.
func ejectable(s Settings, known, weighing int) int {
	limit := weighing * s.MaxEjectionPercent / 100
	if s.MaxEjectionPercent == 0 || known < 2 {
		return limit
	}
	return max(1, limit)
}
