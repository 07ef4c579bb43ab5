package health

import (
	"math"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// Verdict is a state with its history.
type Verdict struct {
	Hysteresis
	// Since is the window end at which the state began.
	Since instant.Milli
	// Reason tells people why the state is what it is.
	Reason string
}

// Level is the standing of a mode, of an instrument or of one of its gateways. The zero value is up and open to
// traffic.
type Level struct {
	// Verdict is what the evaluations say, whatever is forced.
	Verdict
	// Forced is what people say over it.
	Forced Forced
	// Released is when they last ceased to; before it the verdict did not hold.
	Released instant.Milli
	// Known says that a score of it was evaluated; before that it has no part in anything.
	Known bool
	// Kept says that it gets its traffic although the verdict is to take it away: too many others are out already.
	Kept bool
	// Pool is what the score is made of, as of the mode's last evaluation.
	Pool Pool
	// Trial is the way back from down, where probing is on.
	Trial Trial
	// Recent are the last windows that were judged, newest last; Decided are those that the present state was decided
	// by.
	Recent, Decided []Judged
}

// Judged is one window as a verdict took it.
type Judged struct {
	End instant.Milli
	// Rate is the rate that was held against the thresholds, to four decimals: the score as of that window or, where
	// the settings want it, its lower bound; for probes the share of good ones in the window.
	Rate float64
	// Count is the number of attempts that the rate is over.
	Count int64
}

// Forced is a state that people have set.
type Forced struct {
	State State
	// Since and Until bound it, Until excluded. A zero Until says that nothing is forced.
	Since, Until instant.Milli
	Reason       string
}

// maxJudged bounds what a level remembers of windows.
const maxJudged = 10

// newLevel returns the level of something first heard of at the window end since.
func newLevel(since instant.Milli) Level {
	return Level{Verdict: Verdict{Since: since, Reason: "initially up"}}
}

// forced tells whether people have set the state.
func (l *Level) forced() bool { return l.Forced.Until != 0 }

// state returns the state that holds.
func (l *Level) state() State {
	if l.forced() {
		return l.Forced.State
	}
	return l.State
}

// Insufficient tells whether there are too few attempts for a verdict.
func (l *Level) Insufficient(s Settings) bool { return l.Pool.Eligible < s.MinSamples }

// share returns how much of its traffic a level should get, 0 to 100, whatever else stands before it.
func (l *Level) share(s Settings) int {
	switch state := l.state(); {
	case l.Kept && !l.forced():
		return everything
	case state == Down:
		return 0
	case state == Probing:
		return s.ProbePercent
	case state == Recovering && !l.forced():
		return recoveryPercent(l.Trial.Step)
	default:
		return everything
	}
}

const everything = 100

// sight is what a level is seen to be at a window end.
type sight struct {
	end  instant.Milli
	pool Pool
	// window is what the window itself counted; fresh says that it holds eligible attempts: silence is no evidence.
	window Counts
	fresh  bool
}

func (v sight) plus(w sight) sight {
	return sight{v.end, v.pool.Plus(w.pool), v.window.Plus(w.window), v.fresh || w.fresh}
}

// judge takes the window of v into account. With too few attempts the state and its runs are kept. Frozen, windows go
// on being counted and nothing else moves.
func (l *Level) judge(s Settings, v sight, frozen bool) {
	l.Known, l.Pool = true, v.pool
	l.Trial.remember(s, v)
	held := *l
	switch {
	case l.State == Probing && s.Probing:
		l.probe(s, v)
	case l.State == Recovering && s.Probing:
		l.recover(s, v)
	case l.State == Down && s.Probing:
		l.retry(s, v.end)
	default:
		l.leaveTrial(v.end)
		l.weigh(s, v)
	}
	if frozen {
		l.State, l.Since, l.Reason, l.Trial, l.Decided = held.State, held.Since, held.Reason, held.Trial, held.Decided
	}
}

// weigh is hysteresis over the score.
func (l *Level) weigh(s Settings, v sight) {
	pool := l.Trial.since(s, v)
	rate, ok := s.judged(pool)
	if !v.fresh || !ok || pool.Eligible < s.MinSamples {
		return
	}
	l.note(Judged{v.end, math.Round(rate*parts) / parts, pool.Eligible})
	next, reason := l.Step(s, rate)
	l.LowRun, l.HighRun = next.LowRun, next.HighRun
	if reason == "" {
		return
	}
	windows := 1
	switch next.State {
	case Down:
		windows = s.DownAfter
		l.Trial = Trial{Falls: 1}
	case Up:
		windows = s.UpAfter
	case Degraded, Probing, Recovering:
	}
	l.enter(next.State, v.end, reason, windows)
}

// enter changes the verdict, by the last windows that were judged.
func (l *Level) enter(state State, at instant.Milli, reason string, windows int) {
	l.State, l.Since, l.Reason, l.Decided = state, at, reason, nil
	if windows = min(windows, len(l.Recent)); windows > 0 {
		l.Decided = slices.Clone(l.Recent[len(l.Recent)-windows:])
	}
}

// enterBy is enter by the windows that were judged after from.
func (l *Level) enterBy(from instant.Milli, state State, at instant.Milli, reason string) {
	n := 0
	for _, j := range l.Recent {
		if j.End > from {
			n++
		}
	}
	l.enter(state, at, reason, n)
}

func (l *Level) note(j Judged) {
	keep := l.Recent[max(0, len(l.Recent)-maxJudged+1):]
	l.Recent = append(slices.Clone(keep), j)
}
