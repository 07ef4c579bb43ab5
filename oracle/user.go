package oracle

import (
	"cmp"
	"hash/fnv"
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// user is all that decides on one user's progress, in whatever order it came.
type user struct {
	id       string
	payments []settled // by created_at
	turns    map[string][]turn
	sets     []set
}

// settled is a payment that was settled, with what is left of it.
type settled struct {
	facts *payment.Facts
	net   int64
}

// turn is an enrolment in a mission, or a withdrawal.
type turn struct {
	at  instant.Milli
	out bool
}

// set is what segments the user is in from a time on.
type set struct {
	at       instant.Milli
	segments []string
}

func (u *user) sort() {
	slices.SortFunc(u.payments, func(a, b settled) int { return cmp.Compare(a.facts.CreatedAt, b.facts.CreatedAt) })
	for _, list := range u.turns {
		slices.SortStableFunc(list, turn.compare)
	}
	slices.SortStableFunc(u.sets, func(a, b set) int {
		if a.at != b.at {
			return cmp.Compare(a.at, b.at)
		}
		return slices.Compare(a.segments, b.segments)
	})
}

func (t turn) compare(o turn) int {
	if t.at != o.at {
		return cmp.Compare(t.at, o.at)
	}
	return order(t) - order(o)
}

// order puts a withdrawal behind an enrolment of the same time.
func order(t turn) int {
	if t.out {
		return 1
	}
	return 0
}

// in tells whether the user was enrolled by hand at a time.
func (u *user) in(mission string, t instant.Milli) bool {
	in := false
	for _, turn := range u.turns[mission] {
		if turn.at <= t {
			in = !turn.out
		}
	}
	return in
}

// invited tells whether a version is for the user at a time: by the sticky draw, and by the segments of the time. The
// first set of segments also holds before it.
func (u *user) invited(v *version, t instant.Milli) bool {
	if drawn(v.ID, u.id) >= v.rollout {
		return false
	}
	if len(v.Audience.Segments) == 0 {
		return true
	}
	var segments []string
	for i, s := range u.sets {
		if i == 0 || s.at <= t {
			segments = s.segments
		}
	}
	return slices.ContainsFunc(segments, func(s string) bool { return slices.Contains(v.Audience.Segments, s) })
}

// drawn returns the user's lot in a mission, 0 to 99: FNV-1a over both ids with a zero byte between, its bits mixed by
// the last steps of splitmix64.
func drawn(mission, user string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(mission + "\x00" + user)) // never fails
	z := h.Sum64()
	for _, step := range []struct {
		shift  int
		factor uint64
	}{{30, 0xbf58476d1ce4e5b9}, {27, 0x94d049bb133111eb}, {31, 1}} {
		z = (z ^ z>>step.shift) * step.factor
	}
	return int64(z % 100)
}

// fits tells whether a payment passes a version, but for the user's enrolment and a window of the user's own.
func (u *user) fits(r *rule, v *version, p *payment.Facts) bool {
	return v.matches(p) && r.running(p.CreatedAt) && u.invited(v, p.CreatedAt)
}

// matches tells whether a payment passes what a version says of payments.
func (v *version) matches(p *payment.Facts) bool {
	if p.Currency != v.Currency || v.Window.Kind == "fixed" && !v.fixed.contains(p.CreatedAt) {
		return false
	}
	for _, holds := range v.all {
		if !holds(p) {
			return false
		}
	}
	if v.metric.field {
		_, has := field(p, v.Goal.Field)
		return has
	}
	return true
}

// enrolled returns since when the user takes part in a mission, and in which version: since the first enrolment by hand
// or the first payment that enrols by itself, by the version in force then. Without either the version is nil.
func (u *user) enrolled(r *rule) (*version, instant.Milli) {
	var found *version
	var since instant.Milli
	for _, t := range u.turns[r.id] {
		if v := r.inForce(t.at); !t.out && v.Enrolment == "opt_in" && drawn(v.ID, u.id) < v.rollout {
			found, since = v, t.at
			break
		}
	}
	for _, p := range u.payments {
		at := p.facts.CreatedAt
		if found != nil && at >= since {
			break
		}
		if v := r.inForce(at); v.Enrolment != "opt_in" && u.fits(r, v, p.facts) {
			return v, at
		}
	}
	return found, since
}

// counting returns the payments that count for a version since a time, reversed ones included.
func (u *user) counting(r *rule, v *version, since instant.Milli) []settled {
	var out []settled
	for _, p := range u.payments {
		at := p.facts.CreatedAt
		if at >= since && (v.Enrolment != "opt_in" || u.in(r.id, at)) && u.fits(r, v, p.facts) {
			out = append(out, p)
		}
	}
	return out
}

// windows divides the payments that count by the start of their windows.
func (u *user) windows(r *rule) (*version, map[instant.Milli][]settled) {
	v, since := u.enrolled(r)
	if v == nil {
		return nil, nil
	}
	out := map[instant.Milli][]settled{}
	counting := u.counting(r, v, since)
	if v.Window.Start == "first_payment" && len(counting) > 0 {
		since = counting[0].facts.CreatedAt
	}
	for _, p := range counting {
		start := v.fixed.From
		switch v.Window.Kind {
		case "recurring":
			start = v.zone.around(v.Window.Every, p.facts.CreatedAt).From
		case "per_user":
			if start = since; p.facts.CreatedAt >= start+v.duration {
				continue
			}
		}
		out[start] = append(out[start], p)
	}
	return v, out
}
