package e2e

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/work"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/test/model"
	"github.com/millrace/millrace/topology"
)

// employ starts a provider and a worker that calls it, until the test is over. It returns the settings by which groups
// make tasks for them.
func employ(t *testing.T, seeds []string, topo *topology.Topology) (*campaign.Provider, config.Config) {
	t.Helper()
	provider, err := campaign.StartProvider()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := provider.Stop(); err != nil {
			t.Error("provider:", err)
		}
	})
	file := filepath.Join(t.TempDir(), config.File)
	if err := os.WriteFile(file, provider.Settings(), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := config.Load(config.Default(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Brokers, s.Prefix, s.Partitions, s.Replication = seeds, topo.Config.Prefix, topo.Config.Partitions, 1
	worker, err := work.New(s, topo, nil, nil, slog.New(slog.NewTextHandler(logWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	worked := make(chan error, 1)
	go func() { worked <- worker.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-worked; err != nil {
			t.Error("worker:", err)
		}
	})
	return provider, s
}

// awaitErrands returns when every task has ended, and tells whether one had not. A user with many tasks has one after
// the other, so what counts is that some end: a minute without one is too long.
func (r *run) awaitErrands(ctx context.Context) (waited bool) {
	r.t.Helper()
	r.log.readTo(ctx, r.topo.Tasks.Name, r.topo.RewardResults.Name, string(r.topo.TaskQueues.Table()))
	patience, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	overdue := time.AfterFunc(time.Minute, func() { cancel(errors.New("none within a minute")) })
	defer overdue.Stop()
	for before := ""; ; waited = true {
		lost, _ := errands(r.log, r.topo, r.provider)
		if len(lost) == 0 {
			return waited
		}
		if now := strings.Join(lost, "; "); now != before {
			before = now
			overdue.Reset(time.Minute)
		}
		// Few come at a time, and after the last task nothing does.
		if err := r.log.pollUntil(patience, time.Now().Add(200*time.Millisecond)); err != nil {
			r.t.Fatalf("tasks have not ended: %s: %v", strings.Join(lost, "; "), errors.Join(err, r.pipeline.Err()))
		}
	}
}

// errands returns what is missing of tasks and of what they were for, and what else is wrong with them.
func errands(log *topicLog, topo *topology.Topology, provider *campaign.Provider) (lost, wrong []string) {
	e := model.NewErrands()
	give := func(value []byte, err error) {
		if err != nil && !watermark.Is(value) {
			wrong = append(wrong, err.Error())
		}
	}
	for _, r := range log.records[topo.Tasks.Name] {
		give(r.Value, e.Task(r.Value))
	}
	for _, r := range log.records[topo.RewardResults.Name] {
		give(r.Value, e.Answer(r.Value))
	}
	for _, r := range log.rows(string(topo.TaskQueues.Table())) {
		give(r.Value, e.Row(string(r.Key), r.Value))
	}
	v := e.Judge(provider.Effects())
	return v.Lost, slices.Concat(wrong, v.Doubled, v.Different)
}
