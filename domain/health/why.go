package health

import (
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Evidence is what a level is judged by at one window end: its score, made anew from closed windows as they are known now,
// late attempts included.
type Evidence struct {
	WindowEnd instant.Milli
	// Score is the pooled technical rate, rounded to four decimals; Scored is false if there is none.
	Score             float64
	Scored            bool
	Samples, Eligible int64
	Speaks            Speech
}

// Speech is what one window's score speaks for.
type Speech string

// What a score can speak for.
const (
	ForNothing  Speech = "nothing"  // too few attempts
	ForUp       Speech = "up"       // at or above DegradedBelow
	ForDegraded Speech = "degraded" // below DegradedBelow
	ForDown     Speech = "down"     // below DownBelow
)

// Explain returns the evidence at each of the window ends, made of closed windows of the level's gateways.
func Explain(s Settings, windows []Small, ends []instant.Milli) []Evidence {
	out := make([]Evidence, len(ends))
	for i, end := range ends {
		p := poolOf(s, windows, end)
		e := Evidence{WindowEnd: end, Samples: p.Samples, Eligible: p.Eligible, Speaks: ForNothing}
		e.Score, e.Scored = ratio(p.WeightedSuccess, p.WeightedEligible)
		if rate, ok := s.judged(p); ok && p.Eligible >= s.MinSamples {
			e.Speaks = speech(s, rate)
		}
		out[i] = e
	}
	return out
}

func speech(s Settings, rate float64) Speech {
	switch {
	case rate < s.DownBelow:
		return ForDown
	case rate < s.DegradedBelow:
		return ForDegraded
	default:
		return ForUp
	}
}

// Deciding returns the window ends, newest first, whose scores can have made a level what it has been since: as many as that
// state takes.
func (s Settings) Deciding(state State, since instant.Milli) []instant.Milli {
	n := 1
	switch state {
	case Down:
		n = s.DownAfter
	case Up:
		n = s.UpAfter
	}
	return s.Back(since, n)
}

// Back returns n window ends up to end, newest first; none before the epoch.
func (s Settings) Back(end instant.Milli, n int) []instant.Milli {
	var ends []instant.Milli
	for ; n > 0 && end > 0; n-- {
		ends = append(ends, end)
		end = end.Add(-s.step())
	}
	return ends
}

// Seen returns the window ends, newest first, whose counts are in the scores of the given ends.
func (s Settings) Seen(ends []instant.Milli) []instant.Milli {
	if len(ends) == 0 {
		return nil
	}
	apart := int((ends[0] - ends[len(ends)-1]) / instant.Milli(s.step()/time.Millisecond))
	return s.Back(ends[0], apart+(s.Windows-1)*s.overlap()+1)
}

// ClosedKeyAt returns the key of the closed window that ended at end.
func (s Settings) ClosedKeyAt(p Path, end instant.Milli) string {
	return p.ClosedKey(end.Add(-s.Window))
}

// Small returns the counts of a closed window.
func (r *WindowRecord) Small() Small { return Small{Span: r.Span, Counts: r.Counts} }

// Latest returns the end of the newest window that the mode has heard of.
func (r *ModeRow) Latest() instant.Milli {
	latest := r.Evaluated
	r.each(func(_ *Instrument, g *Gateway) {
		for _, s := range g.Scores {
			latest = max(latest, s.End)
		}
	})
	return latest
}
