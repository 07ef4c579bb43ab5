package traffic

import (
	"iter"
	"slices"
	"time"
)

// Live hands out endless traffic as its time comes. The caller owns the clock: it asks for all that is due by a moment,
// so that history is back-filled as fast as it can be taken and the same traffic then goes on at the pace of the clock.
type Live struct {
	generator *Generator
	next      Record
}

// NewLive returns the traffic of cfg from cfg.From on; Count and To are ignored.
func NewLive(cfg Config) (*Live, error) {
	cfg.Count, cfg.To = 0, time.Time{}
	g, err := New(cfg)
	if err != nil {
		return nil, err
	}
	l := &Live{generator: g}
	l.advance()
	return l, nil
}

// Break makes payments of an outage go badly that are made from now on.
// It goes before others of that time.
func (l *Live) Break(o Outage) {
	l.generator.cfg.Outages = slices.Insert(l.generator.cfg.Outages, 0, o)
}

// Next returns when the next line is due.
func (l *Live) Next() time.Time { return l.next.At }

// Until yields the lines that are due before now; a line is taken once, also when the caller stops early.
func (l *Live) Until(now time.Time) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for l.next.At.Before(now) {
			r := l.next
			l.advance()
			if !yield(r) {
				return
			}
		}
	}
}

func (l *Live) advance() {
	l.next, _ = l.generator.Next() // it has no end
}
