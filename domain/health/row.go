package health

import (
	"strconv"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// Path names what a window belongs to.
type Path struct {
	Mode, Instrument, Gateway string
}

// Key returns mode/instrument/gateway, the key of `attempts`, `health-windows` and of a Series.
func (p Path) Key() string {
	a := ledger.Attempt{Mode: p.Mode, Instrument: p.Instrument, Gateway: p.Gateway}
	return a.Key()
}

// ClosedKey returns mode/instrument/gateway/start, the key of the closed window that starts at start (decimal ms).
func (p Path) ClosedKey(start instant.Milli) string {
	return p.Key() + "/" + strconv.FormatInt(int64(start), 10)
}

// Row is one row of the health table: either the series of a mode/instrument/gateway or one closed window of it.
// Exactly one of the two is set.
type Row struct {
	Series *Series
	Closed *Closed
}

// Series is the open windows of a mode/instrument/gateway and the counts of the last closed ones.
type Series struct {
	Path
	Open window.Set[Tally]
	// Last holds the counts of the closed windows that scores look back on, by end.
	Last []Small
	// Reached is the largest event time and watermark that the row has seen, from which a transport without a memory of
	// its own starts again.
	Reached instant.Milli
	// Traffic is the largest event time of an attempt.
	Traffic instant.Milli
	// Through is the end of the last window that was closed, with traffic or without; 0 before the first.
	Through instant.Milli
	// Empty is how many windows up to Through were empty in a row, MaxEmpty+1 once the silence is published.
	Empty int
}

// Small is what the series remembers of a closed window.
type Small struct {
	window.Span
	Counts Counts
}

// Closed is a closed window with everything that was counted in it, corrections included.
type Closed struct {
	Path
	window.Closed[Tally]
	ClosedAt instant.Milli // the event time at which it closed: end plus grace
	Plain    bool          // timeouts did not count as it closed (Settings.CountTimeouts)
}

// ClosedWindow travels on the health loop to the row that keeps a closed window under a key of its own.
type ClosedWindow struct {
	Path
	window.Span
	ClosedAt instant.Milli
	// Final is true for the window as it closed, false for one late attempt.
	Final bool
	Plain bool // of a final, as in Closed
	Tally Tally
}

// Key returns the key of the closed window's row.
func (c *ClosedWindow) Key() string { return c.ClosedKey(c.Start) }
