package reward

import (
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
)

// Effect is something that follows from a change of a row, for the outside to carry out or to count. The set is closed:
// Changed, Settled, Asked, Due, Paged, Stale, Rejected, Audited.
type Effect interface{ effect() }

// Changed tells that a reward has come to another state, or to the same one at another epoch. From is empty for a new
// one.
type Changed struct {
	Reward *Reward // as it is now
	From   State
}

// Granted tells whether the user has the reward from now on. A card that is scratched was granted before, unless it had
// to be claimed.
func (c Changed) Granted() bool {
	return c.Reward.State == Granted || c.Reward.State == Redeemed && c.From != Granted
}

// Settled tells the budget what became of a reservation.
type Settled struct{ Return *budget.Return }

// TaskRequested asks a provider for a task: one of the kind task.RewardPayout, or task.RewardClawback.
type TaskRequested struct {
	TaskID string
	Kind   string
	Reward *Reward
	Epoch  int64 // whose payment it is about
	Amount int64
}

// Due asks for a call of AdvanceTo when the wall clock has reached At.
type Due struct{ At instant.Milli }

// Paged moves the oldest entries of the coin balance to the page under Key.
type Paged struct {
	Key     string
	Entries []Entry
}

// Stale is a provider's result that nobody waits for.
type Stale struct{ TaskID string }

// Rejected is a record that cannot be used.
type Rejected struct{ Detail string }

func (Changed) effect()       {}
func (Settled) effect()       {}
func (TaskRequested) effect() {}
func (Due) effect()           {}
func (Paged) effect()         {}
func (Stale) effect()         {}
func (Rejected) effect()      {}
