package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
)

const rewardResultVersion = 1

// Fields of a provider's result.
const (
	resultTask = iota + 1
	resultUser
	resultReward
	resultEpoch
	resultOK
	resultReason
	resultCode
	resultAt
)

// RewardResult is the codec of `reward-results`.
type RewardResult struct{}

// Encode returns r in binary; it never fails.
func (RewardResult) Encode(r *reward.Result) ([]byte, error) {
	w := wire.NewWriter(rewardResultVersion, 128)
	w.String(resultTask, r.TaskID)
	w.String(resultUser, r.UserID)
	w.String(resultReward, r.RewardID)
	w.Int(resultEpoch, r.Epoch)
	w.Bool(resultOK, r.OK)
	w.String(resultReason, r.Reason)
	w.String(resultCode, r.Code)
	w.Int(resultAt, int64(r.At))
	return w.B, nil
}

// Decode reads what Encode wrote.
func (RewardResult) Decode(b []byte) (*reward.Result, error) {
	out := &reward.Result{}
	r := wire.NewReader(string(b), rewardResultVersion)
	for r.Next() {
		switch r.Number() {
		case resultTask:
			out.TaskID = r.String()
		case resultUser:
			out.UserID = r.String()
		case resultReward:
			out.RewardID = r.String()
		case resultEpoch:
			out.Epoch = r.Int()
		case resultOK:
			out.OK = r.Uint() != 0
		case resultReason:
			out.Reason = r.String()
		case resultCode:
			out.Code = r.String()
		case resultAt:
			out.At = instant.Milli(r.Int())
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("reward result: %w", err)
	}
	return out, nil
}
