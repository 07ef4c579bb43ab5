package oracle

import (
	"fmt"
	"slices"
	"strings"
)

// Memory says where users may stand whose rows do not remember everything that reached them. It follows the rules of
// what a row forgets by the order of postings, and tries every order of the rest: docs/design.md, section 6.1, ADR 9
// and ADR 17.
type Memory struct {
	bounds  Bounds
	careers []*career
}

// NewMemory returns a Memory for missions.
func NewMemory(bounds Bounds, careers ...Career) (*Memory, error) {
	m := &Memory{bounds: bounds}
	for i, c := range careers {
		if err := m.Add(c); err != nil {
			return nil, fmt.Errorf("oracle: mission %d: %w", i+1, err)
		}
	}
	return m, nil
}

// Add adds a mission. One that is not understood here changes nothing.
func (m *Memory) Add(c Career) error {
	compiled, err := c.compile()
	if err == nil {
		m.careers = append(m.careers, compiled)
	}
	return err
}

// Needs tells whether it makes a difference in what order things reached a user's row: whether the row forgot
// something, or may have refused an enrolment. Of others a Fold or a Standing says all.
func (m *Memory) Needs(c Chronicle) bool {
	if len(c.Sets) > m.bounds.Sets {
		return true
	}
	turns := map[string]int{}
	for _, a := range c.Turns {
		turns[a.Mission]++
	}
	for _, career := range m.careers {
		if n := turns[career.id]; n > m.bounds.Switches || n > 0 && career.refuses(career.met(c.Met)) {
			return true
		}
	}
	r := &recall{bounds: m.bounds}
	windows := 0
	for _, posting := range c.Postings {
		if !r.seen(posting) {
			r.record(posting)
			windows = max(windows, r.spread())
			r.forget()
		}
	}
	return r.lossy || windows > m.bounds.Windows
}

// refuses tells whether an enrolment may be refused to somebody who is drawn.
func (c *career) refuses(met []Arrival) bool {
	if len(met) != 1 || met[0].Before >= 0 || c.stages[0].hidden || c.stages[0].ended != 0 {
		return true
	}
	v := c.stages[0].versions
	return len(v) > 1 && slices.ContainsFunc(v, func(v version) bool { return v.rollout < 100 }) ||
		slices.ContainsFunc(v, func(v version) bool { return !v.optIn() || len(v.Audience.Segments) > 0 })
}

// Of returns by mission where a user may stand after all that reached the row, once the row has met all stages of all
// missions.
func (m *Memory) Of(c Chronicle) map[string]Outlook {
	r := &recall{bounds: m.bounds}
	var all []*possible
	told := c.validSets()
	sets := remembered(told, m.bounds)
	for _, career := range m.careers {
		s := &scene{bounds: m.bounds, user: c.User, career: career, met: career.met(c.Met), told: told, sets: sets,
			recall: r}
		if !career.segmented() { // no set makes a difference
			s.told, s.sets = nil, sets[:1]
		}
		for _, a := range c.Turns {
			if a.Mission == career.id {
				s.turns = append(s.turns, a)
			}
		}
		all = append(all, s.begin())
	}
	for i, posting := range c.Postings {
		for _, p := range all {
			p.arrive(i)
		}
		if r.seen(posting) {
			continue
		}
		r.record(posting)
		gone := r.due()
		for _, p := range all {
			p.each(i+1, func(s *stance) {
				p.applyPosting(s, posting)
				p.forget(s, gone)
			})
		}
		r.forget()
		for _, p := range all {
			p.each(i+1, p.trim)
		}
	}
	out := map[string]Outlook{}
	for _, p := range all {
		p.arrive(len(c.Postings))
		out[p.career.id] = p.outlook()
	}
	return out
}

// validSets returns the sets that are not refused, each sorted and without doubles.
func (c Chronicle) validSets() []SegmentsArrival {
	var out []SegmentsArrival
	for _, t := range c.Sets {
		names := make([]string, 0, len(t.Segments))
		for _, s := range t.Segments {
			names = append(names, strings.TrimSpace(s))
		}
		slices.Sort(names)
		if t.Segments = slices.Compact(names); len(t.Segments) <= maxSegments && !slices.ContainsFunc(names, misnamed) {
			out = append(out, t)
		}
	}
	return out
}

// maxSegments is how many segments a user can be in, and maxName how long their names can be: a set of others is
// refused.
const maxSegments, maxName = 64, 100

// misnamed tells whether a text is no id: letters, digits and, but for the first, some signs.
func misnamed(s string) bool {
	const signs, rest = "-_.", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return s == "" || len(s) > maxName || strings.Trim(s, rest+signs) != "" || strings.Contains(signs, s[:1])
}

func (c *career) segmented() bool {
	for _, s := range c.stages {
		for i := range s.versions {
			if len(s.versions[i].Audience.Segments) > 0 {
				return true
			}
		}
	}
	return false
}
