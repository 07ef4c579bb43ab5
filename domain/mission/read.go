package mission

import (
	"math/bits"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// View is what one user sees of one mission.
type View struct {
	Mission    *Compiled     // the version that the user is in, else the one in force
	Enrolled   bool          // takes part now
	EnrolledAt instant.Milli // 0 if never enrolled
	// Start and End are the window that the rest is about, End excluded: the one around the time of the read, or the
	// user's own. Both are 0 if it has not begun.
	Start, End  instant.Milli
	Progress    int64 // all that counted, also past the target
	Remaining   int64 // until the next completion; 0 when the limit is reached
	Percent     int64 // of the way to the next completion, 0 to 100; 100 when the limit is reached
	Completions int64
	Limit       int64 // completions per user and window; 0 = none
}

// mostShown is how many missions there is room for at first: users see few of many.
const mostShown = 32

// Views returns every mission that a user can see at an event time, enrolled or not, by id: active, paused and ended
// ones whose audience includes the user. The row may be nil, and need not have met the missions yet.
func Views(row *UserRow, user string, missions *Snapshot, at instant.Milli, cfg Config) []View {
	row = Touch(row, user, missions, cfg)
	out := make([]View, 0, min(len(missions.plans), mostShown))
	for _, p := range missions.plans {
		if v, ok := p.view(row, user, at); ok {
			out = append(out, v)
		}
	}
	return out
}

// ViewOf returns one mission as the user sees it, false if there is none that the user can see.
func ViewOf(row *UserRow, user, id string, missions *Snapshot, at instant.Milli, cfg Config) (View, bool) {
	p, ok := missions.Find(id)
	if !ok {
		return View{}, false
	}
	return p.view(Touch(row, user, missions, cfg), user, at)
}

// DetailOf returns one mission as ViewOf does, with what the payments that the row remembers did for it, latest first.
// It brings the row up to the missions in force once for both.
func DetailOf(row *UserRow, user, id string, missions *Snapshot, at instant.Milli,
	cfg Config) (View, []Contribution, bool) {
	p, ok := missions.Find(id)
	if !ok {
		return View{}, nil, false
	}
	row = Touch(row, user, missions, cfg)
	v, ok := p.view(row, user, at)
	if !ok {
		return View{}, nil, false
	}
	return v, contributions(row, user, p), true
}

func (p *Plan) view(row *UserRow, user string, at instant.Milli) (View, bool) {
	s := row.State(p.ID())
	c := p.versionFor(s, at)
	var sets []SegmentSet
	if row != nil {
		sets = row.Segments
	}
	if !p.Status().Visible() || !c.includes(user) || !c.invites(segmentsNow(sets)) {
		return View{}, false
	}
	v := View{Mission: c, Remaining: c.mission.Goal.Target, Limit: c.mission.Limits.CompletionsPerUser}
	if w, begun := c.windowAt(at, s); begun {
		v.Start, v.End = w.start, w.end
	}
	if s.In() {
		v.EnrolledAt = s.EnrolledAt
		v.Enrolled = !c.optIn || !s.Switches[len(s.Switches)-1].Out
		c.fill(&v, s.Tally(v.Start))
	}
	return v, true
}

// fill tells how far a window is.
func (c *Compiled) fill(v *View, t *Tally) {
	progress := c.Progress(t)
	v.Progress = progress.Int64()
	v.Completions = c.Completions(progress)
	if v.Completions >= c.limit() {
		v.Remaining, v.Percent = 0, 100
		return
	}
	target := c.mission.Goal.Target
	done := progress
	for range v.Completions {
		done = done.Add(-target)
	}
	reached := max(done.Int64(), 0) // below target: the limit is not reached
	v.Remaining = target - reached
	v.Percent = percent(reached, target)
}

// percent returns floor(100 * part / whole) for 0 <= part <= whole without overflow.
func percent(part, whole int64) int64 {
	high, low := bits.Mul64(uint64(part), 100)
	quotient, _ := bits.Div64(high, low, uint64(whole))
	return int64(quotient)
}

// Contribution is what one payment did for one mission.
type Contribution struct {
	TransactionID string
	Counted       bool
	Contribution  int64 // minor units for amount, else 1 payment
	Net           int64 // minor units
	Reason        Reason
	At            instant.Milli // created_at
}

// contributions returns what the payments that the row remembers did for a mission, latest first. The row may be nil,
// and must have met the missions (Touch). A payment that is reversed in full does not count, reason NotSettled.
func contributions(row *UserRow, user string, p *Plan) []Contribution {
	if row == nil {
		return nil
	}
	out := make([]Contribution, 0, len(row.Recent))
	for _, r := range slices.Backward(row.Recent) {
		facts := r.Facts
		facts.UserID = user
		c, reason := p.Judge(row, &facts, r.Net)
		x := Contribution{TransactionID: r.TransactionID, Counted: reason == Counted, Net: r.Net, Reason: reason,
			At: r.CreatedAt}
		if x.Counted {
			x.Contribution = c.Contribution(r.Net)
		}
		out = append(out, x)
	}
	return out
}
