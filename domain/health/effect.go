package health

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Effect is what must happen outside a row; the set of its types is closed.
type Effect interface{ effect() }

// Due asks for AdvanceTo of the row at the watermark At.
type Due struct{ At instant.Milli }

// Finished is a window that has closed: its record is published as final, and To goes to the row that keeps it.
type Finished struct {
	Record *WindowRecord
	To     *ClosedWindow
	// Arrived is when the newest payment that the window counted arrived; 0: it counted none, or it is not known.
	Arrived instant.Milli
}

// Silent tells that a series has had no attempt for more than MaxEmpty windows; its record is published beside the
// finals.
type Silent struct{ Record *WindowRecord }

// Late is an attempt whose window had closed; To goes to the row that keeps the window.
type Late struct{ To *ClosedWindow }

// Corrected is a new revision of a closed window.
type Corrected struct{ Record *WindowRecord }

// Scored is a new score of the row's mode/instrument/gateway.
type Scored struct{ Score *Score }

// Rejected is an attempt that cannot be counted: a dead letter of the attempt's origin.
type Rejected struct {
	Reason payment.Reason
	Detail string
}

func (Due) effect()       {}
func (Finished) effect()  {}
func (Silent) effect()    {}
func (Late) effect()      {}
func (Corrected) effect() {}
func (Scored) effect()    {}
func (Rejected) effect()  {}
