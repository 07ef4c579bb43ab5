package health

import (
	"cmp"
	"slices"
)

// eject decides which of those that are out by their own state do lose their traffic: of the mode's instruments the worst
// first, up to the limit, which those count towards that people have forced down; of an instrument's gateways all, unless
// nothing would be left.
func (r *ModeRow) eject(s Settings) {
	var out []*Instrument
	known, forced := 0, 0
	for i := range r.Instruments {
		l := &r.Instruments[i].Level
		l.Kept = false
		if l.Known || l.forced() {
			known++
		}
		switch {
		case l.forced() && l.Forced.State == Down:
			forced++
		case !l.forced() && l.State.out():
			out = append(out, &r.Instruments[i])
		}
	}
	slices.SortStableFunc(out, func(a, b *Instrument) int {
		x, _ := a.Level.Pool.Rate()
		y, _ := b.Level.Pool.Rate()
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Name, b.Name))
	})
	limit := max(0, ejectable(s.At(r.Settings, "", r.Evaluated), known)-forced)
	for _, inst := range out[min(len(out), limit):] {
		inst.Level.Kept = true
	}
	for i := range r.Instruments {
		keepGateways(r.Instruments[i].Gateways)
	}
}

// keepGateways leaves those their traffic that are out if all are; but what people have forced down stays so.
func keepGateways(gateways []Gateway) {
	all := !slices.ContainsFunc(gateways, func(g Gateway) bool { return !g.Level.state().out() })
	for j := range gateways {
		gateways[j].Level.Kept = all
	}
}

// ejectable returns how many of n instruments may be disabled at a time.
func ejectable(s Settings, n int) int {
	if s.MaxEjectionPercent == 0 || n < 2 {
		return n * s.MaxEjectionPercent / 100
	}
	return max(1, n*s.MaxEjectionPercent/100)
}
