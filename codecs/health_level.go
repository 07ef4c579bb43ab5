package codecs

import (
	"math"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// Fields of a level; 1 to 5 are its verdict, 6 to 9 its pool. The zero value is the usual one, and takes no room.
const (
	levelKnown    = 10
	levelKept     = 11
	levelForced   = 12
	levelTrial    = 13
	levelRecent   = 14
	levelDecided  = 15
	levelReleased = 16

	forcedState  = 1
	forcedSince  = 2
	forcedUntil  = 3
	forcedReason = 4

	trialFalls   = 1
	trialFrom    = 2
	trialGood    = 3
	trialAll     = 4
	trialStep    = 5
	trialStepped = 6
	trialAnew    = 7
	trialLast    = 8

	judgedEnd   = 1
	judgedRate  = 2 // in 1/10000
	judgedCount = 3
)

// ratePart is the resolution of rates.
const ratePart = 10_000

func writeLevel(w *wire.Writer, l *health.Level) {
	writeHealthVerdict(w, l.Verdict)
	writePool(w, l.Pool)
	w.Bool(levelKnown, l.Known)
	w.Bool(levelKept, l.Kept)
	w.Int(levelReleased, int64(l.Released))
	if l.Forced != (health.Forced{}) {
		w.Message(levelForced, func(w *wire.Writer) {
			w.Uint(forcedState, uint64(l.Forced.State))
			w.Int(forcedSince, int64(l.Forced.Since))
			w.Int(forcedUntil, int64(l.Forced.Until))
			w.String(forcedReason, l.Forced.Reason)
		})
	}
	writeTrial(w, &l.Trial)
	for _, j := range l.Recent {
		w.Message(levelRecent, func(w *wire.Writer) { writeJudged(w, j) })
	}
	for _, j := range l.Decided {
		w.Message(levelDecided, func(w *wire.Writer) { writeJudged(w, j) })
	}
}

func readLevel(f wire.Field, l *health.Level) error {
	return f.Message(func(f wire.Field) error {
		switch f.Number {
		case levelKnown:
			l.Known = f.Bool()
		case levelKept:
			l.Kept = f.Bool()
		case levelReleased:
			l.Released = instant.Milli(f.Int())
		case levelForced:
			return readForced(f, &l.Forced)
		case levelTrial:
			return f.Message(func(f wire.Field) error { return readTrial(f, &l.Trial) })
		case levelRecent:
			return readJudged(f, &l.Recent)
		case levelDecided:
			return readJudged(f, &l.Decided)
		default:
			readPool(f, &l.Pool)
			return readHealthVerdict(f, &l.Verdict)
		}
		return nil
	})
}

func writeHealthVerdict(w *wire.Writer, v health.Verdict) {
	w.Uint(1, uint64(v.State))
	w.Int(2, int64(v.LowRun))
	w.Int(3, int64(v.HighRun))
	w.Int(4, int64(v.Since))
	w.String(5, v.Reason)
}

func readHealthVerdict(f wire.Field, v *health.Verdict) error {
	switch f.Number {
	case 1:
		return readHealthState(f, &v.State)
	case 2:
		v.LowRun = int(f.Int())
	case 3:
		v.HighRun = int(f.Int())
	case 4:
		v.Since = instant.Milli(f.Int())
	case 5:
		v.Reason = f.String()
	}
	return nil
}

func readHealthState(f wire.Field, to *health.State) error {
	if f.Uint() > uint64(health.Recovering) {
		return errState
	}
	*to = health.State(f.Uint())
	return nil
}

func readForced(f wire.Field, to *health.Forced) error {
	return f.Message(func(f wire.Field) error {
		switch f.Number {
		case forcedState:
			return readHealthState(f, &to.State)
		case forcedSince:
			to.Since = instant.Milli(f.Int())
		case forcedUntil:
			to.Until = instant.Milli(f.Int())
		case forcedReason:
			to.Reason = f.String()
		}
		return nil
	})
}

func writeTrial(w *wire.Writer, t *health.Trial) {
	if t.Falls == 0 && t.From == 0 && t.Good == 0 && t.All == 0 && t.Step == 0 && t.Stepped == 0 && t.Anew == 0 && len(t.Last) == 0 {
		return
	}
	w.Message(levelTrial, func(w *wire.Writer) {
		w.Int(trialFalls, int64(t.Falls))
		w.Int(trialFrom, int64(t.From))
		w.Int(trialGood, t.Good)
		w.Int(trialAll, t.All)
		w.Int(trialStep, int64(t.Step))
		w.Int(trialStepped, int64(t.Stepped))
		w.Int(trialAnew, int64(t.Anew))
		for i := range t.Last {
			w.Message(trialLast, func(w *wire.Writer) {
				writeSpan(w, t.Last[i].Span)
				writeCounts(w, t.Last[i].Counts)
			})
		}
	})
}

func readTrial(f wire.Field, t *health.Trial) error {
	switch f.Number {
	case trialFalls:
		t.Falls = int(f.Int())
	case trialFrom:
		t.From = instant.Milli(f.Int())
	case trialGood:
		t.Good = f.Int()
	case trialAll:
		t.All = f.Int()
	case trialStep:
		t.Step = int(f.Int())
	case trialStepped:
		t.Stepped = instant.Milli(f.Int())
	case trialAnew:
		t.Anew = instant.Milli(f.Int())
	case trialLast:
		var small health.Small
		err := f.Message(func(f wire.Field) error {
			readSpan(f, &small.Span)
			readCounts(f, &small.Counts)
			return nil
		})
		t.Last = append(t.Last, small)
		return err
	}
	return nil
}

func writeJudged(w *wire.Writer, j health.Judged) {
	w.Int(judgedEnd, int64(j.End))
	w.Uint(judgedRate, uint64(math.Round(j.Rate*ratePart)))
	w.Int(judgedCount, j.Count)
}

func readJudged(f wire.Field, to *[]health.Judged) error {
	var j health.Judged
	err := f.Message(func(f wire.Field) error {
		switch f.Number {
		case judgedEnd:
			j.End = instant.Milli(f.Int())
		case judgedRate:
			j.Rate = float64(min(f.Uint(), ratePart)) / ratePart
		case judgedCount:
			j.Count = f.Int()
		}
		return nil
	})
	*to = append(*to, j)
	return err
}
