package model

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// continuity checks that the finals of a series leave nothing out: from its first window on there is one for every
// window, empty or not, until a silence is told, which ends with the next final.
type continuity struct {
	finals   map[series][]period
	silences map[series]map[instant.Milli]period // by end
}

type series struct{ mode, instrument, gateway string }

type period struct{ start, end instant.Milli }

func newContinuity() *continuity {
	return &continuity{map[series][]period{}, map[series]map[instant.Milli]period{}}
}

func (c *continuity) final(s series, p period) { c.finals[s] = append(c.finals[s], p) }

// silence returns false if it was told before.
func (c *continuity) silence(s series, p period) bool {
	if c.silences[s] == nil {
		c.silences[s] = map[instant.Milli]period{}
	}
	_, twice := c.silences[s][p.end]
	c.silences[s][p.end] = p
	return !twice
}

// problems returns what is missing, and silences that are none.
func (c *continuity) problems() []string {
	var out []string
	for s, finals := range c.finals {
		slices.SortFunc(finals, func(a, b period) int { return cmp.Compare(a.start, b.start) })
		used := 0
		for i, p := range finals {
			size := p.end - p.start
			_, silent := c.silences[s][p.end+size] // the silence takes the place of the window after p
			next := p.end
			if silent {
				used++
				next += size
			}
			if i+1 == len(finals) {
				break
			}
			if after := finals[i+1].start; after < next || after > next && !silent {
				out = append(out, fmt.Sprintf("series %v: after the window to %v comes the one from %v", s, p.end,
					after))
			}
		}
		if n := len(c.silences[s]); n != used {
			out = append(out, fmt.Sprintf("series %v: %d silences, %d of them after a window", s, n, used))
		}
	}
	return out
}
