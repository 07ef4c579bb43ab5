package backtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// Outage is a time during which payments of an instrument, or of one of its gateways, went badly.
type Outage struct {
	Mode, Instrument string
	Gateway          string // empty: the instrument as a whole
	Begin, End       instant.Milli
	// Success is the share of payments that succeed all the same, 0 to 1: what a generator makes of the outage. A
	// backtest does not look at it.
	Success float64
}

// Validate returns every problem of o, joined.
func (o Outage) Validate() error {
	var errs []error
	if o.Mode == "" || o.Instrument == "" {
		errs = append(errs, errors.New("mode and instrument are needed"))
	}
	if o.Begin <= 0 || o.End <= o.Begin {
		errs = append(errs, errors.New("begin and end are needed, and end after begin"))
	}
	if !(o.Success >= 0 && o.Success <= 1) {
		errs = append(errs, fmt.Errorf("success %v: must be 0 to 1", o.Success))
	}
	return errors.Join(errs...)
}

// Level returns what the outage is of.
func (o Outage) Level() Level { return Level{o.Mode, o.Instrument, o.Gateway} }

// Level is an instrument, or one of its gateways where Gateway is set.
type Level struct{ Mode, Instrument, Gateway string }

// String returns mode/instrument, or mode/instrument/gateway.
func (l Level) String() string {
	return (&health.StatusRecord{Standing: health.Standing{Mode: l.Mode, Instrument: l.Instrument,
		Gateway: l.Gateway}}).Key()
}

// has tells whether the attempts of a path are the level's.
func (l Level) has(p health.Path) bool {
	return l.Mode == p.Mode && l.Instrument == p.Instrument && (l.Gateway == "" || l.Gateway == p.Gateway)
}

// grid is the beginnings and ends of windows.
type grid struct{ size, step instant.Milli }

func gridOf(s health.Settings) grid {
	g := grid{size: instant.Milli(s.Window / time.Millisecond), step: instant.Milli(s.Advance / time.Millisecond)}
	if g.step <= 0 { // they tumble
		g.step = g.size
	}
	return g
}

// up returns the first window start or end at or after t.
func (g grid) up(t instant.Milli) instant.Milli { return (t + g.step - 1) / g.step * g.step }

// full returns the end of the first full window of an outage, and how many it has.
func (g grid) full(o Outage) (first instant.Milli, n int) {
	first = g.up(o.Begin) + g.size
	if first > o.End {
		return first, 0
	}
	return first, int((o.End-first)/g.step) + 1
}

// last returns the end of the last window that an outage has a part in.
func (g grid) last(o Outage) instant.Milli { return g.up(o.End-g.step) + g.size }
