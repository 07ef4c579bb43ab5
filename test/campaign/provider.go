package campaign

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Provider answers tasks of rewards, as those who pay do: to a task that it has read before as it did then. One payout
// or claw-back in four fails, and one answer in five is sent twice. Which ones depends on the task alone.
type Provider struct {
	topology *topology.Topology
	client   *kgo.Client
	done     chan error
	seen     map[string]bool
}

// StartProvider starts a provider, which reads `tasks` from its beginning and works until Stop.
func StartProvider(brokers []string, t *topology.Topology) (*Provider, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(t.Tasks.Name), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	p := &Provider{topology: t, client: client, done: make(chan error, 1), seen: map[string]bool{}}
	go func() { p.done <- p.work() }()
	return p, nil
}

// Stop ends the provider and returns why it could not go on, if that is so.
func (p *Provider) Stop() error {
	p.client.CloseAllowingRebalance()
	return <-p.done
}

func (p *Provider) work() error {
	for {
		fetches := p.client.PollFetches(context.Background())
		if fetches.IsClientClosed() {
			return nil
		}
		var errs []error
		for r := range fetches.RecordsAll() {
			errs = append(errs, p.answer(r))
		}
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("provider: %w", err)
		}
	}
}

// answer sends the result of a task. The client repeats it until it is acknowledged.
func (p *Provider) answer(r *kgo.Record) error {
	s, err := taskcodec.Submission{}.Decode(r.Value)
	if err != nil {
		return err
	}
	x := &s.Task
	if x.Kind != task.RewardPayout && x.Kind != task.RewardClawback || p.seen[x.ID] {
		return nil
	}
	p.seen[x.ID] = true
	asked, err := rewardcodec.ParsePayout(x.Payload)
	if err != nil {
		return err
	}
	result := &reward.Result{TaskID: x.ID, UserID: asked.UserID, RewardID: asked.RewardID, Epoch: asked.Epoch,
		OK: succeeds(x), At: instant.Of(time.Now())}
	switch {
	case !result.OK:
		result.Reason = "refused"
	case x.Kind == task.RewardPayout && asked.Kind == mission.RewardGiftCard:
		result.Code = "provider-" + x.ID
	}
	value, err := rewardcodec.Result{}.Encode(result)
	if err != nil {
		return err
	}
	partition := stream.Partition([]byte(asked.UserID), p.topology.Config.Partitions)
	answers := 1
	if lot(x.ID, "again")%5 == 0 { // whoever sends at least once may send twice
		answers = 2
	}
	for range answers {
		p.client.Produce(context.Background(), &kgo.Record{
			Topic: p.topology.RewardResults.Name, Partition: partition, Key: []byte(asked.UserID), Value: value,
		}, nil)
	}
	return nil
}

// succeeds is the provider's decision.
func succeeds(x *task.Task) bool { return lot(x.ID)%4 > 0 }

// lot draws for those who decide in a test: the same for the same words.
func lot(words ...string) uint32 {
	h := fnv.New32a()
	for _, w := range words {
		_, _ = h.Write([]byte(w)) // never fails
	}
	return h.Sum32()
}
