package simulator_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker/payout"
	"github.com/millrace/millrace/worker/payout/simulator"
	"github.com/millrace/millrace/worker/webhook"
)

// Whatever the provider does, each reward is paid once, under one key, and every task gets its last word in the end.
func TestRewardsArePaidOnceWhateverTheProviderDoes(t *testing.T) {
	s, err := simulator.New(simulator.Plan{Seed: 1, Refused: 200, Failing: 200, Lost: 200, Busy: 200})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	provider, err := payout.NewHTTP(webhook.ClientConfig{URL: server.URL, Secret: []byte("a secret of 16 bytes"), AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	h := payout.New(provider, nil)
	const n = 100
	pending := map[string]task.Run{}
	for i := range n {
		a := reward.TaskRequested{TaskID: fmt.Sprintf("rw_%d.1", i), Kind: task.RewardPayout, Epoch: 1, Amount: 500,
			Reward: &reward.Reward{ID: fmt.Sprintf("rw_%d", i), Kind: "gift_card", Currency: "INR"}}
		x := rewardcodec.Payout("u1", a).Task
		pending[x.ID] = task.Run{Task: x, IdempotencyKey: x.ID, Number: 1}
	}
	kinds := map[string]int{}
	for round := 0; len(pending) > 0 && round < 4; round++ {
		var runs []task.Run
		for _, r := range pending {
			runs = append(runs, r)
		}
		for id, r := range h.HandleBatch(t.Context(), runs) {
			if r.Outcome() != task.OK {
				kinds[string(r.Outcome())]++
				again := pending[id]
				again.Number++
				pending[id] = again
				continue
			}
			delete(pending, id)
			a, err := rewardcodec.ParseProviderAnswer(r.Output())
			if err != nil || a.UserID != "u1" || a.Epoch != 1 || a.At == 0 || a.OK == (a.Code == "") || a.OK != (a.Reason == "") {
				t.Errorf("%s: %+v, %v", id, a, err)
			}
			kinds[fmt.Sprint(a.OK)]++
		}
	}
	effects := s.Effects()
	for e, keys := range effects {
		if len(keys) != 1 {
			t.Errorf("%+v was paid under %v", e, keys)
		}
	}
	if len(pending) > 0 || kinds["false"] == 0 || kinds["fail"] == 0 || kinds["snooze"] == 0 || len(effects) != kinds["true"] ||
		kinds["true"]+kinds["false"] != n {
		t.Errorf("%d have no answer; %v; %d effects", len(pending), kinds, len(effects))
	}
}

func TestPlansAreChecked(t *testing.T) {
	for _, p := range []simulator.Plan{{Lost: -1}, {Refused: 600, Busy: 600}} {
		if _, err := simulator.New(p); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}
