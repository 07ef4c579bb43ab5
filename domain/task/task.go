// Package task holds the work that groups hand to programs outside Millrace. A task is delivered at least once, under a
// key by which its receiver recognises a repetition.
package task

import "github.com/millrace/millrace/domain/instant"

// Trigger is the kind of event that makes a task where a deployment declares it.
type Trigger string

// The triggers.
const (
	PaymentSettled   Trigger = "payment_settled"
	PaymentReversed  Trigger = "payment_reversed"
	MissionCompleted Trigger = "mission_completed"
	MissionRevoked   Trigger = "mission_revoked"
	RewardGranted    Trigger = "reward_granted"
	StateChanged     Trigger = "state_changed"
)

// Triggers returns all triggers.
func Triggers() []Trigger {
	return []Trigger{PaymentSettled, PaymentReversed, MissionCompleted, MissionRevoked, RewardGranted, StateChanged}
}

// The kinds of tasks that no deployment needs to declare: rewards that a provider pays.
const (
	// RewardPayout asks a provider for a reward; the answer comes on `reward-results`.
	RewardPayout = "reward_payout"
	// RewardClawback asks a provider to take back what a payout gave. Its answer comes on `reward-results`, too.
	RewardClawback = "reward_clawback"
)

// Task is one piece of work.
type Task struct {
	// ID is unique and stays the same when the event is judged again; it is the provider's idempotency key.
	ID   string
	Kind string
	// Key orders: tasks of one key are done in their order.
	Key string
	// On is the trigger that made the task; empty for those that no trigger made.
	On Trigger
	// Payload is JSON.
	Payload []byte
	At      instant.Milli // event time of what caused it
}
