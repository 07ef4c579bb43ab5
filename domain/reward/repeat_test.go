package reward_test

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/verdict"
)

func gift(id string, amount int64) *reward.Command {
	return &reward.Command{
		ID: id, Op: reward.Goodwill, UserID: "u1", Actor: "eve", Reason: "sorry", At: 1, Reward: mission.Reward{Kind: mission.RewardCoins, Amount: amount},
	}
}

// One idempotency key gives one reward, whoever comes first, and long after the row has forgotten what it said of it.
func TestOneKeyGivesOnce(t *testing.T) {
	var row *reward.Row
	give := func(id string, amount int64) verdict.Verdict {
		row, _ = reward.Judge(row, gift(id, amount), nil, instant.Milli(1))
		v, _ := row.Verdict(id)
		return v
	}
	if v := give("key.1", 100); v.Result != verdict.Applied {
		t.Fatalf("%+v", v)
	}
	if v := give("key.2", 200); v.Result != verdict.Refused || v.Problems.Code() != problem.Conflict {
		t.Errorf("another amount at once: %+v", v)
	}
	for i := range verdict.Max {
		give(fmt.Sprintf("other%d.1", i), 1)
	}
	if _, known := row.Verdict("key.1"); known {
		t.Fatal("the row remembers more than the test thinks")
	}
	if v := give("key.1", 100); v.Result != verdict.Unchanged {
		t.Errorf("again, much later: %+v", v)
	}
	for i := range verdict.Max {
		give(fmt.Sprintf("more%d.1", i), 1)
	}
	if v := give("key.2", 200); v.Result != verdict.Refused || v.Problems.Code() != problem.Conflict {
		t.Errorf("another amount much later: %+v", v)
	}
	if n := len(row.Rewards); n != 1+2*verdict.Max {
		t.Errorf("%d rewards", n)
	}
}

// A key that comes again for something else is refused, whatever it would have come to.
func TestOneKeyIsOneCommand(t *testing.T) {
	row, _ := reward.Judge(nil, gift("key.1", 100), nil, 1)
	cancel := &reward.Command{ID: "stop.1", Op: reward.Cancel, UserID: "u1", Actor: "eve", Reason: "a mistake", At: 2, RewardID: row.Rewards[0].ID}
	row, _ = reward.Judge(row, cancel, nil, 2)
	other := *cancel
	other.ID, other.Reason = "stop.2", "another reason"
	row, _ = reward.Judge(row, &other, nil, 3)
	if v, _ := row.Verdict("stop.2"); v.Result != verdict.Refused || v.Problems.Code() != problem.Conflict {
		t.Errorf("%+v", v)
	}
	row, _ = reward.Judge(row, cancel, nil, 4)
	if v, _ := row.Verdict("stop.1"); v.Result != verdict.Applied {
		t.Errorf("the first again: %+v", v)
	}
}
