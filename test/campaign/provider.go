package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Provider answers tasks of rewards, as those who pay do: every task once, however often it reads it. One payout in eight fails, and one
// claw-back in four; which ones depends on the task alone.
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
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond), kgo.RecordPartitioner(kgo.ManualPartitioner()),
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
	x, err := codecs.Task{}.Decode(r.Value)
	if err != nil {
		return err
	}
	if x.Kind != task.RewardPayout && x.Kind != task.RewardClawback || p.seen[x.ID] {
		return nil
	}
	p.seen[x.ID] = true
	var asked struct {
		RewardID string `json:"reward_id"`
		Epoch    int64  `json:"epoch"`
		UserID   string `json:"user_id"`
	}
	if err := json.Unmarshal(x.Payload, &asked); err != nil {
		return err
	}
	result := &reward.Result{TaskID: x.ID, UserID: asked.UserID, RewardID: asked.RewardID, Epoch: asked.Epoch, OK: succeeds(x), At: instant.Of(time.Now())}
	if !result.OK {
		result.Reason = "refused"
	}
	value, err := codecs.RewardResult{}.Encode(result)
	if err != nil {
		return err
	}
	partition := stream.Partition([]byte(asked.UserID), p.topology.Config.Partitions)
	p.client.Produce(context.Background(), &kgo.Record{
		Topic: p.topology.RewardResults.Name, Partition: partition, Key: []byte(asked.UserID), Value: value,
	}, nil)
	return nil
}

// succeeds is the provider's decision.
func succeeds(x *task.Task) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(x.ID)) // never fails
	if x.Kind == task.RewardClawback {
		return h.Sum32()%4 > 0
	}
	return h.Sum32()%8 > 0
}
