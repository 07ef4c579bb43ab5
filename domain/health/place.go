package health

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// OtherName is the name of the place that counts what has no place of its own: gateway `other` of instrument `other`.
// Attempts that a producer calls so are counted there, too.
const OtherName = "other"

// OtherWindow is what was counted in one window for names without a place of their own.
type OtherWindow struct {
	End    instant.Milli
	Counts Counts
	// Places is the number of mode/instrument/gateway in it.
	Places int
}

// Unplaced says that Attempts were counted in the place `other`, since their mode/instrument/gateway has none.
type Unplaced struct{ Attempts int64 }

func (Unplaced) modeEffect() {}

// Unplaced returns how many names had no place in the window that was evaluated last.
func (r *ModeRow) Unplaced() int {
	for _, w := range r.Other {
		if w.End == r.Evaluated {
			return w.Places
		}
	}
	return 0
}

// Bounds on what a mode's row holds, whatever names the input makes up. Settings.Places bounds gateways.
const (
	maxPlaces    = 4000 // the largest Settings.Places; a row with more may not fit into a record
	maxGateways  = 64   // of one instrument
	waitingPart  = 16   // of Settings.Places may wait for the places of others, until the next evaluation
	minWaiting   = 16
	scoresAPlace = 3  // scores that wait, over all gateways: with more the mode is evaluated early
	maxOther     = 30 // windows of Other
	// of its mode's attempts an instrument has one at least, if it weighs in decisions about the mode
	weighingParts = 10_000
)

// candidates returns how many gateways may wait for a place at a time beyond those that are free.
func (s Settings) candidates() int { return max(minWaiting, s.Places/waitingPart) }

// maxScores returns how many scores may wait.
func (s Settings) maxScores() int { return scoresAPlace * (s.Places + s.candidates()) }

// isOther tells whether it is the place `other` itself.
func (p place) isOther() bool { return p == place{OtherName, OtherName} }

// at returns a copy of r, which may be nil, in which the gateway of a score may be changed, and nothing else: while
// event time makes a jump, a row has thousands of scores. The gateway is nil if it has no place and gets none. One that
// is new is a candidate until the mode is evaluated, and then stays if it is busier than others.
func (r *ModeRow) at(s Settings, score *Score) (*ModeRow, *Gateway, []ModeEffect) {
	if (place{score.Instrument, score.Gateway}).isOther() {
		row := r.shallow(score.Mode)
		return row, nil, row.overflow(s, scoringOf(score))
	}
	if inst := r.Instrument(score.Instrument); inst != nil && inst.gateway(score.Gateway) != nil {
		row := r.shallow(score.Mode)
		g := row.ours(score.Instrument).gateway(score.Gateway)
		g.Scores = slices.Clone(g.Scores)
		return row, g, nil
	}
	if score.Window == (Counts{}) && r.Crowded(s) {
		return r, nil, nil // silence asks for no place
	}
	row := r.shallow(score.Mode)
	g := row.gateway(score.Instrument, score.Gateway, score.WindowEnd)
	return row, g, nil
}

// shallow returns a copy of r, a new row if there is none, whose list of instruments may be changed; see ours.
func (r *ModeRow) shallow(mode string) *ModeRow {
	if r == nil {
		return &ModeRow{Mode: mode, Level: newLevel(0)}
	}
	row := *r
	row.Instruments = slices.Clone(r.Instruments)
	return &row
}

// ours returns an instrument of a shallow copy whose list of gateways may be changed.
func (r *ModeRow) ours(instrument string) *Instrument {
	inst := r.Instrument(instrument)
	inst.Gateways = slices.Clone(inst.Gateways)
	return inst
}

// gateway returns the place of a gateway, made if it is new. The list of instruments must be the row's own.
func (r *ModeRow) gateway(instrument, gateway string, since instant.Milli) *Gateway {
	if inst := r.Instrument(instrument); inst != nil {
		if g := inst.gateway(gateway); g != nil {
			return g
		}
	}
	r.instrument(instrument, since)
	inst := r.ours(instrument)
	j, _ := slices.BinarySearchFunc(inst.Gateways, gateway, byGateway)
	inst.Gateways = slices.Insert(inst.Gateways, j, Gateway{Name: gateway, Level: newLevel(since)})
	return &inst.Gateways[j]
}

// Crowded tells whether all places are taken by gateways that were evaluated or that people have named.
func (r *ModeRow) Crowded(s Settings) bool {
	if r == nil {
		return false
	}
	taken, _ := r.countPlaces(r.named())
	return taken >= s.Places
}

// Room returns how many more gateways the mode has places for, those that wait for one left aside.
func (r *ModeRow) Room(s Settings) int {
	placed, waiting := r.countPlaces(r.named())
	return max(0, s.Places-placed-waiting)
}

// countPlaces counts the gateways that have a place, and those that wait for one.
func (r *ModeRow) countPlaces(named map[place]bool) (placed, waiting int) {
	r.each(func(i *Instrument, g *Gateway) {
		switch {
		case (place{i.Name, g.Name}).isOther():
		case g.Level.Known || named[place{i.Name, g.Name}] || g.Level.forced():
			placed++
		default:
			waiting++
		}
	})
	return placed, waiting
}

// thin drops the least busy candidate if more wait than may. What it counted goes to `other`.
func (r *ModeRow) thin(s Settings) []ModeEffect {
	named := r.named()
	placed, waiting := r.countPlaces(named)
	if waiting <= max(0, s.Places-placed)+s.candidates() {
		return nil
	}
	var least tenant
	found := false
	r.each(func(i *Instrument, g *Gateway) {
		at := place{i.Name, g.Name}
		if g.Level.Known || g.Level.forced() || named[at] || named[place{i.Name, ""}] && len(i.Gateways) == 1 ||
			at.isOther() {
			return
		}
		if t := (tenant{place: at, traffic: g.traffic(s, g.last())}); !found || t.compare(least) < 0 {
			least, found = t, true
		}
	})
	if !found {
		return nil
	}
	return r.vacate(s, least)
}

// named returns what people have decided something about: instruments without a gateway stand for all of theirs.
func (r *ModeRow) named() map[place]bool {
	out := map[place]bool{}
	for i := range r.Overrides {
		out[place{r.Overrides[i].Instrument, r.Overrides[i].Gateway}] = true
	}
	for i := range r.Maintenances {
		out[place{r.Maintenances[i].Instrument, r.Maintenances[i].Gateway}] = true
	}
	for i := range r.Settings {
		if r.Settings[i].Instrument != "" && len(r.Settings[i].Patch) > 0 { // an empty one takes the settings back
			out[place{r.Settings[i].Instrument, ""}] = true
		}
	}
	return out
}

// tenant is a gateway that could lose its place. The one that goes first is the least busy; of two that are as busy the
// one that has not been evaluated yet, then the one whose name comes last.
type tenant struct {
	place
	known   bool
	traffic int64
	size    int // of its part of the row
}

func (t tenant) compare(u tenant) int {
	if c := cmp.Compare(t.traffic, u.traffic); c != 0 {
		return c
	}
	if t.known != u.known {
		if u.known {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(u.instrument, t.instrument), cmp.Compare(u.gateway, t.gateway))
}

// traffic returns how many attempts the gateway had in the windows that its newest score up to end looks back on.
func (g *Gateway) traffic(s Settings, end instant.Milli) int64 {
	for _, scoring := range slices.Backward(g.Scores) {
		if scoring.End <= end && s.age(end, scoring.End) < int64(s.Windows) {
			return scoring.Pool.Samples
		}
	}
	return 0
}

// choose decides, before the mode is evaluated for end, who keeps a place and who gets one: by traffic alone, so that
// nothing hangs on the order in which scores came. Never forgotten are gateways that are not up, forced, or named by
// people, alone or as part of their instrument; what an instrument has beyond maxGateways is judged by itself.
func (r *ModeRow) choose(s Settings, end instant.Milli) []ModeEffect {
	named := r.named()
	var gone, free []tenant
	total := 0
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		own, fixed := r.tenants(s, inst, named, end)
		if over := min(len(own)+fixed-maxGateways, len(own)); over > 0 {
			slices.SortFunc(own, tenant.compare)
			gone, own = append(gone, own[:over]...), own[over:]
		}
		total += len(own) + fixed
		if inst.Level.state() != Up || inst.Level.forced() || named[place{inst.Name, ""}] {
			own = outsiders(own, fixed)
		}
		free = append(free, own...)
	}
	size := r.Size()
	if total > s.Places || size > maxSize {
		slices.SortFunc(free, tenant.compare)
	}
	for ; len(free) > 0 && (total > s.Places || size > maxSize); free = free[1:] {
		gone = append(gone, free[0])
		total, size = total-1, size-free[0].size
	}
	return r.vacate(s, gone...)
}

// outsiders returns which gateways of an instrument that is never forgotten could lose their places all the same: the
// new ones, but for the busiest if there is no other.
func outsiders(own []tenant, fixed int) []tenant {
	fresh := slices.DeleteFunc(slices.Clone(own), func(t tenant) bool { return t.known })
	if fixed > 0 || len(fresh) < len(own) || len(fresh) == 0 {
		return fresh
	}
	slices.SortFunc(fresh, tenant.compare)
	return fresh[:len(fresh)-1]
}

// tenants returns the gateways of an instrument that could lose their places at the evaluation of end, and how many
// others it has.
func (r *ModeRow) tenants(s Settings, inst *Instrument, named map[place]bool,
	end instant.Milli) (own []tenant, fixed int) {
	for j := range inst.Gateways {
		g, at := &inst.Gateways[j], place{inst.Name, inst.Gateways[j].Name}
		switch {
		case at.isOther() || !g.Level.Known && (len(g.Scores) == 0 || g.Scores[0].End > end): // asks for no place yet
		case g.Level.state() != Up || g.Level.forced() || named[at]:
			fixed++
		default:
			own = append(own, tenant{at, g.Level.Known, g.traffic(s, end), g.size() + inst.own()/len(inst.Gateways)})
		}
	}
	return own, fixed
}

// vacate takes gateways away, and the instruments that are left with none. What they counted since the last evaluation
// goes to `other`. The list of instruments must be the row's own.
func (r *ModeRow) vacate(s Settings, gone ...tenant) []ModeEffect {
	if len(gone) == 0 {
		return nil
	}
	at, emptied := map[place]bool{}, map[string]bool{}
	for _, t := range gone {
		at[t.place], emptied[t.instrument] = true, true
	}
	var left []Scoring
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		leaves := func(g Gateway) bool { return at[place{inst.Name, g.Name}] }
		if !slices.ContainsFunc(inst.Gateways, leaves) {
			continue
		}
		var kept []Gateway
		for _, g := range inst.Gateways {
			if leaves(g) {
				left = append(left, g.Scores...)
			} else {
				kept = append(kept, g)
			}
		}
		inst.Gateways = kept
	}
	r.Instruments = slices.DeleteFunc(r.Instruments, func(i Instrument) bool {
		return emptied[i.Name] && len(i.Gateways) == 0 && !i.Level.forced()
	})
	var effects []ModeEffect
	for _, scoring := range left {
		if scoring.End > r.Evaluated {
			effects = append(effects, r.overflow(s, scoring)...)
		}
	}
	return effects
}

// overflow counts the window of a score in the place `other`. What is no evidence of its own (corrections, silence) is
// left out. The list of instruments must be the row's own.
func (r *ModeRow) overflow(s Settings, scoring Scoring) []ModeEffect {
	if scoring.Correction || scoring.Window == (Counts{}) {
		return nil
	}
	r.noteOther(scoring)
	var attempts int64
	if s.endToEnd(0, scoring.End) { // of windows that overlap each attempt counts once
		attempts = scoring.Window.Samples()
	}
	effects := []ModeEffect{Unplaced{attempts}}
	if scoring.End <= r.Evaluated {
		return effects
	}
	r.gateway(OtherName, OtherName, scoring.End)
	g := r.ours(OtherName).gateway(OtherName)
	i, found := slices.BinarySearchFunc(g.Scores, scoring.End, byEnd)
	g.Scores = slices.Clone(g.Scores)
	if found {
		g.Scores[i].Window = g.Scores[i].Window.Plus(scoring.Window)
		g.Scores[i].Pool = g.Scores[i].Pool.Plus(scoring.Pool)
		return effects
	}
	g.Scores = slices.Insert(g.Scores, i, scoring)
	return effects
}

// noteOther keeps what `other` counted in the last windows.
func (r *ModeRow) noteOther(scoring Scoring) {
	i, found := slices.BinarySearchFunc(r.Other, scoring.End, func(w OtherWindow, end instant.Milli) int {
		return cmp.Compare(w.End, end)
	})
	other := slices.Clone(r.Other)
	if !found {
		other = slices.Insert(other, i, OtherWindow{End: scoring.End})
	}
	other[i].Counts, other[i].Places = other[i].Counts.Plus(scoring.Window), other[i].Places+1
	r.Other = other[max(0, len(other)-maxOther):]
}
