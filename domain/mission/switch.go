package mission

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// withSwitch returns the switches with one more, by time; false if the same one is there already.
func withSwitch(switches []Switch, w Switch) ([]Switch, bool) {
	i, ok := slices.BinarySearchFunc(switches, w, compareSwitches)
	if ok {
		return switches, false
	}
	next := slices.Insert(slices.Clone(switches), i, w)
	if len(next) > MaxSwitches {
		next = withoutOldest(next)
	}
	return next, true
}

func compareSwitches(a, b Switch) int {
	switch c := cmp.Compare(a.At, b.At); {
	case c != 0:
		return c
	case a.Out == b.Out:
		return 0
	case b.Out:
		return -1
	default:
		return 1
	}
}

// withoutOldest drops the oldest switch that changes nothing, else the oldest withdrawal and return: whoever was
// enrolled first stays so.
func withoutOldest(switches []Switch) []Switch {
	for i := 1; i < len(switches); i++ {
		if switches[i].Out == switches[i-1].Out {
			return slices.Delete(switches, i, i+1)
		}
	}
	return slices.Delete(switches, 1, 3)
}

// switchedIn tells whether the user is enrolled at t by the switches.
func switchedIn(switches []Switch, t instant.Milli) bool {
	in := false
	for _, w := range switches {
		if w.At > t {
			break
		}
		in = !w.Out
	}
	return in
}

// segmentsAt returns the segments at t: of the newest set by then, or of the first if there was none yet.
func segmentsAt(sets []SegmentSet, t instant.Milli) []string {
	for i := len(sets) - 1; i > 0; i-- {
		if sets[i].At <= t {
			return sets[i].Segments
		}
	}
	if len(sets) == 0 {
		return nil
	}
	return sets[0].Segments
}

// segmentsNow returns the newest segments.
func segmentsNow(sets []SegmentSet) []string {
	if len(sets) == 0 {
		return nil
	}
	return sets[len(sets)-1].Segments
}

// withSegments returns the sets with one more, by time; false if it is there already. Of two of one time the greater is
// the later.
func withSegments(sets []SegmentSet, s SegmentSet) ([]SegmentSet, bool) {
	i, ok := slices.BinarySearchFunc(sets, s, func(a, b SegmentSet) int {
		if c := cmp.Compare(a.At, b.At); c != 0 {
			return c
		}
		return slices.Compare(a.Segments, b.Segments)
	})
	if ok {
		return sets, false
	}
	next := slices.Insert(slices.Clone(sets), i, s)
	return next[max(0, len(next)-MaxSets):], true
}
