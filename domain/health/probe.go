package health

import (
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Trial is how a level comes back from down where probing is on: after a while a little traffic is let through, and
// every attempt seen then is a probe. When enough of them are good, traffic comes back step by step.
type Trial struct {
	// Falls counts how often the level went down since it was last up; each makes the next retry later.
	Falls int
	// From is where probes begin to count: windows that start before it are not looked at.
	From instant.Milli
	// Good and All count probes.
	Good, All int64
	// Step is the step of recovery, from 0, and Stepped when it began.
	Step    int
	Stepped instant.Milli
	// Anew is when recovery began: until scores no longer look back beyond it, verdicts are over the windows since
	// (Last), for what made it go down would else do so again. Zero: scores are taken as they are.
	Anew instant.Milli
	Last []Small
}

// recoverySteps is how many steps traffic takes to come back.
const recoverySteps = 3

// recoveryPercent returns the share of traffic at a step.
func recoveryPercent(step int) int {
	switch step {
	case 0:
		return 25
	case 1:
		return 50
	default:
		return everything
	}
}

// retryAfter returns how long a level that went down for the nth time in a row stays there.
func (s Settings) retryAfter(falls int) time.Duration {
	if falls < 1 {
		falls = 1
	}
	if int64(falls) > int64(s.RetryMax/s.RetryStep) {
		return s.RetryMax
	}
	return s.RetryStep * time.Duration(falls)
}

// due returns the window end from which on the level moves without any attempt, and false if it does not.
func (l *Level) due(s Settings) (instant.Milli, bool) {
	switch {
	case !s.Probing || !l.Known:
		return 0, false
	case l.State == Down:
		return l.Since.Add(s.retryAfter(l.Trial.Falls)), true
	case l.State == Recovering:
		return l.Trial.Stepped.Add(s.Window), true
	default:
		return 0, false
	}
}

// retry lets probes through once the time has come.
func (l *Level) retry(s Settings, end instant.Milli) {
	if at, _ := l.due(s); end >= at {
		l.enter(Probing, end, fmt.Sprintf("probing after %v", s.retryAfter(l.Trial.Falls)), 0)
		l.Trial = Trial{Falls: l.Trial.Falls, From: end}
	}
}

// probe counts probes until there are enough to decide.
func (l *Level) probe(s Settings, v sight) {
	l.count(s, v)
	switch good, enough := l.Trial.passed(s); {
	case !enough:
	case !good:
		l.fall(s, v.end)
	default:
		l.enterBy(l.Since, Recovering, v.end, l.Trial.tally())
		l.Trial = Trial{Falls: l.Trial.Falls, From: v.end, Stepped: v.end, Anew: v.end}
	}
}

// recover gives back traffic, one window at each step, as long as attempts are good.
func (l *Level) recover(s Settings, v sight) {
	l.count(s, v)
	if good, enough := l.Trial.passed(s); enough {
		if !good {
			l.fall(s, v.end)
			return
		}
		l.Trial.Good, l.Trial.All = 0, 0
	}
	if v.end < l.Trial.Stepped.Add(s.Window) {
		return
	}
	l.Trial.Step, l.Trial.Stepped = l.Trial.Step+1, v.end
	if l.Trial.Step < recoverySteps {
		return
	}
	l.LowRun, l.HighRun = 0, 0
	l.enterBy(l.Trial.Anew, Up, v.end, "recovered: good in every step")
	l.Trial = Trial{Anew: l.Trial.Anew, Last: l.Trial.Last}
}

// fall sends a level that was tried back to down.
func (l *Level) fall(s Settings, end instant.Milli) {
	reason, falls := l.Trial.tally(), l.Trial.Falls+1
	l.LowRun, l.HighRun = 0, 0
	l.Trial = Trial{Falls: falls}
	l.enterBy(l.Since, Down, end, fmt.Sprintf("%s; again in %v", reason, s.retryAfter(falls)))
}

// leaveTrial ends what probing has begun before it was switched off: hysteresis goes on from what the level was before.
func (l *Level) leaveTrial(end instant.Milli) {
	switch l.State {
	case Probing:
		l.enter(Down, end, "probing switched off", 0)
	case Recovering:
		l.enter(Degraded, end, "probing switched off", 0)
	case Up, Degraded, Down:
	}
}

// count adds the attempts of a window to the probes. Of windows that overlap each attempt counts once. A customer's own
// failure is a good probe: the bank has answered.
func (l *Level) count(s Settings, v sight) {
	t := &l.Trial
	good, all := v.window.answered(), v.window.judged(s.CountTimeouts)
	if all == 0 || v.end.Add(-s.Window) < t.From {
		return
	}
	t.Good, t.All, t.From = sum(t.Good, good), sum(t.All, all), v.end
	rate, _ := ratio(good, all)
	l.note(Judged{v.end, rate, all})
}

// passed tells whether enough probes were good, and whether there were enough to say.
func (t *Trial) passed(s Settings) (good, enough bool) {
	return t.All > 0 && float64(t.Good)/float64(t.All) >= s.ProbeGood, t.All >= s.ProbeCount
}

func (t *Trial) tally() string { return fmt.Sprintf("%d of %d probes good", t.Good, t.All) }

// remember keeps what a window counted after recovery began.
func (t *Trial) remember(s Settings, v sight) {
	switch start := v.end.Add(-s.Window); {
	case t.Anew == 0:
	case s.age(v.end, t.Anew) >= int64(s.Windows):
		t.Anew, t.Last = 0, nil
	// of overlapping windows one for each attempt
	case v.window != (Counts{}) && start >= t.Anew && s.endToEnd(v.end, t.Anew):
		small := Small{Counts: v.window}
		small.Start, small.End = start, v.end
		t.Last = append(slices.Clone(t.Last), small)
	}
}

// since returns the pool that the verdict is over.
func (t *Trial) since(s Settings, v sight) Pool {
	if t.Anew == 0 {
		return v.pool
	}
	return poolOf(s, t.Last, v.end)
}
