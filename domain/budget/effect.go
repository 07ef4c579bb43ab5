package budget

// Effect is something that follows from a change of a row, for the outside to carry out. The set is closed: Allotted,
// Moved, Rejected.
type Effect interface{ effect() }

// Allotted goes to the user.
type Allotted struct{ Allotment *Allotment }

// Moved goes to another row of the group.
type Moved struct {
	To   string // row key
	Move *Move
}

// Rejected is a record that cannot be used.
type Rejected struct{ Detail string }

func (Allotted) effect() {}
func (Moved) effect()    {}
func (Rejected) effect() {}

// Step is what a Move asks of the row that it comes to.
type Step uint8

// The steps.
const (
	StepDraw    Step = iota + 1 // to a pool: a code for the Allotment
	StepTake                    // to a shelf: its first code is for the Allotment
	StepRelease                 // to a mission: the pool had no code for the Allotment
	StepCheck                   // to a row of known codes: which of Codes are new?
	StepStock                   // to a pool: Codes are new, Duplicates were known
	StepRestock                 // to a pool: Codes were handed out and come back unseen
	StepShelve                  // to a shelf: Codes go behind the others
)

// Move is what one row of the group tells another: the record of the loop.
type Move struct {
	Step       Step
	Allotment  *Allotment
	Codes      []string
	Duplicates int64
}
