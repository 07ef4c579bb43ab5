package health

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// Score is the weighted health of one mode/instrument/gateway over its last windows: the record of `health-scores`,
// keyed by mode.
type Score struct {
	Path
	// WindowEnd is the end of the newest window in it.
	WindowEnd instant.Milli
	// Correction says that the score is no evidence of its own: a late attempt changed a score already sent, which this
	// one replaces, or the newest window is empty and older ones have aged.
	Correction bool
	// Window holds what was counted in that newest window alone: what Pool cannot tell any more, and probes are counted
	// by.
	Window Counts
	Pool   Pool
}

// score returns the score of the series as of the window that ended at end.
func (s *Series) score(cfg Settings, end instant.Milli, correction bool) Scored {
	return Scored{&Score{Path: s.Path, WindowEnd: end, Correction: correction, Window: s.countsOf(end),
		Pool: poolOf(cfg, s.Last, end)}}
}

// countsOf returns what was counted in the closed window that ended at end.
func (s *Series) countsOf(end instant.Milli) Counts {
	for _, small := range slices.Backward(s.Last) {
		if small.End == end {
			return small.Counts
		}
	}
	return Counts{}
}
