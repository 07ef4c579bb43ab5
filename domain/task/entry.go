package task

import (
	"cmp"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Priority bounds: 0 is usual, higher goes first.
const (
	MinPriority = -4
	MaxPriority = 4
)

// Bounds of one task, in bytes and in time.
const (
	MaxPayload = 192 << 10
	MaxID      = 256  // of ids and dedupe keys
	MaxKey     = 1024 // of ordering keys: a kind, and what it is about
	MaxDelayed = 366 * 24 * time.Hour
)

// Entry is a task in a queue, with what became of it so far. It is immutable.
type Entry struct {
	Task Task
	// Number counts the arrivals at a key, from 1, as long as its row lives. A replayed task keeps it: Due comes first.
	Number   int64
	Priority int64
	Arrived  instant.Milli
	// Due is when it may run first.
	Due instant.Milli
	// Deadline is when no attempt of it may run any more; 0: never.
	Deadline instant.Milli
	State    State
	// Since is when it came to State.
	Since instant.Milli
	// Until is the end of the run, of the parking or of the snooze, by State.
	Until instant.Milli
	// Run counts the runs that were handed out. It never falls, so that each answer names one run.
	Run int64
	// Claimed: a worker has said that the run which is out is under way.
	Claimed bool
	// Attempts counts the failures since the task came, or came back from its dead letter.
	Attempts int64
	// Cancelled: it ends with the answer of the run under way, whatever that says but success.
	Cancelled bool
	// Erased: its user is forgotten. Nothing is kept of it once it has ended.
	Erased  bool
	History History
}

// IdempotencyKey returns the key under which every run of the task has its effect.
func (e *Entry) IdempotencyKey() string { return e.Task.ID }

// rank orders the due tasks of a key: priority, then due time, then arrival.
func (e *Entry) rank() rank { return rank{e.Priority, e.Due, e.Number} }

// entryRoom is what an entry takes up beside its texts, in bytes.
const entryRoom = 96

// size bounds what the entry takes up in a row, in bytes.
func (e *Entry) size() int64 {
	t := &e.Task
	return int64(entryRoom+len(t.ID)+len(t.Kind)+len(t.On)+len(t.Payload)) + e.History.size()
}

// StateAt returns State, and of a task that has not begun whether it is due.
func (e *Entry) StateAt(now instant.Milli) State {
	if e.State.kind().head || e.State.Final() {
		return e.State
	}
	if e.Due > now {
		return Scheduled
	}
	return Waiting
}

type rank struct {
	priority int64
	due      instant.Milli
	number   int64
}

func (r rank) compare(o rank) int {
	return cmp.Or(cmp.Compare(o.priority, r.priority), cmp.Compare(r.due, o.due), cmp.Compare(r.number, o.number))
}
