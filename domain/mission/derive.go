package mission

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// meet applies the missions in force to the payments that the row remembers, if the row has not met exactly these. It
// serves missions that are new to the row and those that were paused, resumed, ended or edited since.
func (d *draft) meet() {
	if d.row.Missions == d.missions.fingerprint {
		return
	}
	changed, ok := d.missions.changedSince(d.row.Missions)
	d.row.Missions, d.changed = d.missions.fingerprint, true
	if !ok {
		d.deriveAll(func(*Plan) bool { return true })
		return
	}
	for _, id := range changed {
		if p, ok := d.missions.Find(id); ok {
			d.derive(p, d.row.Recent)
		}
	}
}

// deriveAll works out anew where the user stands in the missions that are asked for. It looks only at those for which a
// remembered payment may count, or in which the user is.
func (d *draft) deriveAll(wanted func(*Plan) bool) {
	type pair struct{ plan, recent int32 }
	var pairs []pair
	for n, r := range d.row.Recent {
		for _, i := range d.candidates(d.facts(r)) {
			if wanted(d.missions.plans[i]) {
				pairs = append(pairs, pair{i, int32(n)})
			}
		}
	}
	const none = -1
	for _, s := range d.row.States {
		if i, ok := d.missions.find(s.Mission); ok && wanted(d.missions.plans[i]) {
			pairs = append(pairs, pair{int32(i), none})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := cmp.Compare(a.plan, b.plan); c != 0 {
			return c
		}
		return cmp.Compare(a.recent, b.recent)
	})
	var recent []*Recent
	for i, p := range pairs {
		if p.recent != none {
			recent = append(recent, d.row.Recent[p.recent])
		}
		if i == len(pairs)-1 || pairs[i+1].plan != p.plan {
			d.derive(d.missions.plans[p.plan], recent)
			recent = recent[:0]
		}
	}
}

// derive works out anew where the user stands in a mission: all of it as long as that is not fixed, else what the
// remembered payments contribute. Those given must hold all that may count.
func (d *draft) derive(p *Plan, recent []*Recent) {
	old := d.find(p)
	next := &State{Mission: p.ID()}
	switch {
	case old.In() && old.Fixed:
		*next = *old
	case old != nil:
		next.Switches = old.Switches
		fallthrough
	default:
		d.enrol(p, next, recent)
	}
	next.Tallies = nil
	if next.In() {
		d.tallies(p, old, next, recent)
	}
	switch {
	case old != nil && old.equal(next):
	case next.In() || len(next.Switches) > 0:
		d.put(p, next)
	case old != nil:
		d.remove(p)
	}
}

// enrol decides since when and in which version the user is in a mission: from the earliest enrolment, or the earliest
// payment that counts under a version that enrols by itself.
func (d *draft) enrol(p *Plan, s *State, recent []*Recent) {
	var c *Compiled
	for _, w := range s.Switches {
		if v := p.At(w.At); !w.Out && v.optIn {
			c, s.EnrolledAt = v, w.At
			break
		}
	}
	for _, r := range recent {
		if c != nil && r.CreatedAt >= s.EnrolledAt {
			break
		}
		if v := p.enrols(d.row.Segments, d.facts(r)); v != nil {
			c, s.EnrolledAt = v, r.CreatedAt
			break
		}
	}
	if c == nil {
		return
	}
	s.Version = c.Number()
	s.Horizon = d.row.Frontier
	if old := d.find(p); old.In() {
		s.Horizon = old.Horizon
	}
	if c.begins() {
		s.BeganAt = d.began(p, c, s, recent)
	}
}

// began returns when the window of a user begins with the first payment that counts, 0 if none does.
func (d *draft) began(p *Plan, c *Compiled, s *State, recent []*Recent) instant.Milli {
	for _, r := range recent {
		facts := d.facts(r)
		if c.Judge(facts) == Counted && c.invites(segmentsAt(d.row.Segments, r.CreatedAt)) &&
			p.enrolled(c, s, r.CreatedAt) {
			return r.CreatedAt
		}
	}
	return 0
}

// tallies gives next the tallies of what is settled of old, if it was of the same version, and of the remembered
// payments.
func (d *draft) tallies(p *Plan, old, next *State, recent []*Recent) {
	c := p.versionFor(next, 0)
	same := old.In() && old.Version == next.Version
	if same {
		for _, t := range old.Tallies {
			if t = t.settled(); !t.isEmpty() {
				next.Tallies = append(next.Tallies, t)
			}
		}
	}
	for _, r := range recent {
		facts := d.facts(r)
		w, reason := p.place(c, next, d.row.Segments, facts)
		if reason != Counted {
			continue
		}
		i, ok := findTally(next.Tallies, w.start)
		if !ok {
			next.Tallies = slices.Insert(next.Tallies, i, &Tally{Start: w.start})
		}
		next.Tallies[i].add(c.contribution(facts, 0, r.Net), true)
	}
	if same {
		for _, t := range next.Tallies {
			if before := old.Tally(t.Start); before != nil {
				t.Completions = before.Completions
			}
		}
	}
}
