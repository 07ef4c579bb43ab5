package health

import (
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/window"
)

// maxOpen bounds the open windows of one series, so that a row always fits into a record. A day of one-minute windows.
const maxOpen = 1440

// AdvanceTo brings a series to the watermark w, as if it had been called at every watermark up to w: a Finished and a
// Scored for each window that closes, in closing order, the empty ones included; a Silent where windows stay empty;
// then a Due for what comes next. A series without traffic for forgetAfter is forgotten: the row returned is nil. It
// returns row itself if nothing is due. A closed window's row has nothing due.
func AdvanceTo(s Settings, row *Row, w instant.Milli) (*Row, []Effect) {
	if row == nil || row.Series == nil {
		return row, nil
	}
	next := *row.Series
	open, finals := next.Open.Advance(s.spec(), w)
	next.Open = open
	quiet := min(open.ClosedTo, next.forgottenAt(s).Add(-s.Grace)) // what closes after it is forgotten, not empty
	if len(finals) == 0 && !next.lacks(s, quiet) && !next.forgotten(s, w) {
		return row, nil
	}
	next.Last = slices.Clone(next.Last)
	var effects []Effect
	for _, f := range finals {
		effects = append(effects, next.fill(s, f.Span.End-1)...)
		next.Through, next.Empty = max(next.Through, f.Span.End), 0
		effects = append(effects, next.finish(s, f, false)...)
	}
	effects = append(effects, next.fill(s, quiet)...)
	if next.forgotten(s, w) {
		return nil, effects
	}
	next.Reached = max(next.Reached, w)
	return &Row{Series: &next}, append(effects, next.next(s))
}

// finish makes a closed window known. It changes s.Last in place.
func (s *Series) finish(cfg Settings, f window.Effect[Tally], empty bool) []Effect {
	arrived := f.Value.Arrived
	f.Value.Arrived = 0 // what is closed has no use for it
	closed := window.Close(f)
	s.remember(cfg, closed.Span, closed.Value.Counts)
	return []Effect{Finished{
		Record: (&Closed{s.Path, closed, f.ClosesAt, !cfg.CountTimeouts}).record(),
		To: &ClosedWindow{Path: s.Path, Span: f.Span, ClosedAt: f.ClosesAt, Final: true, Plain: !cfg.CountTimeouts,
			Tally: f.Value},
		Arrived: arrived,
	}, s.score(cfg, f.Span.End, empty)}
}

// Observe counts one attempt, judged against the watermark w before it. It settles the row first, so that what is late
// depends on the order of records alone, not on when timers run. The attempt's windows that are open count it; for
// closed ones it is Late. Beyond the correction horizon it is Rejected.
func Observe(s Settings, row *Row, a *ledger.Attempt, from Source, w instant.Milli) (*Row, []Effect) {
	if !a.Outcome.Known() {
		row, effects := AdvanceTo(s, row, w)
		return row, append(effects, Rejected{payment.InvalidField, fmt.Sprintf("outcome %d", a.Outcome)})
	}
	return count(s, row, Path{a.Mode, a.Instrument, a.Gateway}, a.At, tallyOf(a, from), w)
}

// ObserveMany counts attempts of which only the counts are left, as Observe would one by one: all of them at the time
// at.
func ObserveMany(s Settings, row *Row, p Path, at instant.Milli, c Counts, w instant.Milli) (*Row, []Effect) {
	return count(s, row, p, at, Tally{Counts: c}, w)
}

func count(s Settings, row *Row, p Path, at instant.Milli, tally Tally, w instant.Milli) (*Row, []Effect) {
	row, effects := AdvanceTo(s, row, w)
	series := seriesOf(row, p)
	open, _ := series.Open.Advance(s.spec(), w) // nothing is due any more; remembers how far windows are closed
	if at < horizon(s, open.ClosedTo) || at < 0 {
		detail := fmt.Sprintf("%v is more than %v behind", at, s.CorrectionHorizon)
		return row, append(effects, Rejected{payment.LateBeyondHorizon, detail})
	}
	next := *series
	next.Reached, next.Traffic = max(next.Reached, w, at), max(next.Traffic, at)
	var placed []window.Effect[Tally]
	next.Open, placed = open.Add(s.spec(), at, tally, Tally.Merge)
	if n := len(next.Open.Open); n > maxOpen && n > len(open.Open) {
		return row, append(effects, Rejected{payment.RowTooLarge, fmt.Sprintf("%d windows are open", len(open.Open))})
	}
	for _, e := range placed {
		switch e.Kind {
		case window.Opened:
			effects = append(effects, Due{e.ClosesAt})
		case window.Late:
			effects = append(effects, next.late(s, e)...)
			effects = append(effects, next.know(s)...)
		case window.Counted, window.Moved, window.Final:
		}
	}
	return &Row{Series: &next}, effects
}

// horizon returns the earliest event time that may still be counted. It is reckoned from how far windows are closed,
// which the row remembers, and so is the watermark less the horizon also after a restart.
func horizon(s Settings, closedTo instant.Milli) instant.Milli {
	return closedTo.Add(s.Grace).Add(-s.CorrectionHorizon)
}

// late sends a late attempt to its window, and corrects the score if that looks back so far. Routing leaves the
// correction out where it has the score; it needs the one of a window that had no final, which nothing else tells it
// of.
func (s *Series) late(cfg Settings, p window.Effect[Tally]) []Effect {
	p.Value.Arrived = 0
	effects := []Effect{Late{&ClosedWindow{Path: s.Path, Span: p.Span, ClosedAt: p.ClosesAt, Tally: p.Value}}}
	s.Last = slices.Clone(s.Last)
	if s.remember(cfg, p.Span, p.Value.Counts) {
		effects = append(effects, s.score(cfg, s.Last[len(s.Last)-1].End, true))
	}
	return effects
}

// remember adds counts to the closed windows that scores look back on and forgets those out of sight; false if span is
// out of sight itself. It changes s.Last in place.
func (s *Series) remember(cfg Settings, span window.Span, counts Counts) bool {
	if n := len(s.Last); n > 0 && cfg.age(s.Last[n-1].End, span.End) >= int64(cfg.Windows) {
		return false
	}
	i, found := slices.BinarySearchFunc(s.Last, span, func(a Small, want window.Span) int {
		if a.End != want.End {
			return int(min(max(a.End-want.End, -1), 1))
		}
		return int(min(max(a.Start-want.Start, -1), 1))
	})
	if !found {
		s.Last = slices.Insert(s.Last, i, Small{Span: span})
	}
	s.Last[i].Counts = s.Last[i].Counts.Plus(counts)
	newest := s.Last[len(s.Last)-1].End
	s.Last = slices.DeleteFunc(s.Last, func(a Small) bool { return cfg.age(newest, a.End) >= int64(cfg.Windows) })
	return true
}

func seriesOf(row *Row, p Path) *Series {
	if row != nil && row.Series != nil {
		return row.Series
	}
	return &Series{Path: p}
}

// Windows returns the keys of the closed windows that the row's scores look back on, newest first: where a view finds
// the records of a series.
func (r *Row) Windows() []string {
	if r == nil || r.Series == nil {
		return nil
	}
	keys := make([]string, 0, len(r.Series.Last))
	for _, small := range slices.Backward(r.Series.Last) {
		keys = append(keys, r.Series.ClosedKey(small.Start))
	}
	return keys
}

// Expired tells whether the row is a closed window that nothing can reach any more at watermark w.
func (r *Row) Expired(s Settings, w instant.Milli) bool {
	if r == nil || r.Closed == nil {
		return false
	}
	keep := max(s.Keep, s.Window*time.Duration(s.Windows+1))
	return r.Closed.ClosedAt.Add(keep) <= w
}
