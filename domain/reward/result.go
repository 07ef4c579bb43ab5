package reward

import "github.com/millrace/millrace/domain/instant"

// Result is a provider's last word on a task of rewards: the record of `reward-results`, keyed by UserID.
type Result struct {
	TaskID   string // of the task that it answers
	UserID   string
	RewardID string
	Epoch    int64
	OK       bool
	Reason   string // why not, if it is not OK
	Code     string // of a gift card that the provider made
	At       instant.Milli
}
