package watermark

// Step is what a partition is to do next.
type Step uint8

// The steps.
const (
	// Read: dispatch the next record.
	Read Step = iota
	// Wait: dispatch nothing until all that was dispatched is marked.
	Wait
	// Fire: dispatch the first timer.
	Fire
)

// gate keeps the order between records, timers and the watermark of one partition: when the watermark rises to W, what
// was dispatched before is marked first, then all timers due at W or before fire, then W may be forwarded and the next
// record is dispatched. So the sequence of calls follows from the log alone, not from the speed of callbacks.
//
// A timer that a record sets for the past fires when the watermark next rises, which is a place in the log; "as soon as
// possible" is none.
type gate struct {
	timers  bool
	reached int64
	settled int64
	open    int
}

// newGate returns the gate of a group with or without timers. Without, nothing ever waits.
func newGate(timers bool) *gate { return &gate{timers: timers, reached: None, settled: None} }

// Reach applies a watermark. Earlier ones do nothing.
func (g *gate) Reach(w int64) { g.reached = max(g.reached, w) }

// Reached returns the watermark that calls dispatched now see.
func (g *gate) Reached() int64 { return g.reached }

// Settled returns the largest watermark whose timers have all fired and are marked, with all records before.
func (g *gate) Settled() int64 { return g.settled }

// Dispatched counts a record or timer call that goka was given.
func (g *gate) Dispatched() { g.open++ }

// Marked counts one that goka has marked.
func (g *gate) Marked() {
	if g.open == 0 {
		panic("watermark: more marks than calls")
	}
	g.open--
}

// Next returns the step to take; due is the due time of the first timer, which must be asked anew each time.
func (g *gate) Next(due int64) Step {
	switch {
	case g.reached == g.settled:
		return Read
	case !g.timers:
	case g.open > 0:
		return Wait
	case due <= g.reached:
		return Fire
	}
	g.settled = g.reached
	return Read
}

// quiet tells whether all that was dispatched is marked and no timer has to fire first, so that Settled may be
// forwarded.
func (g *gate) quiet() bool { return g.open == 0 && g.reached == g.settled }
