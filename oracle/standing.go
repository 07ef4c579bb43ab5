package oracle

import (
	"errors"
	"fmt"
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Standing says where users stand in missions by their settled payments alone: for audits, which have postings and no
// log.
type Standing struct{ rules []*rule }

// Payment is a payment that was settled, with what is left of it, in minor units.
type Payment struct {
	Facts *payment.Facts
	Net   int64
}

// Turn is an enrolment in a mission, or a withdrawal.
type Turn struct {
	At  instant.Milli
	Out bool
}

// Set is what segments a user is in from a time on.
type Set struct {
	At       instant.Milli
	Segments []string
}

// NewStanding returns a Standing for missions, and an error that names those that are not understood here, such as one
// of a kind of window that is new. They are left out; see Knows.
func NewStanding(missions ...Mission) (*Standing, error) {
	s, errs := &Standing{}, []error(nil)
	for _, m := range missions {
		c, err := m.compile()
		if err != nil {
			errs = append(errs, fmt.Errorf("oracle: mission %s: %w", m.ID, err))
			continue
		}
		s.rules = append(s.rules, c)
	}
	return s, errors.Join(errs...)
}

// Knows tells whether a mission is understood.
func (s *Standing) Knows(mission string) bool {
	return slices.ContainsFunc(s.rules, func(r *rule) bool { return r.id == mission })
}

// Of returns where a user stands, in whatever order the payments came. Turns are by mission.
func (s *Standing) Of(id string, payments []Payment, turns map[string][]Turn, sets []Set) map[ProgressKey]Progress {
	u := &user{id: id, turns: map[string][]turn{}}
	for _, p := range payments {
		u.payments = append(u.payments, settled{p.Facts, p.Net})
	}
	for mission, list := range turns {
		for _, t := range list {
			u.turns[mission] = append(u.turns[mission], turn{t.At, t.Out})
		}
	}
	for _, x := range sets {
		u.sets = append(u.sets, set{x.At, x.Segments})
	}
	u.sort()
	out := map[ProgressKey]Progress{}
	for _, rule := range s.rules {
		v, windows := u.windows(rule)
		for start, payments := range windows {
			reached := v.progress(payments)
			p := Progress{Progress: reached.Int64(), Completions: v.completions(reached)}
			p.Outcomes = p.Completions
			if p != (Progress{}) {
				out[ProgressKey{u.id, rule.id, v.number, start}] = p
			}
		}
	}
	return out
}
