package simulator_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker/payout"
	"github.com/millrace/millrace/worker/payout/simulator"
	"github.com/millrace/millrace/worker/webhook"
)

// world is a handler, and the simulator that it asks.
type world struct {
	t         *testing.T
	simulator *simulator.Simulator
	handler   *payout.Handler
	outcomes  map[string]int
}

func newWorld(t *testing.T, p simulator.Plan) *world {
	t.Helper()
	s, err := simulator.New(p)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	provider, err := payout.NewHTTP(webhook.ClientConfig{URL: server.URL, Secret: []byte("a secret of 16 bytes"), AllowPrivate: true,
		Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, s, payout.New(provider, nil), map[string]int{}}
}

// settle runs tasks of a kind, n of them, until each has its answer, and returns them by reward.
func (w *world) settle(kind string, epoch int64, n int) map[string]rewardcodec.ProviderAnswer {
	w.t.Helper()
	pending := map[string]task.Run{}
	for i := range n {
		a := reward.TaskRequested{TaskID: fmt.Sprintf("rw_%d.%d.%s", i, epoch, kind), Kind: kind, Epoch: epoch, Amount: 500,
			Reward: &reward.Reward{ID: fmt.Sprintf("rw_%d", i), Kind: "gift_card", Currency: "INR"}}
		x := rewardcodec.Payout("u1", a).Task
		pending[x.ID] = task.Run{Task: x, IdempotencyKey: x.ID, Number: 1}
	}
	answers := map[string]rewardcodec.ProviderAnswer{}
	for round := 0; len(pending) > 0; round++ {
		if round == 5 {
			w.t.Fatalf("%d have no answer after %d rounds", len(pending), round)
		}
		for id, r := range w.handler.HandleBatch(w.t.Context(), slices.Collect(maps.Values(pending))) {
			w.outcomes[string(r.Outcome())]++
			if r.Outcome() != task.OK {
				again := pending[id]
				again.Number++
				pending[id] = again
				continue
			}
			delete(pending, id)
			a, err := rewardcodec.ParseProviderAnswer(r.Output())
			made := kind == task.RewardPayout && a.OK
			if err != nil || a.UserID != "u1" || a.Epoch != epoch || a.At == 0 || made == (a.Code == "") || a.OK != (a.Reason == "") {
				w.t.Errorf("%s: %+v, %v", id, a, err)
			}
			answers[a.RewardID] = a
		}
	}
	return answers
}

// effects checks that everything was paid, or taken back, under one key, and says what was.
func (w *world) effects() map[simulator.Effect]bool {
	w.t.Helper()
	out := map[simulator.Effect]bool{}
	for e, keys := range w.simulator.Effects() {
		if out[e] = true; len(keys) != 1 {
			w.t.Errorf("%+v was done under %v", e, keys)
		}
	}
	return out
}

// Whatever the provider does, each reward is paid once and taken back once, under one key, and every task gets its own
// last word in the end.
func TestRewardsArePaidOnceWhateverTheProviderDoes(t *testing.T) {
	faults := map[string]simulator.Plan{
		"refuses": {Refused: 1000}, "fails": {Failing: 1000}, "loses its answer": {Lost: 1000}, "is busy": {Busy: 1000},
		"times out": {Hanging: 1000}, "answers late": {Late: 1000}, "answers twice": {Twice: 1000},
		"does all of it": {Seed: 1, Refused: 125, Failing: 125, Lost: 125, Busy: 125, Hanging: 125, Late: 125, Twice: 125},
	}
	for name, plan := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plan)
			const n = 40
			for _, kind := range []string{task.RewardPayout, task.RewardClawback} {
				answers, codes := w.settle(kind, 1, n), map[string]string{}
				done := w.effects()
				for id, a := range answers {
					if e := (simulator.Effect{RewardID: id, Epoch: 1, TakeBack: kind == task.RewardClawback}); done[e] != a.OK {
						t.Errorf("%+v: done %t, the answer is %+v", e, done[e], a)
					}
					if other, taken := codes[a.Code]; taken && a.Code != "" {
						t.Errorf("%s and %s have one code %s: an answer was taken for another's", id, other, a.Code)
					}
					codes[a.Code] = id
				}
				if len(answers) != n {
					t.Errorf("%s: %d of %d have an answer", kind, len(answers), n)
				}
			}
			if clean := plan.Refused == 1000 || plan.Twice == 1000; !clean && w.outcomes["fail"]+w.outcomes["snooze"] == 0 {
				t.Errorf("no call failed: %v", w.outcomes)
			}
		})
	}
}

func TestPlansAreChecked(t *testing.T) {
	for _, p := range []simulator.Plan{{Lost: -1}, {Refused: 600, Busy: 600}, {Late: 500, Twice: 501}, {Hanging: 7, Twice: -1}} {
		if _, err := simulator.New(p); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}
