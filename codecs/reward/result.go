package reward

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/reward"
)

const rewardResultVersion = 1

// Result is the codec of `reward-results`.
type Result struct{}

// Encode returns r in binary; it never fails.
func (Result) Encode(r *reward.Result) ([]byte, error) {
	return wire.Encode(wire.Writing(rewardResultVersion, 128), r, rewardResultFields)
}

// Decode reads what Encode wrote.
func (Result) Decode(b []byte) (*reward.Result, error) {
	return wire.Decode(wire.Reading(b, rewardResultVersion), "reward result", rewardResultFields)
}

func rewardResultFields(f *wire.Fields, r *reward.Result) {
	f.Text(1, &r.TaskID)
	f.Text(2, &r.UserID)
	f.Text(3, &r.RewardID)
	f.Int(4, &r.Epoch)
	f.Bool(5, &r.OK)
	f.Text(6, &r.Reason)
	f.Text(7, &r.Code)
	f.Int(8, (*int64)(&r.At))
}
