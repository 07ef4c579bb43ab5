package budget

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// Verdict is the budget's word on an outcome.
type Verdict string

// The verdicts.
const (
	Reserved  Verdict = "reserved"  // the reward is the user's to have
	Exhausted Verdict = "exhausted" // there was nothing left
	// the completion was lost again; what that means for the reward is the reward's to say
	Revoked Verdict = "revoked"
)

// The reasons of Exhausted.
const (
	ReasonBudget  = "budget"
	ReasonWinners = "max_winners"
	ReasonPool    = "pool_empty"
)

// Allotment is an outcome with the budget's verdict: the record of `rewards-in`, keyed by UserID.
type Allotment struct {
	Verdict     Verdict
	Reason      string // of Exhausted
	UserID      string
	Mission     string
	Version     int64
	Iteration   int64
	WindowStart instant.Milli
	Currency    string // of the mission
	Reward      mission.Reward
	Grant       mission.Grant
	Debt        string
	// Amount is what is reserved: the reward's, or what was left of the budget.
	Amount int64
	// Code is the gift code that is reserved, where the reward has a pool.
	Code string
	At   instant.Milli // event time of the posting that caused it
}

// Movement is what becomes of a reservation.
type Movement string

// The movements.
const (
	// Returned: the reward was not given, and its amount is free again.
	Returned Movement = "returned"
	// Spent: the reward was given.
	Spent Movement = "spent"
	// Recovered: a reward that was given has been taken back, and its amount is free again.
	Recovered Movement = "recovered"
)

// Return tells the budget what became of a reservation: the record of `budget-returns`, keyed by Mission.
type Return struct {
	Movement Movement
	Mission  string
	Unit     string
	Amount   int64
	// Pool and Code say which gift code can be given to somebody else: one that nobody has seen.
	Pool, Code string
	RewardID   string
	Epoch      int64
	At         instant.Milli
}

// Codes are gift codes for a pool: the record of `pool-codes`, keyed by PoolKey.
type Codes struct {
	Pool  string
	Codes []string
	At    instant.Milli
}
