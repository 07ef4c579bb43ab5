package stream

import "errors"

// Policy is what becomes of a record that cannot be used: that its codec refuses or that has no value, whose callback
// panics, or asks for a row or emit that does not fit into a record; and of a timer or sweep with such a callback. What
// a callback files itself by Context.DeadLetter always becomes a dead letter.
type Policy int

const (
	// ByGroup leaves it to Group.OnError. For a group it means ToDeadLetters.
	ByGroup Policy = iota
	// ToDeadLetters undoes what the callback asked for, files the record as a dead letter and goes on. It is right
	// wherever one record says little about the next: strangers write the topic, or a gap can be filled later by a
	// replay.
	ToDeadLetters
	// Halt ends the processor with ErrHalted. Nothing of the record's transaction is committed; a restart meets it
	// again, until somebody mends the program or the topic. It is right where going on without the record would do harm
	// that a replay does not mend, and somebody is there to act: rows that depend on the order of every single record,
	// a topic that only this program writes.
	Halt
)

// ErrHalted is wrapped by the error that ends a processor by Halt. It names the record and the reason, never its value.
var ErrHalted = errors.New("stream: halted")
