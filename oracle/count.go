package oracle

import (
	"maps"
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
)

// add adds the difference that a payment makes. What takes back a value or a day that nothing counts for changes
// nothing; elsewhere tells of one that is not in n.
func (n *count) add(v *version, f *payment.Facts, before, after int64, elsewhere func(key string) bool) {
	more := v.worth(after) - v.worth(before)
	if v.metric.key == nil {
		n.sum = n.sum.Add(more)
		return
	}
	key := v.metric.key(v, f)
	if more == 0 || more < 0 && n.values[key] == 0 && !elsewhere(key) {
		return
	}
	if n.values == nil {
		n.values = map[string]int64{}
	}
	if n.values[key] += more; n.values[key] == 0 {
		delete(n.values, key)
	}
}

// plus returns the sum of two counts.
func (n *count) plus(o *count) *count {
	out := &count{}
	for _, x := range []*count{n, o} {
		if x == nil {
			continue
		}
		out.sum = out.sum.Plus(x.sum)
		for key, more := range x.values {
			if out.values == nil {
				out.values = map[string]int64{}
			}
			out.values[key] += more
		}
	}
	return out
}

func (n *count) empty() bool { return n.sum == (money.Total{}) && len(n.values) == 0 }

func (n *count) clone() *count { return &count{n.sum, maps.Clone(n.values)} }

// reached returns how far a count leads.
func (v *version) reached(n *count) money.Total {
	keys := map[string]bool{}
	for key, k := range n.values {
		if k > 0 {
			keys[key] = true
		}
	}
	return v.leads(n.sum, keys)
}

// tally returns what the remembered payments contribute by window, and where the user stands.
func (c *scene) tally(s *stance) (map[instant.Milli]*count, place) {
	out := map[instant.Milli]*count{}
	p := c.where(s)
	if p.version == nil {
		return out, p
	}
	for _, x := range c.recall.payments {
		start, ok := c.window(s, p, x.facts)
		if !ok {
			continue
		}
		if out[start] == nil {
			out[start] = &count{}
		}
		out[start].add(p.version, x.facts, 0, x.net, nil)
	}
	return out, p
}

// windows returns all that counts, by window.
func (c *scene) windows(s *stance) (map[instant.Milli]*count, place) {
	recent, p := c.tally(s)
	out := map[instant.Milli]*count{}
	for _, part := range []map[instant.Milli]*count{recent, s.kept} {
		for start, n := range part {
			if out[start] = out[start].plus(n); out[start].empty() {
				delete(out, start)
			}
		}
	}
	return out, p
}

// trim drops the oldest windows beyond the bound: what was won in them stays.
func (c *scene) trim(s *stance) {
	if !s.in || len(s.kept)+c.recall.spread() <= c.bounds.Windows {
		return
	}
	windows, p := c.windows(s)
	starts := slices.Sorted(maps.Keys(windows))
	for _, start := range starts[:max(0, len(starts)-c.bounds.Windows)] {
		if s.won == nil {
			s.won = map[instant.Milli]int64{}
		}
		s.won[start] = p.version.completions(p.version.reached(windows[start]))
		delete(s.kept, start)
	}
	if n := len(starts) - c.bounds.Windows; n > 0 {
		s.place, s.fixed, s.cut = p, true, starts[n]
	}
}
