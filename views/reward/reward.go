package reward

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/views/serve"
)

// UserReward is a reward as its user sees it.
type UserReward struct {
	ID             string         `json:"id"`
	MissionID      *string        `json:"mission_id" doc:"null for one that was given out of goodwill"`
	MissionVersion int64          `json:"mission_version"`
	Iteration      int64          `json:"iteration"`
	Epoch          int64          `json:"epoch" doc:"How often the completion was reached"`
	Kind           string         `json:"kind" enum:"@reward_kind"`
	Amount         int64          `json:"amount" doc:"Coins, or minor units of the currency"`
	Currency       *string        `json:"currency" doc:"null for coins"`
	State          string         `json:"state" enum:"@reward_state"`
	Reason         *string        `json:"reason" doc:"Why it did not end well"`
	AvailableAt    *instant.Milli `json:"available_at" format:"date-time" doc:"When its hold is over"`
	ExpiresAt      *instant.Milli `json:"expires_at" format:"date-time"`
	Code           *string        `json:"code" doc:"Of a gift card, once it is granted"`
}

// Of returns a reward as its user sees it.
func Of(r *reward.Reward) UserReward {
	text := func(s string) *string { return serve.Optional(s, s != "") }
	when := func(m instant.Milli) *instant.Milli { return serve.Optional(m, m != 0) }
	return UserReward{
		ID: r.ID, MissionID: text(r.Mission), MissionVersion: r.Version, Iteration: r.Iteration, Epoch: r.Epoch,
		Kind: r.Kind, Amount: r.Amount,
		Currency: text(r.Currency), State: string(r.State), Reason: text(r.Reason), AvailableAt: when(r.AvailableAt),
		ExpiresAt: when(r.ExpiresAt), Code: text(r.Shown()),
	}
}
