package oracle

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// enter looks whether the user has come into the mission, or is out of it again, by something other than a payment.
func (c *scene) enter(s *stance) {
	if s.fixed {
		return
	}
	in := c.where(s).version != nil
	switch {
	case in && !s.in:
		s.horizon = c.recall.frontier
	case !in:
		s.horizon = mark{}
	}
	s.in = in
}

// meetStage brings the row to a stage of the mission.
func (c *scene) meetStage(s *stance, stage int) {
	s.stage = stage
	c.enter(s)
}

// enrol applies an enrolment to the row. It is refused where the user cannot see the mission, has nothing to leave, or
// comes after the end.
func (c *scene) enrol(s *stance, a EnrolmentArrival) {
	s.turns++
	r := c.rule(s)
	if r == nil || c.career.stages[s.stage-1].hidden {
		return
	}
	at := c.where(s).version
	if at == nil {
		at = r.inForce(a.At)
	}
	now := c.sets[s.sets]
	var segments []string
	if len(now) > 0 {
		segments = now[len(now)-1].Segments
	}
	switch {
	case drawn(r.id, c.user) >= at.rollout || !at.invites(segments) || !r.opens():
		return
	case a.Out && s.in && !at.optIn(), !a.Out && r.ended != 0:
		return
	}
	c.turn(s, turn{a.At, a.Out})
	c.enter(s)
	c.trim(s)
}

// turn takes in a turn, once, and drops what there are too many of: the first that says nothing new, else the second
// and third: who was enrolled first stays so.
func (c *scene) turn(s *stance, t turn) {
	if slices.Contains(s.taken, t) {
		return
	}
	taken := append(slices.Clone(s.taken), t)
	slices.SortFunc(taken, turn.compare)
	if len(taken) > c.bounds.Switches {
		from, to := 1, 3
		for i := 1; i < len(taken); i++ {
			if taken[i].out == taken[i-1].out {
				from, to = i, i+1
				break
			}
		}
		taken = slices.Delete(taken, from, to)
	}
	s.taken = taken
}

// applySegments applies the next set of segments to the row.
func (c *scene) applySegments(s *stance) {
	s.sets++
	c.enter(s)
	c.trim(s)
}

// applyPosting applies a posting that the row has not seen yet. The payments of recall hold it already, unless it
// came too late for that.
func (c *scene) applyPosting(s *stance, m Movement) {
	if c.rule(s) == nil {
		return
	}
	switch {
	case c.recall.forgotten(m.Facts):
		c.applyLatePosting(s, m)
	case !s.in && c.enrols(s, m.Facts) != nil:
		s.in, s.horizon = true, c.recall.frontier
	case s.fixed && !s.version.optIn() && m.Facts.CreatedAt < s.since:
		if _, ok := c.window(s, s.place, m.Facts); ok {
			s.since = m.Facts.CreatedAt
		}
	}
}

// applyLatePosting judges a posting of a payment that is not remembered, by what is known now. It counts if the user
// was in the mission before the payment could be forgotten, or if the payment came only after that.
func (c *scene) applyLatePosting(s *stance, m Movement) {
	if !s.in {
		v := c.enrols(s, m.Facts)
		if v == nil || !m.Settles || c.bounds.Late == 0 {
			return
		}
		s.in, s.fixed, s.horizon, s.late = true, true, c.recall.frontier, []string{m.Facts.TransactionID}
		s.place = place{version: v, since: m.Facts.CreatedAt}
		start, _ := c.window(s, s.place, m.Facts)
		c.add(s, start, m.Facts, m.Before, m.After)
		return
	}
	p := c.where(s)
	start, ok := c.window(s, p, m.Facts)
	if !ok || !c.admits(s, m) {
		return
	}
	s.place, s.fixed = p, true
	if !p.version.optIn() {
		s.since = min(s.since, m.Facts.CreatedAt)
	}
	c.add(s, start, m.Facts, m.Before, m.After)
}

// admits tells whether a payment that is not remembered is new to the mission, and notes those that came late.
func (c *scene) admits(s *stance, m Movement) bool {
	id := m.Facts.TransactionID
	if !s.horizon.reaches(markOf(m.Facts)) || slices.Contains(s.late, id) {
		return true
	}
	if !m.Settles || len(s.late) >= c.bounds.Late {
		return false
	}
	s.late = append(slices.Clone(s.late), id)
	slices.Sort(s.late)
	return true
}

// forget lets the payments go that are due. What they contribute stays.
func (c *scene) forget(s *stance, gone []*paid) {
	if !s.in || len(gone) == 0 {
		return
	}
	p := s.place
	for _, x := range gone {
		if !s.fixed && !c.hopeful(s, x.facts) {
			continue
		}
		if p.version == nil {
			p = c.where(s)
		}
		if start, ok := c.window(s, p, x.facts); ok {
			if !s.fixed {
				s.place, s.fixed = p, true
			}
			c.add(s, start, x.facts, 0, x.net)
		}
	}
}

// hopeful tells whether a payment may count at all. It spares the work to find out where a user stands.
func (c *scene) hopeful(s *stance, f *payment.Facts) bool {
	r := c.rule(s)
	for i := range r.versions {
		if c.fits(s, &r.versions[i], f) {
			return true
		}
	}
	return false
}

// add adds to what is kept of a window the difference that a payment makes when what is left of it goes from before to
// after.
func (c *scene) add(s *stance, start instant.Milli, f *payment.Facts, before, after int64) {
	if s.kept == nil {
		s.kept = map[instant.Milli]*count{}
	}
	if s.kept[start] == nil {
		s.kept[start] = &count{}
	}
	recent := func(key string) bool { // whether a remembered payment counts with it
		n, _ := c.tally(s)
		return n[start] != nil && n[start].values[key] > 0
	}
	n := s.kept[start]
	n.add(s.version, f, before, after, recent)
	if room := s.version.metric.room; room != nil {
		s.full = s.full || len(n.values)+len(c.recall.payments) > room(c.bounds)
	}
}
