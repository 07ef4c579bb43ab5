package reward

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
)

// PayoutRequest is the payload of a task by which rewards ask a provider to pay, or to take back.
type PayoutRequest struct {
	RewardID  string  `json:"reward_id"`
	Epoch     int64   `json:"epoch" doc:"Whose payment it is about"`
	UserID    string  `json:"user_id"`
	MissionID *string `json:"mission_id" doc:"null for a goodwill reward"`
	Kind      string  `json:"kind" enum:"@reward_kind"`
	Amount    int64   `json:"amount" doc:"Minor units"`
	Currency  *string `json:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217"`
}

// Payout returns the task by which rewards ask a provider to pay, or to take back.
func Payout(user string, a reward.TaskRequested) *task.Submission {
	return &task.Submission{Task: task.Task{
		ID: a.TaskID, Kind: a.Kind, Key: user, At: a.Reward.Since,
		Payload: doc.MustJSON(PayoutRequest{
			RewardID: a.Reward.ID, Epoch: a.Epoch, UserID: user, MissionID: orNull(a.Reward.Mission),
			Kind: a.Reward.Kind, Amount: a.Amount, Currency: orNull(a.Reward.Currency),
		}),
	}}
}

// ParsePayout reads the payload of such a task; unknown fields are skipped.
func ParsePayout(payload []byte) (PayoutRequest, error) {
	var p PayoutRequest
	if err := json.Unmarshal(payload, &p); err != nil {
		return p, fmt.Errorf("payout: %w", err)
	}
	return p, addressed(p.UserID, p.RewardID, p.Epoch)
}

// ProviderAnswer is what the handler of a payout or a claw-back hands back: the provider's last word. A definite
// refusal is one, too.
type ProviderAnswer struct {
	UserID   string        `json:"user_id"`
	RewardID string        `json:"reward_id"`
	Epoch    int64         `json:"epoch" doc:"As in the task"`
	OK       bool          `json:"ok"`
	Reason   string        `json:"reason,omitempty" doc:"Why not, if it is not ok"`
	Code     string        `json:"code,omitempty" doc:"Of a gift card that the provider made"`
	At       instant.Milli `json:"at" format:"date-time" doc:"Wall time of the answer"`
}

// JSON returns the answer as Answer.Output of a task has it.
func (a ProviderAnswer) JSON() []byte { return doc.MustJSON(a) }

// ParseProviderAnswer reads what JSON returns; unknown fields are skipped. An answer that names no reward is an error.
func ParseProviderAnswer(output []byte) (ProviderAnswer, error) {
	var a ProviderAnswer
	if err := json.Unmarshal(output, &a); err != nil {
		return a, fmt.Errorf("output: write a provider's answer as JSON: %w", err)
	}
	return a, addressed(a.UserID, a.RewardID, a.Epoch)
}

var errAddress = errors.New("user_id, reward_id and epoch: write those of the task")

func addressed(user, id string, epoch int64) error {
	if user == "" || id == "" || epoch < 1 {
		return errAddress
	}
	return nil
}

// Result returns the record of `reward-results` about a task.
func (a ProviderAnswer) Result(taskID string) *reward.Result {
	return &reward.Result{
		TaskID: taskID, UserID: a.UserID, RewardID: a.RewardID, Epoch: a.Epoch, OK: a.OK, Reason: a.Reason,
		Code: a.Code, At: a.At,
	}
}
