package oracle

import (
	"fmt"
	"maps"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// possible is all ways in which a user may stand in a mission, given what is known of the order in which records
// reached the row.
type possible struct {
	*scene
	ways  []*stance
	until int  // after so many postings nothing arrives any more
	lost  bool // they became too many
}

func (c *scene) begin() *possible {
	s := &stance{}
	for s.stage < len(c.met) && c.met[s.stage].Before < 0 {
		s.stage++
	}
	p := &possible{scene: c, ways: []*stance{s}}
	for _, a := range c.turns {
		p.until = max(p.until, a.Before)
	}
	for _, t := range c.told {
		p.until = max(p.until, t.Before)
	}
	for _, a := range c.met {
		p.until = max(p.until, a.Before)
	}
	return p
}

// arrive lets all that may come after n postings and before the next do so, in every order, and drops the ways in which
// something has not come that must have.
func (p *possible) arrive(n int) {
	if !slices.ContainsFunc(p.ways, func(s *stance) bool { return p.expects(s, n) }) {
		return
	}
	seen := map[string]bool{}
	for _, s := range p.ways {
		seen[s.key()] = true
	}
	for i := 0; i < len(p.ways); i++ { // it grows
		for _, next := range p.after(p.ways[i], n) {
			if key := next.key(); !seen[key] {
				seen[key] = true
				p.ways = append(p.ways, next)
			}
		}
		if len(p.ways) > p.bounds.Possibilities {
			p.ways, p.lost = nil, true
		}
	}
	p.ways = slices.DeleteFunc(p.ways, func(s *stance) bool { return p.misses(s, n) })
}

// expects tells whether something may come now.
func (p *possible) expects(s *stance, n int) bool {
	return s.turns < len(p.turns) && p.turns[s.turns].After <= n || s.sets < len(p.told) && p.told[s.sets].After <= n ||
		s.stage < len(p.met) && p.met[s.stage].After <= n
}

// misses tells whether something has not come that comes no more.
func (p *possible) misses(s *stance, n int) bool {
	return s.turns < len(p.turns) && p.turns[s.turns].Before <= n || s.sets < len(p.told) &&
		p.told[s.sets].Before <= n ||
		s.stage < len(p.met) && p.met[s.stage].Before <= n
}

// after returns what one more arrival makes of a stance. Of several stages the row may meet a later one at once.
func (p *possible) after(s *stance, n int) (out []*stance) {
	branch := func(change func(*stance)) {
		next := s.clone()
		change(next)
		out = append(out, next)
	}
	if s.turns < len(p.turns) && p.turns[s.turns].After <= n {
		a := p.turns[s.turns]
		branch(func(next *stance) { p.enrol(next, a) })
		if a.Again {
			branch(func(next *stance) { next.turns++ })
		}
	}
	if s.sets < len(p.told) && p.told[s.sets].After <= n {
		branch(p.applySegments)
	}
	for stage := s.stage; stage < len(p.met) && p.met[stage].After <= n; stage++ {
		branch(func(next *stance) { p.meetStage(next, stage+1) })
	}
	return out
}

// each changes every way, and makes one of those that have become the same as long as they may become more. So many
// postings are there.
func (p *possible) each(n int, change func(*stance)) {
	for _, s := range p.ways {
		change(s)
	}
	if len(p.ways) < 2 || n > p.until {
		return
	}
	seen := map[string]bool{}
	p.ways = slices.DeleteFunc(p.ways, func(s *stance) bool {
		key := s.key()
		again := seen[key]
		seen[key] = true
		return again
	})
}

func (s *stance) clone() *stance {
	next := *s
	next.won, next.kept = maps.Clone(s.won), maps.Clone(s.kept)
	for start, n := range next.kept {
		next.kept[start] = n.clone()
	}
	return &next
}

// Outlook is what may have come of one mission for one user.
type Outlook struct {
	// Ways are all that is possible, each once: often one. Windows without any contribution and completion are not in
	// them.
	Ways []map[ProgressKey]Progress
	// Unknown says why nothing is said; empty if something is.
	Unknown string
	// Many says that the reason is that there are more ways than are followed.
	Many bool
}

// Allows tells whether something is among the ways; outcomes: including what outcomes say.
func (o Outlook) Allows(got map[ProgressKey]Progress, outcomes bool) bool {
	return slices.ContainsFunc(o.Ways, func(way map[ProgressKey]Progress) bool {
		return maps.Equal(solid(way, outcomes), solid(got, outcomes))
	})
}

// solid leaves out windows in which nothing is.
func solid(progress map[ProgressKey]Progress, outcomes bool) map[ProgressKey]Progress {
	out := map[ProgressKey]Progress{}
	for k, p := range progress {
		if !outcomes {
			p.Outcomes = 0
		}
		if p != (Progress{}) {
			out[k] = p
		}
	}
	return out
}

// outlook returns what has come of the ways in which all has arrived.
func (p *possible) outlook() (o Outlook) {
	seen := map[string]bool{}
	for _, s := range p.ways {
		if s.turns < len(p.turns) || s.sets < len(p.told) || s.stage < len(p.met) {
			continue
		}
		if s.full {
			return Outlook{Unknown: "a window may have more values or days than are told apart"}
		}
		way := p.result(s)
		if key := fmt.Sprint(way); !seen[key] { // maps are printed in order
			seen[key] = true
			o.Ways = append(o.Ways, way)
		}
	}
	if p.lost {
		o.Unknown, o.Many = fmt.Sprintf("there are more than %d ways in which records may have met",
			p.bounds.Possibilities), true
	}
	return o
}

func (p *possible) result(s *stance) map[ProgressKey]Progress {
	out := map[ProgressKey]Progress{}
	windows, at := p.windows(s)
	put := func(start instant.Milli, q Progress) {
		if q != (Progress{}) {
			out[ProgressKey{p.user, p.career.id, at.version.number, start}] = q
		}
	}
	for start, n := range windows {
		reached := at.version.reached(n)
		done := at.version.completions(reached)
		put(start, Progress{reached.Int64(), done, done})
	}
	for start, done := range s.won {
		put(start, Progress{Outcomes: done})
	}
	return out
}
