package mission

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// place tells whether a payment counts for a user who stands in version c as s says, and in which window.
func (p *Plan) place(c *Compiled, s *State, sets []SegmentSet, f *payment.Facts) (span, Reason) {
	if reason := c.Judge(f); reason != Counted {
		return span{}, reason
	}
	switch {
	case !c.invites(segmentsAt(sets, f.CreatedAt)):
		return span{}, NotAudience
	case !p.enrolled(c, s, f.CreatedAt):
		return span{}, NotEnrolled
	}
	w, begun := c.windowAt(f.CreatedAt, s)
	switch {
	case !begun || f.CreatedAt >= w.end:
		return span{}, OutsideWindow
	case f.CreatedAt < w.start || w.start < s.Cut: // would have begun the window, or its window is no longer kept
		return span{}, AfterHorizon
	}
	return w, Counted
}

// enrolled tells whether a user who stands in version c as s says is enrolled at t. Who is enrolled by a payment is so
// for all the time of the version: a payment before it that counts enrols, or would have if it had come in time.
func (p *Plan) enrolled(c *Compiled, s *State, t instant.Milli) bool {
	if !s.In() {
		return false
	}
	if c.optIn {
		return t >= s.EnrolledAt && switchedIn(s.Switches, t)
	}
	return t >= s.EnrolledAt || p.At(t) == c
}

// enrols returns the version into which a payment brings a user who is in none, nil if it does not.
func (p *Plan) enrols(sets []SegmentSet, f *payment.Facts) *Compiled {
	c := p.At(f.CreatedAt)
	if c.optIn || c.Judge(f) != Counted || !c.invites(segmentsAt(sets, f.CreatedAt)) {
		return nil
	}
	return c
}

// versionFor returns the version that counts for a user and is shown: the one that the user is in, else the one in
// force at t.
func (p *Plan) versionFor(s *State, t instant.Milli) *Compiled {
	if s.In() {
		if c, ok := p.Version(s.Version); ok {
			return c
		}
	}
	return p.At(t)
}

// Judge tells why a payment of a user counts or does not, with net minor units of it left, and by which version. The
// row may be nil; f.UserID must be set.
func (p *Plan) Judge(row *UserRow, f *payment.Facts, net int64) (*Compiled, Reason) {
	s := row.State(p.ID())
	c := p.versionFor(s, f.CreatedAt)
	var sets []SegmentSet
	if row != nil {
		sets = row.Segments
	}
	_, reason := p.place(c, s, sets, f)
	switch {
	case reason == Counted && row.lost(s, f):
		reason = AfterHorizon
	case reason == NotEnrolled && p.enrols(sets, f) != nil: // it would have enrolled, but came too late for that
		reason = AfterHorizon
	case reason == Counted && net <= 0:
		reason = NotSettled
	}
	return c, reason
}

// lost tells whether a payment was forgotten before it could count.
func (row *UserRow) lost(s *State, f *payment.Facts) bool {
	return markOf(f).compare(s.Horizon) <= 0 && !s.isLate(f.TransactionID)
}
