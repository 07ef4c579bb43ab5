package health

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// ModeEffect is what must happen outside a ModeRow; the set of its types is closed.
type ModeEffect interface{ modeEffect() }

// Awaited asks for a Settle of the mode at the watermark At.
type Awaited struct{ At instant.Milli }

// Changed is a state, or its effect on traffic, that changed.
type Changed struct{ Record *StatusRecord }

func (Awaited) modeEffect() {}
func (Changed) modeEffect() {}

// Settle evaluates the mode for every window end whose scores are all in at watermark w, in order. It returns r itself if
// none is due. A nil row is empty.
func (r *ModeRow) Settle(s Settings, w instant.Milli) (*ModeRow, []ModeEffect) {
	if r == nil {
		return nil, nil
	}
	due := slices.DeleteFunc(r.waiting(), func(end instant.Milli) bool { return s.evaluateAt(end) > w })
	if len(due) == 0 {
		return r, nil
	}
	next := r.clone()
	var effects []ModeEffect
	for _, end := range due {
		effects = append(effects, next.evaluate(s, end)...)
	}
	return next, effects
}

// Take files a score, after settling what is due at the watermark w before it. A score for a window end that the mode was
// already evaluated for comes from a partition that is behind: its window is made up for at once, with what is known of that
// time, so that states do not hang on which partition was fastest; behind a watermark that is the minimum over all
// partitions there are none. A correction counts from the next evaluation on.
func (r *ModeRow) Take(s Settings, score *Score, w instant.Milli) (*ModeRow, []ModeEffect) {
	r, effects := r.Settle(s, w)
	next := &ModeRow{Mode: score.Mode}
	if r != nil {
		next = r.clone()
	}
	inst, g := next.gateway(score.Instrument, score.Gateway, score.WindowEnd)
	g.file(score)
	switch {
	case score.WindowEnd > next.Evaluated:
		effects = append(effects, Awaited{s.evaluateAt(score.WindowEnd)})
	case !score.Correction:
		before := next.standings()
		next.step(s, inst, score.WindowEnd)
		next.refresh(s)
		effects = append(effects, next.changes(s, before, score.WindowEnd)...)
	}
	g.forget(next.Evaluated)
	return next, effects
}

// file puts a score in its place; a correction stays evidence if it replaces some.
func (g *Gateway) file(score *Score) {
	scoring := Scoring{End: score.WindowEnd, Correction: score.Correction, Pool: score.Pool}
	i, found := slices.BinarySearchFunc(g.Scores, scoring.End, func(a Scoring, end instant.Milli) int { return cmp.Compare(a.End, end) })
	if found {
		scoring.Correction = scoring.Correction && g.Scores[i].Correction
		g.Scores[i] = scoring
		return
	}
	g.Scores = slices.Insert(g.Scores, i, scoring)
}

// forget drops the scores that no evaluation will look at.
func (g *Gateway) forget(evaluated instant.Milli) {
	i := len(g.Scores) - 1
	for i > 0 && g.Scores[i].End > evaluated {
		i--
	}
	i = max(i, len(g.Scores)-maxScores)
	if i > 0 {
		g.Scores = slices.Delete(g.Scores, 0, i)
	}
}

// evaluate steps every level that has a score for the window end, ages the others, and applies the ejection limit.
func (r *ModeRow) evaluate(s Settings, end instant.Milli) []ModeEffect {
	before := r.standings()
	r.Evaluated = end
	for i := range r.Instruments {
		r.step(s, &r.Instruments[i], end)
	}
	r.refresh(s)
	effects := r.changes(s, before, end)
	r.each(func(_ *Instrument, g *Gateway) { g.forget(end) })
	return effects
}

// step takes the window that ended at end into account for an instrument and its gateways, those that have a score for it.
// Silence is no evidence.
func (r *ModeRow) step(s Settings, inst *Instrument, end instant.Milli) {
	var whole Pool
	evidence := false
	for j := range inst.Gateways {
		g := &inst.Gateways[j]
		p, fresh := g.poolAt(s, end)
		whole = whole.Plus(p)
		if fresh {
			g.Level.step(s, end, p)
			evidence = true
		}
	}
	if evidence {
		inst.Level.step(s, end, whole)
	}
}

// poolAt returns what the gateway's newest score up to end weighs at end, and whether that score is of end itself.
func (g *Gateway) poolAt(s Settings, end instant.Milli) (Pool, bool) {
	for _, scoring := range slices.Backward(g.Scores) {
		if scoring.End <= end {
			return scoring.Pool.aged(s, s.age(end, scoring.End)), scoring.End == end && !scoring.Correction
		}
	}
	return Pool{}, false
}

// refresh brings pools to the last evaluation and decides who gets traffic.
func (r *ModeRow) refresh(s Settings) {
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		inst.Level.Pool = Pool{}
		for j := range inst.Gateways {
			g := &inst.Gateways[j]
			g.Level.Pool, _ = g.poolAt(s, r.Evaluated)
			inst.Level.Pool = inst.Level.Pool.Plus(g.Level.Pool)
		}
	}
	r.eject(s)
}

// eject disables the instruments that are down, worst first, up to the limit. A gateway follows its instrument; of an
// enabled instrument those that are down are disabled unless all of them are.
func (r *ModeRow) eject(s Settings) {
	var down []*Instrument
	known := 0
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		inst.Level.Enabled = true
		if inst.Level.Stepped == 0 {
			continue
		}
		known++
		if inst.Level.State == Down {
			down = append(down, inst)
		}
	}
	slices.SortStableFunc(down, func(a, b *Instrument) int {
		x, _ := a.Level.Pool.Rate()
		y, _ := b.Level.Pool.Rate()
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Name, b.Name))
	})
	for _, inst := range down[:min(len(down), ejectable(s, known))] {
		inst.Level.Enabled = false
	}
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		allDown := !slices.ContainsFunc(inst.Gateways, func(g Gateway) bool { return g.Level.State != Down })
		for j := range inst.Gateways {
			l := &inst.Gateways[j].Level
			l.Enabled = inst.Level.Enabled && (l.State != Down || allDown)
		}
	}
}

// ejectable returns how many of n instruments may be disabled at a time.
func ejectable(s Settings, n int) int {
	if s.MaxEjectionPercent == 0 || n < 2 {
		return n * s.MaxEjectionPercent / 100
	}
	return max(1, n*s.MaxEjectionPercent/100)
}
