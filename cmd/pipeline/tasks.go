package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/processors/tasks"
)

// tasks returns the group that queues tasks. A kind that is resumed has its rows visited.
func (b *builder) tasks() (part, error) {
	t, r := b.config.Topology, b.config.Registerer
	kinds, err := b.config.Settings.TaskKinds()
	settle := make(chan struct{}, 1)
	index := tasks.NewIndex(func() {
		select {
		case settle <- struct{}{}:
		default: // a visit that has not begun sees this, too
		}
	})
	return part{
		graph:  tasks.Graph(kinds, t, index, tasks.NewMetrics(r, kinds)),
		index:  map[string]func(string, []byte){string(t.Catalog.Table()): b.reading("tasks", index.Set)},
		settle: settle,
	}, err
}

// again is how long a visit or a command that failed waits.
const again = time.Second

// follow has the rows of a group visited once it runs, and at each of its signals, and declares the schedules of the
// deployment.
func (b *builder) follow(ctx context.Context, m *member) {
	select {
	case <-m.engine.Ready():
	case <-ctx.Done():
		return
	}
	b.until(ctx, "schedules cannot be declared", func() error { return b.declare(ctx) })
	for {
		b.until(ctx, "the queues of tasks cannot be visited", func() error {
			_, err := m.engine.Visit(ctx, tasks.SettleVisit, nil)
			return err
		})
		select {
		case <-m.settle:
		case <-ctx.Done():
			return
		}
	}
}

// until does something until it succeeds.
func (b *builder) until(ctx context.Context, failure string, do func() error) {
	for err := do(); err != nil; err = do() {
		if ctx.Err() != nil {
			return
		}
		b.config.Log.Warn(failure+"; trying again", "error", err, "after", again)
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return
		}
	}
}

// declare sends the commands that put the deployment's schedules in force. A schedule that is in force already is not
// changed by them, so every process sends them at its start.
func (b *builder) declare(ctx context.Context) error {
	commands, err := declarations(b.config.Settings.TaskKinds())
	if err != nil || len(commands) == 0 {
		return err
	}
	client := b.config.Settings.Client()
	opts, err := client.Options()
	if err != nil {
		return err
	}
	k, err := kgo.NewClient(append(opts, kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(engine.Partitioner()))...)
	if err != nil {
		return err
	}
	defer k.Close()
	topic := b.config.Topology.TaskCommands
	var errs []error
	for _, c := range commands {
		value, err := topic.Codec.Encode(c)
		if err != nil {
			return err
		}
		key := task.JobKey(c.Kind, c.Plan.Name)
		record := &kgo.Record{Topic: topic.Name, Key: []byte(key), Value: value}
		errs = append(errs, k.ProduceSync(ctx, record).FirstErr())
	}
	return client.Explain(errors.Join(errs...))
}

// declarations returns a command for every schedule of the kinds. Its id is a hash of what it declares.
func declarations(kinds task.Kinds, err error) ([]*task.Command, error) {
	var commands []*task.Command
	for _, k := range kinds {
		for _, p := range k.Schedules {
			sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", k.Name, p.Name, p.Spec.Cron, p.Spec.Zone,
				p.Payload))
			commands = append(commands, &task.Command{
				ID: "declare-" + hex.EncodeToString(sum[:16]), Op: task.OpDeclare, Kind: k.Name, Plan: p,
			})
		}
	}
	return commands, err
}
