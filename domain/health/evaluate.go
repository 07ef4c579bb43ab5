package health

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// ModeEffect is what must happen outside a ModeRow; the set of its types is closed.
type ModeEffect interface{ modeEffect() }

// Awaited asks for AdvanceTo of the mode at the watermark At.
type Awaited struct{ At instant.Milli }

// Changed is a state, or its effect on traffic, that changed.
type Changed struct{ Record *StatusRecord }

// Disrupted is a downtime that was announced, or changed.
type Disrupted struct{ Downtime *Downtime }

// Refused is an intervention or a setting that the row has no room for.
type Refused struct{ Detail string }

func (Awaited) modeEffect()   {}
func (Changed) modeEffect()   {}
func (Disrupted) modeEffect() {}
func (Refused) modeEffect()   {}

// AdvanceTo does what is due at watermark w, in order of event time: it evaluates the mode for every window end whose
// scores are all in, and begins and ends what people have decided. It returns r itself if nothing is due. A nil row is
// empty.
func (r *ModeRow) AdvanceTo(s Settings, w instant.Milli) (*ModeRow, []ModeEffect) {
	m, ok := r.upcoming(s)
	if !ok || m.at > w {
		return r, nil
	}
	next := r.clone()
	var effects []ModeEffect
	for ; ok && m.at <= w; m, ok = next.upcoming(s) {
		effects = append(effects, next.pass(s, m)...)
	}
	return next, next.await(s, effects)
}

// await appends the wish for what is due next. It may be an earlier one than was asked for before; asking again does no
// harm.
func (r *ModeRow) await(s Settings, effects []ModeEffect) []ModeEffect {
	if m, ok := r.upcoming(s); ok {
		effects = append(effects, Awaited{m.at})
	}
	return effects
}

// ObserveScore files a score, after evaluating what is due at the watermark w before it.
// A group sends its scores before the watermark that closed their windows, so at the watermark of an evaluation all of
// them are here; one that came later all the same would be taken as a correction.
func (r *ModeRow) ObserveScore(s Settings, score *Score, w instant.Milli) (*ModeRow, []ModeEffect) {
	r, effects := r.AdvanceTo(s, w)
	next, g, more := r.at(s, score)
	if next == r {
		return r, effects
	}
	if g != nil {
		known := g.Level.Known
		g.file(score)
		g.forget(next.Evaluated)
		if !known {
			more = next.thin(s)
		}
	}
	effects = append(effects, more...)
	if score.WindowEnd > next.Evaluated {
		effects = append(effects, Awaited{s.evaluateAt(score.WindowEnd)})
	}
	limit := s.maxScores()
	if next.scores() <= limit {
		return next, effects
	}
	next = next.clone()
	for next.scores() > limit {
		end, ok := next.waiting()
		if !ok {
			break // each gateway keeps the newest one that was evaluated
		}
		effects = append(effects, next.pass(s, moment{s.evaluateAt(end), end})...)
	}
	return next, effects
}

// orNew returns a copy of r that may be changed, an empty row if there is none.
func (r *ModeRow) orNew(mode string) *ModeRow {
	if r == nil {
		return &ModeRow{Mode: mode, Level: newLevel(0)}
	}
	return r.clone()
}

// file puts a score in its place. What a late attempt changed counts with the next window, whose score has it too: a
// correction of one that is here already is left out, since whether it came before the evaluation hangs on how groups
// are interleaved.
func (g *Gateway) file(score *Score) {
	scoring := scoringOf(score)
	i, found := slices.BinarySearchFunc(g.Scores, scoring.End, byEnd)
	if found {
		if !scoring.Correction {
			g.Scores[i] = scoring
		}
		return
	}
	g.Scores = slices.Insert(g.Scores, i, scoring)
}

func scoringOf(score *Score) Scoring {
	return Scoring{End: score.WindowEnd, Correction: score.Correction, Window: score.Window, Pool: score.Pool}
}

func byEnd(a Scoring, end instant.Milli) int { return cmp.Compare(a.End, end) }

// forget drops the scores that no evaluation will look at.
func (g *Gateway) forget(evaluated instant.Milli) {
	i := len(g.Scores) - 1
	for i > 0 && g.Scores[i].End > evaluated {
		i--
	}
	if i > 0 {
		g.Scores = slices.Delete(g.Scores, 0, i)
	}
}

// moment is something due at the watermark at: the evaluation of a window end, or, with end 0, what people have
// decided.
type moment struct{ at, end instant.Milli }

// upcoming returns what is due next; what people have decided goes before an evaluation of the same time.
func (r *ModeRow) upcoming(s Settings) (moment, bool) {
	if r == nil {
		return moment{}, false
	}
	var first moment
	found := false
	consider := func(m moment) {
		if !found || m.at < first.at || m.at == first.at && m.end < first.end {
			first, found = m, true
		}
	}
	if end, ok := r.waiting(); ok {
		consider(moment{s.evaluateAt(end), end})
	}
	if end, ok := r.tried(s); ok {
		consider(moment{s.evaluateAt(end), end})
	}
	for _, at := range r.boundaries() {
		if at > r.Settled {
			consider(moment{at: at})
		}
	}
	return first, found
}

// evaluateAt returns the watermark at which a mode is evaluated for the windows that end at end.
func (s Settings) evaluateAt(end instant.Milli) instant.Milli { return end.Add(s.Grace) }

// waiting returns the earliest window end that has scores and is not evaluated yet.
func (r *ModeRow) waiting() (instant.Milli, bool) {
	var first instant.Milli
	found := false
	r.each(func(_ *Instrument, g *Gateway) {
		for _, s := range g.Scores {
			if s.End > r.Evaluated && (!found || s.End < first) {
				first, found = s.End, true
			}
		}
	})
	return first, found
}

// tried returns the earliest window end at which a level moves that waits for time alone. A freeze holds it up.
func (r *ModeRow) tried(s Settings) (instant.Milli, bool) {
	var first instant.Milli
	found := false
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		consider := func(l *Level) {
			if l.State != Down && l.State != Recovering {
				return // spares most of them the settings
			}
			if at, ok := l.due(s.At(r.Settings, inst.Name, r.Settled)); ok && (!found || at < first) {
				first, found = at, true
			}
		}
		consider(&inst.Level)
		for j := range inst.Gateways {
			consider(&inst.Gateways[j].Level)
		}
	}
	if !found {
		return 0, false
	}
	end := s.windowAfter(max(first, r.Evaluated+1, r.Settled.Add(-s.Grace)) - 1).End
	return end, r.Freeze == nil || !r.Freeze.In(s.evaluateAt(end))
}

// pass does what is due at m and returns what changed.
func (r *ModeRow) pass(s Settings, m moment) []ModeEffect {
	before := r.outcomes(s)
	r.Settled = max(r.Settled, m.at)
	frozen := r.Freeze != nil && r.Freeze.In(r.Settled)
	r.intervene()
	var effects []ModeEffect
	if m.end > 0 {
		effects = r.choose(s, m.end)
		r.evaluate(s, m.end, frozen)
	}
	if !frozen {
		r.eject(s)
	}
	effects = append(effects, r.changes(s, before)...)
	r.forget(s)
	effects = append(effects, r.disruptions()...)
	r.shed()
	r.trim()
	return effects
}

// evaluate takes the windows that ended at end into account for every level.
func (r *ModeRow) evaluate(s Settings, end instant.Milli, frozen bool) {
	r.Evaluated = end
	mode := sight{end: end}
	judged := make([]bool, len(r.Instruments)) // by a window with attempts, while not out
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		out := inst.Level.State.out()
		x := s.At(r.Settings, inst.Name, end)
		whole, known := sight{end: end}, false
		for j := range inst.Gateways {
			g := &inst.Gateways[j]
			v, ok := g.sightAt(x, end)
			if !ok && !g.Level.Known {
				continue
			}
			g.Level.judge(x, v, frozen)
			whole, known = whole.plus(v), true
		}
		if known {
			inst.Level.judge(x, whole, frozen)
			judged[i] = whole.fresh && !out
		}
		if known && inst.Name != OtherName {
			mode = mode.plus(whole)
		}
	}
	r.weigh(s, mode, judged)
	x := s.At(r.Settings, "", end)
	x.Probing = false // there is nothing to send its traffic to instead
	r.Level.judge(x, mode, frozen)
	r.each(func(_ *Instrument, g *Gateway) { g.forget(end) })
}

// weigh decides which instruments count in decisions about the mode. The others stay what they were: an instrument that
// is out may have no traffic because it is out.
func (r *ModeRow) weigh(s Settings, mode sight, judged []bool) {
	for i := range r.Instruments {
		if inst := &r.Instruments[i]; judged[i] {
			enough := !inst.Level.Insufficient(s.At(r.Settings, inst.Name, r.Evaluated))
			inst.Weighs = enough && inst.Level.Pool.Samples >= mode.pool.Samples/weighingParts && inst.Name != OtherName
		}
	}
}

// sightAt returns the pool and window of the gateway's newest score up to end, as of end; false if there is none.
func (g *Gateway) sightAt(s Settings, end instant.Milli) (sight, bool) {
	for _, scoring := range slices.Backward(g.Scores) {
		if scoring.End > end {
			continue
		}
		v := sight{end: end, pool: scoring.Pool.aged(s, s.age(end, scoring.End))}
		if scoring.End == end && !scoring.Correction {
			v.window, v.fresh = scoring.Window, scoring.Window.Eligible(s.CountTimeouts) > 0
		}
		return v, true
	}
	return sight{end: end}, false
}
