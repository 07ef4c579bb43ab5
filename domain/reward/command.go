package reward

import (
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// Op is what a command asks for.
type Op string

// The ops.
const (
	// Claim is a user's wish to have a reward that waits for it. A scratch card is scratched by it.
	Claim Op = "claim"
	// Goodwill is a reward that support gives by hand.
	Goodwill Op = "goodwill"
	// Cancel takes a reward back by hand: before it is granted, or after.
	Cancel Op = "cancel"
	// Spend takes coins for something that the user gets for them, as a service says.
	Spend Op = "spend"
	// ReverseSpend gives back what a spend took.
	ReverseSpend Op = "reverse_spend"
)

// Command asks for a change of one user's rewards: the record of `claims`, keyed by UserID.
type Command struct {
	ID     string // unique; the same id again gets the same verdict and changes nothing
	Op     Op
	UserID string
	Actor  string        // who asks: the user, one of support, or a service
	Proof  audit.Proof   // that it is the actor who asks
	At     instant.Milli // when it was asked
	// RewardID is what is claimed or cancelled. A goodwill reward's id is made of the command's id, see GoodwillID.
	RewardID string
	// Reason is required of support and of services.
	Reason string
	// Reward, Grant, Debt and Currency define a goodwill reward. Currency is that of its amount, empty for coins.
	Reward   mission.Reward
	Grant    mission.Grant
	Debt     string
	Currency string
	// SpendID is what is spent or reversed, of at most 64 bytes. Where a spend has none it is made of the command's id,
	// see SpendID.
	SpendID string
	Amount  int64 // to spend, in coins
}
