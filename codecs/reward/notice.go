package reward

import (
	"encoding/json"
	"fmt"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
)

type noticeDoc struct {
	Type      string        `json:"type" enum:"reward" doc:"Others may come"`
	UserID    string        `json:"user_id"`
	RewardID  string        `json:"reward_id"`
	MissionID *string       `json:"mission_id" doc:"null for a goodwill reward"`
	Iteration int64         `json:"iteration" doc:"Number of the completion that won it"`
	Epoch     int64         `json:"epoch" doc:"How often that completion was reached"`
	Kind      string        `json:"kind" enum:"@reward_kind"`
	Amount    int64         `json:"amount" doc:"Coins, or minor units"`
	Currency  *string       `json:"currency" pattern:"^[A-Z]{3}$" doc:"Of cash: ISO 4217"`
	State     string        `json:"state" enum:"@reward_state"`
	Previous  *string       `json:"previous" enum:"@reward_state" doc:"The state before, null at first"`
	Reason    *string       `json:"reason"`
	At        instant.Milli `json:"at" format:"date-time" doc:"Wall time of the change"`
}

// noticeReward is the type of a notice about a reward; others may come.
const noticeReward = "reward"

// Notice is the codec of `notifications`: JSON, for others to read.
type Notice struct{}

// Encode returns n as JSON; it never fails.
func (Notice) Encode(n *reward.Notice) ([]byte, error) { return NoticeJSON(n), nil }

// NoticeJSON returns n as JSON.
func NoticeJSON(n *reward.Notice) []byte {
	return doc.MustJSON(noticeDoc{
		Type: noticeReward, UserID: n.UserID, RewardID: n.RewardID, MissionID: orNull(n.Mission),
		Iteration: n.Iteration, Epoch: n.Epoch,
		Kind: n.Kind, Amount: n.Amount, Currency: orNull(n.Currency), State: string(n.State),
		Previous: orNull(string(n.Previous)),
		Reason:   orNull(n.Reason), At: n.At,
	})
}

// Decode reads what Encode wrote; unknown fields are skipped.
func (Notice) Decode(b []byte) (*reward.Notice, error) {
	var d noticeDoc
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("notice: %w", err)
	}
	return &reward.Notice{
		UserID: d.UserID, RewardID: d.RewardID, Mission: orEmpty(d.MissionID), Iteration: d.Iteration, Epoch: d.Epoch,
		Kind:   d.Kind,
		Amount: d.Amount, Currency: orEmpty(d.Currency), State: reward.State(d.State),
		Previous: reward.State(orEmpty(d.Previous)),
		Reason:   orEmpty(d.Reason), At: d.At,
	}, nil
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Forms returns the one that there is.
func (Notice) Forms() []doc.Form { return []doc.Form{doc.FormOf[noticeDoc]()} }
