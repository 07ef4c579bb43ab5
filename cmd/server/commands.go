package server

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// commands sends to the catalog, as views.Commands.
type commands struct {
	client   *kgo.Client
	topology *topology.Topology
}

// Send returns once all in-sync replicas have the command. One whose fate is not known may still be judged.
func (s *commands) Send(ctx context.Context, c *catalog.Command) error {
	return produce(ctx, s.client, s.topology.CatalogCommands, c.Key(), c)
}

// userCommands sends to the groups that keep users' rows, as the rooms of missions and rewards
// want it. What Send says holds for each.
type userCommands commands

// Enrol implements Commands of the room of missions.
func (s *userCommands) Enrol(ctx context.Context, e *mission.Enrolment) error {
	return produce(ctx, s.client, s.topology.Enrolments, e.UserID, e)
}

// Segment implements Commands of the room of missions.
func (s *userCommands) Segment(ctx context.Context, m *mission.Segments) error {
	return produce(ctx, s.client, s.topology.UserSegments, m.UserID, m)
}

// Reward implements Commands of the room of rewards.
func (s *userCommands) Reward(ctx context.Context, c *reward.Command) error {
	return produce(ctx, s.client, s.topology.Claims, c.UserID, c)
}

// letterCommands sends to the group that keeps dead letters, as views.LetterCommands.
type letterCommands commands

// Send returns once all in-sync replicas have the command.
func (s *letterCommands) Send(ctx context.Context, c *deadletter.Command) error {
	return produce(ctx, s.client, s.topology.DeadLetterCommands, c.LetterID, c)
}

// taskCommands sends to the group that keeps tasks, as the room of tasks wants it.
type taskCommands commands

// Send returns once all in-sync replicas have the command.
func (s *taskCommands) Send(ctx context.Context, key string, c *task.Command) error {
	return produce(ctx, s.client, s.topology.TaskCommands, key, c)
}

// Submit returns once all in-sync replicas have the task.
func (s *taskCommands) Submit(ctx context.Context, x *task.Submission) error {
	return produce(ctx, s.client, s.topology.Tasks, x.Task.Key, x)
}

func produce[V any](ctx context.Context, client *kgo.Client, topic stream.Topic[V], key string, v V) error {
	value, err := topic.Codec.Encode(v)
	if err != nil {
		return err
	}
	return client.ProduceSync(ctx, &kgo.Record{Topic: topic.Name, Key: []byte(key), Value: value}).FirstErr()
}
