package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/admin"
	"github.com/millrace/millrace/cmd/work"
	"github.com/millrace/millrace/topology"
)

func (a *app) workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "worker [KIND...]",
		Short: "Call handlers for tasks until SIGTERM",
		Long: `Calls the handlers of tasks.worker.handlers, and the provider of tasks.provider, for the kinds named, or for all that have one.
Any number of workers may serve the same kinds; they share the runs, and whatever one of them had when it died another gets.
Metrics and probes are on http.admin (127.0.0.1:9464).

SIGTERM: the worker takes no more runs, and finishes what it has within tasks.worker.drain. It needs brokers with share
groups: Apache Kafka 4.2 or later.`,
		Example: "  millrace worker reward_payout reward_clawback",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.config.Validate(); err != nil {
				return err
			}
			return a.work(cmd.Context(), args)
		},
	}
}

func (a *app) work(ctx context.Context, kinds []string) error {
	t, registry := a.topology(), newRegistry()
	w, err := work.New(a.config, t, kinds, registry, a.log)
	if err != nil {
		return err
	}
	var specs []topology.Spec
	for _, s := range t.Topics() {
		if s.Name == t.TaskRuns.Name || s.Name == t.TaskResults.Name {
			specs = append(specs, s)
		}
	}
	if err := a.checkTopics(ctx, specs); ctx.Err() != nil {
		return nil // stopped before it began
	} else if err != nil {
		return err
	}
	port, err := admin.Listen(a.config.HTTP.Admin)
	if err != nil {
		return err
	}
	defer func() { _ = port.Close() }() // nothing to lose there
	port.Serve(registry, admin.Ready(w.IsReady))
	a.log.Info("working", "kinds", kinds, "brokers", a.config.Brokers, "admin", port.Addr())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		select {
		case err := <-port.Failed():
			failed <- err
			cancel()
		case <-ctx.Done():
			failed <- nil
		}
	}()
	err = w.Run(ctx)
	cancel()
	return errors.Join(err, <-failed)
}
