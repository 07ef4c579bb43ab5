package oracle

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
)

// stance is one way in which a user may stand in a mission. What has arrived decides it together with the remembered
// payments, until a payment that counts is forgotten: then the version, the enrolment and the begin of a window of the
// user's own stay as they are.
type stance struct {
	turns, sets, stage int    // how many of each have arrived
	taken              []turn // the turns that were not refused, in order

	in      bool
	horizon mark // what was forgotten when the user came in
	fixed   bool
	place                            // where fixed
	late    []string                 // payments that came too late to be remembered, and count
	kept    map[instant.Milli]*count // by window: what forgotten payments contribute
	cut     instant.Milli            // windows that began before are not kept
	won     map[instant.Milli]int64  // completions in windows that were cut
	full    bool                     // a window has more values or days than are told apart
}

// place is where a user stands: in a version, since a time, and in a window of the user's own that began at another.
type place struct {
	version      *version // nil: nowhere
	since, began instant.Milli
}

// count is what payments contribute to one window.
type count struct {
	sum    money.Total      // of amount and count
	values map[string]int64 // payments by value, or by day
}

// scene is what all stances of one user in one mission have in common.
type scene struct {
	bounds Bounds
	user   string
	career *career
	met    []Arrival          // the stages of the mission
	turns  []EnrolmentArrival // of the mission
	told   []SegmentsArrival
	sets   [][]Set // that are remembered when so many have arrived, by time
	recall *recall
}

// rule returns the mission as the stance knows it; nil if it does not.
func (c *scene) rule(s *stance) *rule {
	if s.stage == 0 {
		return nil
	}
	return c.career.stages[s.stage-1].rule
}

// segments returns those of a time: of the newest set by then, or of the first.
func (c *scene) segments(s *stance, t instant.Milli) (names []string) {
	for i, x := range c.sets[s.sets] {
		if i == 0 || x.At <= t {
			names = x.Segments
		}
	}
	return names
}

// remembered returns, for each number of sets that have arrived, those that the row remembers: the latest, by time,
// each once.
func remembered(told []SegmentsArrival, bounds Bounds) [][]Set {
	out := [][]Set{nil}
	for _, x := range told {
		sets := slices.Clone(out[len(out)-1])
		at, known := slices.BinarySearchFunc(sets, x.Set, func(a, b Set) int {
			if a.At != b.At {
				return int(a.At - b.At)
			}
			return slices.Compare(a.Segments, b.Segments)
		})
		if !known {
			sets = slices.Insert(sets, at, x.Set)
		}
		out = append(out, sets[max(0, len(sets)-bounds.Sets):])
	}
	return out
}

func (v *version) invites(segments []string) bool {
	return len(v.Audience.Segments) == 0 || slices.ContainsFunc(segments, func(x string) bool {
		return slices.Contains(v.Audience.Segments, x)
	})
}

// fits tells whether a payment passes a version, whether or not the user is enrolled.
func (c *scene) fits(s *stance, v *version, f *payment.Facts) bool {
	r := c.rule(s)
	return v.matches(f) && r.running(f.CreatedAt) && drawn(r.id, c.user) < v.rollout &&
		(len(v.Audience.Segments) == 0 || v.invites(c.segments(s, f.CreatedAt)))
}

// enrols returns the version into which a payment brings a user by itself; nil if it does not.
func (c *scene) enrols(s *stance, f *payment.Facts) *version {
	r := c.rule(s)
	if r == nil {
		return nil
	}
	if v := r.inForce(f.CreatedAt); !v.optIn() && c.fits(s, v, f) {
		return v
	}
	return nil
}

// where works out where the user stands. It is decided by what came first in event time: an enrolment, or a remembered
// payment.
func (c *scene) where(s *stance) (p place) {
	r := c.rule(s)
	if s.fixed || r == nil {
		return s.place
	}
	for _, t := range s.taken {
		if v := r.inForce(t.at); !t.out && v.optIn() {
			p.version, p.since = v, t.at
			break
		}
	}
	for _, x := range c.recall.payments {
		if p.version != nil && x.facts.CreatedAt >= p.since {
			break
		}
		if v := c.enrols(s, x.facts); v != nil {
			p.version, p.since = v, x.facts.CreatedAt
			break
		}
	}
	if p.version != nil && p.version.begins() {
		for _, x := range c.recall.payments {
			if c.enrolled(s, p, x.facts.CreatedAt) && c.fits(s, p.version, x.facts) {
				p.began = x.facts.CreatedAt
				break
			}
		}
	}
	return p
}

// enrolled tells whether the user takes part at a time. Who was brought in by a payment takes part for all the time of
// the version, too.
func (c *scene) enrolled(s *stance, p place, t instant.Milli) bool {
	if !p.version.optIn() {
		return t >= p.since || c.rule(s).inForce(t).number == p.version.number
	}
	in := false
	for _, turn := range s.taken {
		if turn.at <= t {
			in = !turn.out
		}
	}
	return in && t >= p.since
}

// window returns the start of the window in which a payment counts; false if it does not count, but for having been
// forgotten too early.
func (c *scene) window(s *stance, p place, f *payment.Facts) (start instant.Milli, ok bool) {
	v, at := p.version, f.CreatedAt
	if v == nil || !c.fits(s, v, f) || !c.enrolled(s, p, at) {
		return 0, false
	}
	switch v.Window.Kind {
	case "recurring":
		start = v.zone.around(v.Window.Every, at).From
	case "per_user":
		start = p.since
		if v.begins() {
			start = p.began
		}
		if start == 0 || at < start || at >= start+v.duration {
			return 0, false
		}
	default:
		start = v.fixed.From
	}
	return start, start >= s.cut
}
