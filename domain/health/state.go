package health

import (
	"fmt"
	"strconv"
)

// State is what routing makes of a score.
type State uint8

// The states. A level begins up. Probing and Recovering lead back from Down where probing is on (Settings.Probing).
const (
	Up State = iota
	Degraded
	Down
	Probing
	Recovering
)

// String returns the contract's word.
func (s State) String() string {
	switch s {
	case Up:
		return "up"
	case Degraded:
		return "degraded"
	case Down:
		return "down"
	case Probing:
		return "probing"
	case Recovering:
		return "recovering"
	default:
		return ""
	}
}

// States returns every state.
func States() []State { return []State{Up, Degraded, Down, Probing, Recovering} }

// Forceable returns the states that an override can force. The others are ways back, which only probes lead.
func Forceable() []State { return []State{Up, Degraded, Down} }

// ParseState returns the state that String gave and whether there is one.
func ParseState(word string) (State, bool) {
	for _, s := range States() {
		if s.String() == word {
			return s, true
		}
	}
	return Up, false
}

// out tells whether the state takes a level's traffic away.
func (s State) out() bool { return s == Down || s == Probing }

// Hysteresis is a state with what it takes to change it. The zero value is up with no windows seen.
type Hysteresis struct {
	State State
	// LowRun and HighRun count the windows running, up to now, below DownBelow and at or above DegradedBelow.
	LowRun, HighRun int
}

// Step returns the state after one more window whose pooled rate is rate, and why it changed; the reason is empty if it
// did not. Runs go on over changes of state: of two running windows that make it down the first may be the one that
// made it degraded. Probing and Recovering are left to the probes.
func (h Hysteresis) Step(s Settings, rate float64) (Hysteresis, string) {
	h.LowRun, h.HighRun = run(h.LowRun, rate < s.DownBelow), run(h.HighRun, rate >= s.DegradedBelow)
	switch {
	case h.State > Down:
	case h.State != Down && h.LowRun >= s.DownAfter:
		h.State = Down
		return h, "technical rate below " + threshold(s.DownBelow) + inWindows(s.DownAfter)
	case h.State == Up && rate < s.DegradedBelow:
		h.State = Degraded
		return h, "technical rate below " + threshold(s.DegradedBelow)
	case h.State != Up && h.HighRun >= s.UpAfter:
		h.State = Up
		return h, "technical rate at least " + threshold(s.DegradedBelow) + inWindows(s.UpAfter)
	}
	return h, ""
}

// maxRun bounds the runs, which nobody looks at beyond.
const maxRun = 1 << 20

func run(n int, on bool) int {
	if !on {
		return 0
	}
	return min(n+1, maxRun)
}

func inWindows(n int) string {
	if n == 1 {
		return " in 1 window"
	}
	return fmt.Sprintf(" in %d windows", n)
}

// threshold writes 0.7 as 0.70 and 0.125 as it is.
func threshold(v float64) string {
	if s := strconv.FormatFloat(v, 'f', -1, 64); len(s) > len("0.70") {
		return s
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
