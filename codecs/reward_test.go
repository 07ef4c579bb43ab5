package codecs_test

import (
	"testing"
	"time"

	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
)

const rewardAt = 1_772_359_200_000

func aTask() *task.Task {
	return &task.Task{ID: "rw_1.1", Kind: task.RewardPayout, Key: "u1", On: task.RewardGranted, Payload: []byte(`{"a":1}`), At: rewardAt}
}

func aRewardCommand() *reward.Command {
	return &reward.Command{
		ID: "c1", Op: reward.Goodwill, UserID: "u1", Actor: "ann", Role: "editor", At: rewardAt, RewardID: "rw_1", Reason: "sorry",
		Reward: mission.Reward{Kind: mission.RewardCash, Amount: 500, Pool: "p", ExpiresAfter: time.Hour},
		Grant:  mission.Grant{Mode: mission.GrantClaim, Hold: time.Minute}, Debt: mission.DebtFloor, Currency: "INR",
	}
}

func aRewardResult() *reward.Result {
	return &reward.Result{TaskID: "rw_1.1", UserID: "u1", RewardID: "rw_1", Epoch: 1, OK: true, Reason: "r", Code: "C", At: rewardAt}
}

func TestRewardRecordsGolden(t *testing.T) {
	checkGolden(t, "task", checkRoundTrip(t, codecs.Task{}, aTask()))
	checkGolden(t, "reward_command", checkRoundTrip(t, codecs.RewardCommand{}, aRewardCommand()))
	checkGolden(t, "reward_result", checkRoundTrip(t, codecs.RewardResult{}, aRewardResult()))
	checkRoundTrip(t, codecs.RewardCommand{}, &reward.Command{ID: "c", Op: reward.Claim})
}

func FuzzRewardRecords(f *testing.F) {
	for _, b := range [][]byte{encoded(f, codecs.Task{}, aTask()), encoded(f, codecs.RewardCommand{}, aRewardCommand()), encoded(f, codecs.RewardResult{}, aRewardResult())} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkStable(t, codecs.Task{}, b)
		checkStable(t, codecs.RewardCommand{}, b)
		checkStable(t, codecs.RewardResult{}, b)
	})
}

func encoded[T any](t testing.TB, codec binary[T], v T) []byte {
	t.Helper()
	b, err := codec.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkStable wants that what can be read at all is written and read as the same.
func checkStable[T any](t *testing.T, codec binary[T], b []byte) {
	t.Helper()
	if v, err := codec.Decode(b); err == nil {
		checkRoundTrip(t, codec, v)
	}
}
