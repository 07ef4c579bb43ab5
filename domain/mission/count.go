package mission

import (
	"slices"

	"github.com/millrace/millrace/domain/ledger"
)

// count adds a posting, of whose payment there was before, to every mission that it counts for, and returns their
// number.
func (d *draft) count(p *ledger.Posting, before int64) int {
	forgotten, n := d.forgotten(p), 0
	for _, i := range d.candidates(&p.Facts) {
		plan := d.missions.plans[i]
		switch {
		case forgotten:
			n += d.countLate(plan, p)
		case d.brings(plan, p):
			n += d.enrolBy(plan, p, before)
		default:
			n += d.countRecent(plan, p, before)
		}
	}
	return n
}

// brings tells whether a payment decides anew where the user stands in a mission: it enrols, earlier than what did so
// far, or it begins the user's window.
func (d *draft) brings(plan *Plan, p *ledger.Posting) bool {
	s := d.find(plan)
	if s.In() && s.Fixed {
		return false
	}
	if !s.In() || p.CreatedAt < s.EnrolledAt {
		return plan.enrols(d.row.Segments, &p.Facts) != nil
	}
	c := plan.versionFor(s, 0)
	return c.begins() && (s.BeganAt == 0 || p.CreatedAt < s.BeganAt) && c.Judge(&p.Facts) == Counted
}

// enrolBy lets a payment that is remembered decide where the user stands.
func (d *draft) enrolBy(plan *Plan, p *ledger.Posting, before int64) int {
	s := d.find(plan)
	if len(plan.versions) > 1 || s.In() && plan.versions[0].mission.Window.Kind == WindowPerUser {
		d.derive(plan, d.row.Recent)
		return 1
	}
	// No other payment comes to count or ceases to: with one version, what counts does so wherever enrolment lies.
	next := d.state(plan)
	if !s.In() {
		next.Version, next.EnrolledAt, next.Horizon = 1, p.CreatedAt, d.row.Frontier
	}
	return d.countRecent(plan, p, before)
}

// countRecent counts a posting of a payment that is remembered and moves nothing but its tally.
func (d *draft) countRecent(plan *Plan, p *ledger.Posting, before int64) int {
	s := d.find(plan)
	if !s.In() {
		return 0
	}
	c := plan.versionFor(s, 0)
	w, reason := plan.place(c, s, d.row.Segments, &p.Facts)
	if reason == AfterHorizon {
		d.effects = append(d.effects, Forgotten{Mission: plan.ID()})
	}
	if reason != Counted {
		return 0
	}
	if !c.optIn && p.CreatedAt < s.EnrolledAt {
		d.state(plan).EnrolledAt = p.CreatedAt
		if d.recount(plan) {
			return 1
		}
	}
	if x := c.contribution(&p.Facts, before, p.NetAfter); x.amount != 0 {
		if !d.tally(plan, w).add(x, true) {
			return 0
		}
	}
	return 1
}

// countLate counts a posting of a payment that the row does not remember: it counts if the user was in the mission
// before the payment could be forgotten, or if it arrives only now. What was forgotten earlier stays out, and so do its
// reversals.
func (d *draft) countLate(plan *Plan, p *ledger.Posting) int {
	s := d.find(plan)
	if !s.In() {
		return d.enrolLate(plan, p)
	}
	c := plan.versionFor(s, 0)
	w, reason := plan.place(c, s, d.row.Segments, &p.Facts)
	if reason == Counted && !d.admit(plan, s, p) || reason == NotEnrolled &&
		plan.enrols(d.row.Segments, &p.Facts) != nil {
		reason = AfterHorizon
	}
	if reason == AfterHorizon {
		d.effects = append(d.effects, Forgotten{Mission: plan.ID()})
	}
	if reason != Counted {
		return 0
	}
	s = d.state(plan)
	s.Fixed = true
	room := d.tally(plan, w).add(c.contribution(&p.Facts, p.NetBefore, p.NetAfter), false)
	if !c.optIn && p.CreatedAt < s.EnrolledAt {
		s.EnrolledAt = p.CreatedAt
		d.recount(plan)
	}
	if !room {
		return 0
	}
	return 1
}

// recount counts anew the remembered payments of a user whose enrolment has moved to an earlier time: those between,
// made under another version, count from now on. It tells whether it did; with one version there are none.
func (d *draft) recount(plan *Plan) bool {
	if len(plan.versions) == 1 {
		return false
	}
	d.derive(plan, d.row.Recent)
	return true
}

// enrolLate lets a payment that the row does not remember bring the user into a mission.
func (d *draft) enrolLate(plan *Plan, p *ledger.Posting) int {
	c := plan.enrols(d.row.Segments, &p.Facts)
	if c == nil {
		return 0
	}
	if p.Kind != ledger.PaymentSettled || d.cfg.MaxLate == 0 {
		d.effects = append(d.effects, Forgotten{Mission: plan.ID()})
		return 0
	}
	s := d.state(plan)
	s.Version, s.EnrolledAt, s.Fixed = c.Number(), p.CreatedAt, true
	s.Horizon, s.Late = d.row.Frontier, []string{p.TransactionID}
	w, _ := c.windowAt(p.CreatedAt, s)
	d.tally(plan, w).add(c.contribution(&p.Facts, p.NetBefore, p.NetAfter), false)
	d.recount(plan)
	return 1
}

// admit tells whether a payment that the row does not remember is new to the mission, and notes the late ones.
func (d *draft) admit(plan *Plan, s *State, p *ledger.Posting) bool {
	if markOf(&p.Facts).compare(s.Horizon) > 0 || s.isLate(p.TransactionID) {
		return true
	}
	if p.Kind != ledger.PaymentSettled || len(s.Late) >= d.cfg.MaxLate {
		return false
	}
	s = d.state(plan)
	i, _ := slices.BinarySearch(s.Late, p.TransactionID)
	s.Late = slices.Insert(slices.Clone(s.Late), i, p.TransactionID)
	return true
}
