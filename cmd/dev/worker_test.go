package dev

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
)

// A payout that rewards ask for is paid by the simulator, and its result comes back to rewards.
func TestPayoutsAreAnswered(t *testing.T) {
	c := settings(t, t.TempDir())
	c.NoTraffic = true
	r := begin(t, c)
	topics := topology.New(c.Settings.Topology())
	client, err := kgo.NewClient(kgo.SeedBrokers(r.broker), kgo.ConsumeTopics(topics.RewardResults.Name),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RecordPartitioner(engine.Partitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	asked := rewardcodec.Payout("usr_1", reward.TaskRequested{TaskID: "rw_1.1", Kind: task.RewardPayout, Epoch: 1,
		Amount: 500, Reward: &reward.Reward{ID: "rw_1", Kind: "gift_card", Currency: "INR",
			Since: instant.Of(time.Now())}})
	value, err := taskcodec.Submission{}.Encode(asked)
	if err != nil {
		t.Fatal(err)
	}
	record := &kgo.Record{Topic: topics.Tasks.Name, Key: []byte("usr_1"), Value: value}
	if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		for got := range client.PollFetches(ctx).RecordsAll() {
			result, err := rewardcodec.Result{}.Decode(got.Value)
			if err != nil || result.TaskID != "rw_1.1" || result.RewardID != "rw_1" || !result.OK || result.Code == "" {
				t.Errorf("%+v, %v", result, err)
			}
			r.end()
			return
		}
	}
	t.Error("no result came")
}

// Whoever starts dev sees each kind of reward that a provider pays granted: the sample missions give them, and users
// who have won one have it.
func TestRewardsOfAProviderAreGranted(t *testing.T) {
	r := begin(t, settings(t, t.TempDir()))
	topics := topology.New(topology.Config{Partitions: r.partitions, Replication: 1})
	client, err := kgo.NewClient(kgo.SeedBrokers(r.broker), kgo.ConsumeTopics(topics.Notifications.Name),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 2*time.Minute, errors.New("not within 2 minutes"))
	defer cancel()
	missing := map[string]bool{mission.RewardCash: true, mission.RewardGiftCard: true, mission.RewardCustom: true}
	for len(missing) > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("nobody was granted %v: %v", slices.Sorted(maps.Keys(missing)), context.Cause(ctx))
		}
		for got := range fetches.RecordsAll() {
			n, err := rewardcodec.Notice{}.Decode(got.Value)
			if err != nil {
				t.Fatal(err)
			}
			if n.State == reward.Granted && missing[n.Kind] {
				delete(missing, n.Kind)
				r.hasReward(n)
			}
		}
	}
	r.end()
}

// hasReward checks that a user is shown a reward that was granted, with the code of a gift card.
func (r *running) hasReward(n *reward.Notice) {
	r.t.Helper()
	var page struct {
		Items []struct {
			ID, State, Kind string
			Code            *string
		}
	}
	status := r.get("/v1/users/me/rewards?limit=200", r.token(n.UserID, "user"), &page)
	for _, x := range page.Items {
		if x.ID == n.RewardID {
			if x.State != "granted" || (x.Code != nil) != (n.Kind == mission.RewardGiftCard) {
				r.t.Errorf("%s of %s: %+v", n.Kind, n.UserID, x)
			}
			return
		}
	}
	r.t.Errorf("%s of %s is not shown: %d %+v", n.RewardID, n.UserID, status, page)
}
