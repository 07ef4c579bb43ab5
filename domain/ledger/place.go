package ledger

import (
	"slices"

	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Place is where a payment was tried, and has one Attempt at most: an instrument of a mode by a gateway, since
// orchestrators retry one payment at several gateways; or an attempt id of the producer's, which is one attempt
// wherever its events say it went.
type Place struct {
	AttemptID                 string // the producer's; then the names are empty
	Mode, Instrument, Gateway string
	// Attempted tells that the attempt is out.
	Attempted bool
	// TerminalAt is the newest event time of a terminal status there; 0 while there is none.
	TerminalAt instant.Milli
}

// Pending is an event that started attempts which may still time out.
type Pending struct {
	Due         instant.Milli // when they count as timed out
	Instruments []string      // whose attempts it started
	Origin      payment.Origin
	Cause       Cause
}

// placeOf returns the place of an instrument of the event behind c.
func placeOf(c *Cause, instrument string) Place {
	if c.AttemptID != "" {
		return Place{AttemptID: c.AttemptID}
	}
	return Place{Mode: c.Mode, Instrument: instrument, Gateway: c.Gateway}
}

// place returns the index of p's place, -1 if the payment was not tried there.
func (r *Row) place(p Place) int {
	if r != nil {
		for i := range r.Places {
			q := &r.Places[i]
			if q.AttemptID == p.AttemptID && q.Instrument == p.Instrument && q.Gateway == p.Gateway &&
				q.Mode == p.Mode {
				return i
			}
		}
	}
	return -1
}

// Awaits returns when the next of the pending attempts counts as timed out, and whether there is one.
func (r *Row) Awaits() (due instant.Milli, awaits bool) {
	if i := r.next(); i >= 0 {
		return r.Pending[i].Due, true
	}
	return 0, false
}

// next returns the index of the pending event that is due first, -1 if there is none.
func (r *Row) next() int {
	first := -1
	if r != nil {
		for i := range r.Pending {
			if first < 0 || r.Pending[i].Due < r.Pending[first].Due {
				first = i
			}
		}
	}
	return first
}

// timeOut counts pending attempts as timed out, in the order in which timers would have called.
func (t *transition) timeOut() {
	for t.watermark != 0 {
		due, awaits := t.row.Awaits()
		if !awaits || t.watermark < due {
			return
		}
		r := t.write()
		p := r.Pending[r.next()]
		r.drop(func(q *Pending) bool { return q.Cause.ID == p.Cause.ID })
		t.attempt(p.Instruments, Attempt{Outcome: TimedOut, At: due, Origin: p.Origin, Cause: p.Cause})
	}
}

// try notes what a payment event says of attempts, whatever it means for the money: at each place the first terminal
// status is the attempt, and a pending event starts one.
func (t *transition) try(e *payment.Event) {
	c, origin := t.causeOf(e)
	if e.Status == payment.Pending {
		t.start(e, c, origin)
		return
	}
	a := Attempt{Outcome: outcome(e), At: e.UpdatedAt, LatencyMS: e.LatencyMS, Origin: origin, Cause: c}
	t.attempt(instrumentsOf(e), a)
	r := t.write()
	for _, instrument := range instrumentsOf(e) {
		p := &r.Places[r.place(placeOf(&c, instrument))]
		p.TerminalAt = max(p.TerminalAt, e.UpdatedAt)
	}
	r.drop(func(p *Pending) bool { return p.Cause.UpdatedAt <= e.UpdatedAt || r.attempted(p) })
}

// drop forgets pending events that are over.
func (r *Row) drop(over func(*Pending) bool) {
	kept := r.Pending[:0]
	for i := range r.Pending {
		if !over(&r.Pending[i]) {
			kept = append(kept, r.Pending[i])
		}
	}
	clear(r.Pending[len(kept):])
	if r.Pending = kept; len(kept) == 0 {
		r.Pending = nil // as a row that is read
	}
}

// start begins attempts at the places that e is the first to name. One that a terminal status elsewhere, newer than e,
// has ended already cannot time out. One whose deadline the watermark has passed times out at once, as the next record
// or timer would do.
func (t *transition) start(e *payment.Event, c Cause, origin payment.Origin) {
	r := t.write()
	known := len(r.Places)
	var fresh []string
	for _, instrument := range instrumentsOf(e) {
		p := placeOf(&c, instrument)
		i := r.place(p)
		if i < 0 {
			r.Places = append(r.Places, p)
		}
		if (i < 0 || i >= known) && !slices.Contains(fresh, instrument) {
			fresh = append(fresh, instrument)
		}
	}
	if len(fresh) == 0 || slices.ContainsFunc(r.Places, func(p Place) bool { return p.TerminalAt > e.UpdatedAt }) {
		return
	}
	due := later(e.UpdatedAt, t.cfg.PendingTimeout)
	r.Pending = append(r.Pending, Pending{Due: due, Instruments: fresh, Origin: origin, Cause: c})
	if t.timeOut(); !r.attempted(&Pending{Instruments: fresh, Cause: c}) {
		t.emit(Awaiting{due})
	}
}

// attempt sends a to each of the instruments whose place has had none.
func (t *transition) attempt(instruments []string, a Attempt) {
	r := t.write()
	a.TransactionID, a.Mode, a.Gateway = a.Cause.TransactionID, a.Cause.Mode, a.Cause.Gateway
	known := len(r.Places)
	for i, instrument := range instruments {
		p := placeOf(&a.Cause, instrument)
		at := r.place(p)
		if at < 0 {
			r.Places = append(r.Places, p)
		}
		if at >= 0 && at < known && r.Places[at].Attempted || slices.Contains(instruments[:i], instrument) {
			continue // bank and app of one name: still one attempt
		}
		one := a
		one.Instrument = instrument
		t.emit(Attempted{&one})
	}
	for _, instrument := range instruments {
		r.Places[r.place(placeOf(&a.Cause, instrument))].Attempted = true
	}
}

// attempted tells whether the attempts that p started are all out.
func (r *Row) attempted(p *Pending) bool {
	for _, instrument := range p.Instruments {
		if i := r.place(placeOf(&p.Cause, instrument)); i < 0 || !r.Places[i].Attempted {
			return false
		}
	}
	return true
}

// crowded tells whether e would try the payment at more places than a row holds.
func (t *transition) crowded(e *payment.Event) bool {
	if e.Type != payment.Payment {
		return false
	}
	n := 0
	if t.row != nil {
		n = len(t.row.Places)
	}
	c := Cause{Facts: payment.Facts{Mode: e.Mode, Gateway: e.Gateway}, AttemptID: e.AttemptID}
	for _, instrument := range instrumentsOf(e) {
		if t.row.place(placeOf(&c, instrument)) < 0 {
			n++
		}
		if e.AttemptID != "" {
			break // one place for all of them
		}
	}
	return n > maxPlaces
}

// causeOf returns e as the cause of an attempt, without its user if the transaction was erased.
func (t *transition) causeOf(e *payment.Event) (Cause, payment.Origin) {
	c, origin := causeOf(e), e.Origin
	if t.row.UserID() == erasure.Nobody {
		c.Facts, origin = anonymous(c.Facts), keyless(origin)
	}
	return c, origin
}

// instrumentsOf returns whose health e counts for: never none, though intake has seen to it.
func instrumentsOf(e *payment.Event) []string {
	if len(e.HealthInstruments) == 0 {
		return []string{e.Instrument}
	}
	return e.HealthInstruments
}
