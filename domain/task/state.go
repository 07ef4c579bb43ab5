package task

import "slices"

// State is where a task stands.
type State string

// The states. The last four are final.
const (
	// Scheduled: it is not due yet.
	Scheduled State = "scheduled"
	// Waiting: it is due, and others of its key come first, or its kind is paused or limited.
	Waiting State = "waiting"
	// Running: its run was handed out and is not answered.
	Running State = "running"
	// Parked: it has failed and is tried again. The tasks behind it wait.
	Parked State = "parked"
	// Snoozed: it was put off without an attempt, by its handler, or since no worker took its run. The tasks behind it
	// wait.
	Snoozed State = "snoozed"
	// Held: it is exhausted, and the tasks behind it wait for what becomes of its dead letter.
	Held State = "held"

	Succeeded State = "succeeded"
	// Sent: it was handed out, and nobody waits for the answer.
	Sent      State = "sent"
	Exhausted State = "exhausted" // it is a dead letter
	Cancelled State = "cancelled"
)

// stateKind is all that there is to know of a state.
type stateKind struct {
	state State
	shown string // the panel's word (docs/contract.md)
	final bool
	head  bool // of the one task of a key that has begun
}

var states = []stateKind{
	{Scheduled, "waiting", false, false},
	{Waiting, "waiting", false, false},
	{Running, "running", false, true},
	{Parked, "parked", false, true},
	{Snoozed, "parked", false, true},
	{Held, "parked", false, true},
	{Succeeded, "done", true, false},
	{Sent, "done", true, false},
	{Exhausted, "dead", true, false},
	{Cancelled, "cancelled", true, false},
}

// States returns every state, in the order of a task's life.
func States() []State {
	out := make([]State, len(states))
	for i, k := range states {
		out[i] = k.state
	}
	return out
}

// OpenStates returns the words by which people see states that are not final.
func OpenStates() (words []string) {
	for _, k := range states {
		if !k.final && !slices.Contains(words, k.shown) {
			words = append(words, k.shown)
		}
	}
	return words
}

func (s State) kind() stateKind {
	for _, k := range states {
		if k.state == s {
			return k
		}
	}
	return stateKind{state: s}
}

// Final tells whether a task in this state has ended.
func (s State) Final() bool { return s.kind().final }

// ShownStates returns every word by which people see states.
func ShownStates() []string {
	var out []string
	for _, k := range states {
		if !slices.Contains(out, k.shown) {
			out = append(out, k.shown)
		}
	}
	return out
}

// Shown returns the word by which people see the state.
func (s State) Shown() string { return s.kind().shown }
