package task

import (
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Effect is what a decision wants done.
type Effect interface{ effect() }

// Changed: a task has come to a state; From is empty for one that has just arrived.
type Changed struct {
	Entry *Entry
	From  State
}

// Started: a run goes to the workers.
type Started struct{ Run Run }

// Asked: the key wants a token of a limited kind; the answer comes by Grant.
type Asked struct{ Kind string }

// Lettered: a task becomes a dead letter.
type Lettered struct{ Letter Letter }

// Filed: what has become of a task is kept in a row of its own, under Key, for a time.
type Filed struct {
	Key   string
	Entry *Entry
	For   time.Duration
}

// Paged: tasks go to a row of their own.
type Paged struct {
	Key  string
	Page *Page
}

// Wanted: the page under Key is to be sent back, and its row deleted.
type Wanted struct {
	Key    string
	Number int64
}

// Due: the key wants to be called at a time. There is at most one for each call.
type Due struct{ At instant.Milli }

// Repeated: a task was dropped, since it came before.
type Repeated struct{ Task *Task }

// Coalesced: a schedule has fired while its last task still waited, and made none.
type Coalesced struct{ Task *Task }

// Stale: an answer changed nothing.
type Stale struct{ Answer *Answer }

// Rejected: the record cannot be used, and becomes a dead letter.
type Rejected struct {
	Reason payment.Reason
	Detail string
}

func (Changed) effect()   {}
func (Started) effect()   {}
func (Asked) effect()     {}
func (Lettered) effect()  {}
func (Filed) effect()     {}
func (Paged) effect()     {}
func (Wanted) effect()    {}
func (Due) effect()       {}
func (Repeated) effect()  {}
func (Coalesced) effect() {}
func (Stale) effect()     {}
func (Rejected) effect()  {}
