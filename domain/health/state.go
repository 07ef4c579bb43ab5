package health

import (
	"fmt"
	"strconv"

	"github.com/millrace/millrace/domain/instant"
)

// State is what routing makes of a score.
type State uint8

// The states. A level begins up.
const (
	Up State = iota
	Degraded
	Down
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
	default:
		return ""
	}
}

// ParseState returns the state that String gave and whether there is one.
func ParseState(word string) (State, bool) {
	for _, s := range []State{Up, Degraded, Down} {
		if s.String() == word {
			return s, true
		}
	}
	return Up, false
}

// Hysteresis is a state with what it takes to change it. The zero value is up with no windows seen.
type Hysteresis struct {
	State State
	// LowRun and HighRun count the windows running, up to now, below DownBelow and at or above DegradedBelow.
	LowRun, HighRun int
}

// Step returns the state after one more window whose pooled rate is rate, and why it changed; the reason is empty if it did
// not. Runs go on over changes of state: of two running windows that make it down the first may be the one that made it
// degraded.
func (h Hysteresis) Step(s Settings, rate float64) (Hysteresis, string) {
	h.LowRun, h.HighRun = run(h.LowRun, rate < s.DownBelow), run(h.HighRun, rate >= s.DegradedBelow)
	switch {
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

// Verdict is a state with its history.
type Verdict struct {
	Hysteresis
	// Since is the window end at which the state began.
	Since instant.Milli
	// Reason tells people why the state is what it is.
	Reason string
}

// Level is the standing of an instrument or of one of its gateways.
type Level struct {
	Verdict
	// Before is the verdict before the window that ended at Stepped.
	Before Verdict
	// Stepped is the end of the newest window that the verdict has taken into account.
	Stepped instant.Milli
	// Pool is what the score is made of, as of the mode's last evaluation.
	Pool Pool
	// Enabled says whether traffic should be sent; down does not disable beyond the ejection limit.
	Enabled bool
}

// newLevel returns the level of something first heard of at the window end since: up, and open to traffic.
func newLevel(since instant.Milli) Level {
	return Level{Verdict: Verdict{Since: since, Reason: "initially up"}, Enabled: true}
}

// Insufficient tells whether there are too few attempts for a verdict.
func (l *Level) Insufficient(s Settings) bool { return l.Pool.Eligible < s.MinSamples }

// TrafficPercent returns the share of its traffic that a level should get, 0 to 100.
func (l *Level) TrafficPercent() int {
	if l.Enabled {
		return 100
	}
	return 0
}

// step takes the window that ended at end into account. A window counts once: taken again, with more known of it, it
// replaces what was made of it before. With too few attempts the state and its runs are kept.
func (l *Level) step(s Settings, end instant.Milli, p Pool) {
	switch {
	case end < l.Stepped:
		return
	case end == l.Stepped:
		l.Verdict = l.Before
	default:
		l.Before, l.Stepped = l.Verdict, end
	}
	rate, ok := p.Rate()
	if !ok || p.Eligible < s.MinSamples {
		return
	}
	next, reason := l.Step(s, rate)
	if reason != "" {
		l.Since, l.Reason = end, reason
	}
	l.Hysteresis = next
}
