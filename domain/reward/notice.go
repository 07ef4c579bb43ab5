package reward

import "github.com/millrace/millrace/domain/instant"

// Notice tells a user's devices that a reward has changed: the record of `notifications`, keyed by UserID. It carries
// no gift code.
type Notice struct {
	UserID    string
	RewardID  string
	Mission   string // empty: goodwill
	Iteration int64
	Epoch     int64
	Kind      string
	Amount    int64
	Currency  string
	State     State
	Previous  State // empty: the reward is new
	Reason    string
	At        instant.Milli // wall time
}

// NoticeOf returns what is to be told of a change.
func NoticeOf(user string, c Changed) *Notice {
	r := c.Reward
	return &Notice{
		UserID: user, RewardID: r.ID, Mission: r.Mission, Iteration: r.Iteration, Epoch: r.Epoch, Kind: r.Kind,
		Amount:   r.Amount,
		Currency: r.Currency, State: r.State, Previous: c.From, Reason: r.Reason, At: r.Since,
	}
}
