package task

import (
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Effect is what a decision wants done.
type Effect interface{ effect() }

// Changed says that a task has come to a state; From is empty for one that has just arrived.
type Changed struct {
	Entry *Entry
	From  State
}

// Started is a run that goes to the workers.
type Started struct{ Run Run }

// Asked says that the key wants a token of a limited kind; the answer comes by Grant.
type Asked struct{ Kind string }

// Lettered is a task that becomes a dead letter.
type Lettered struct{ Letter Letter }

// Discarded is a dead letter that nobody will replay.
type Discarded struct{ Entry *Entry }

// Filed is what has become of a task, to be kept in a row of its own, under Key, for a time.
type Filed struct {
	Key   string
	Entry *Entry
	For   time.Duration
}

// Paged is tasks that go to a row of their own.
type Paged struct {
	Key  string
	Page *Page
}

// Wanted is a page, under Key, to be sent back; its row is to be deleted.
type Wanted struct {
	Key    string
	Number int64
}

// Due is the time at which the key wants to be called. There is at most one for each call.
type Due struct{ At instant.Milli }

// Repeated is a task that was dropped, since it came before.
type Repeated struct{ Task *Task }

// Coalesced says that a schedule has fired while its last task still waited, and made none.
type Coalesced struct{ Task *Task }

// Stale is an answer that changed nothing.
type Stale struct{ Answer *Answer }

// Rejected says that the record cannot be used, and becomes a dead letter.
type Rejected struct {
	Reason payment.Reason
	Detail string
}

func (Changed) effect()   {}
func (Started) effect()   {}
func (Asked) effect()     {}
func (Lettered) effect()  {}
func (Discarded) effect() {}
func (Filed) effect()     {}
func (Paged) effect()     {}
func (Wanted) effect()    {}
func (Due) effect()       {}
func (Repeated) effect()  {}
func (Coalesced) effect() {}
func (Stale) effect()     {}
func (Rejected) effect()  {}
