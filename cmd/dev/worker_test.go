package dev

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
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
