package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/admin"
	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/cmd/server"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/topology"
)

func (a *app) runCommand() *cobra.Command {
	var all bool
	var own config.Run
	cmd := &cobra.Command{
		Use:   "run [GROUP...]",
		Short: "Run processors until SIGTERM",
		Long: `Runs any set of processors of one deployment in this process. Several processes may run the same group, each with a --slot of
its own: they share its partitions. A process keeps its slot over restarts: started again, it goes on with its partitions and
the tables in --data. Whoever starts with a slot takes it over; the process that had it ends with an error, and must not be
started again with that slot. Metrics and probes are on http.admin (127.0.0.1:9464).

SIGTERM finishes what is under way, commits and ends. The partitions wait for the slot to come back; with --drain they go to
the other processes at once.`,
		Example: "  millrace run ledger progress\n  millrace run --all\n  millrace run ledger --slot 1 --data /var/lib/millrace",
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return errors.New("name the groups to run, or --all")
			}
			if all {
				args = topology.GroupIDs()
			}
			if err := pipeline.CheckGroups(args); err != nil {
				return err
			}
			set, c := cmd.Flags().Changed, &a.config.Run
			if set("slot") {
				c.Slot = own.Slot
			}
			if set("data") {
				c.Data = own.Data
			}
			if set("drain") {
				c.Drain = own.Drain
			}
			if err := a.config.Validate(); err != nil {
				return err
			}
			return a.run(cmd.Context(), args)
		},
	}
	d := config.Default().Run
	switchFlag(cmd.Flags(), &all, "all", "run every group")
	wholeFlag(cmd.Flags(), &own.Slot, "slot", d.Slot, "tells this process from others that run the same groups")
	textFlag(cmd.Flags(), &own.Data, "data", d.Data, "directory in which tables are kept")
	switchFlag(cmd.Flags(), &own.Drain, "drain", "leave the groups when stopped, as for good")
	return cmd
}

func (a *app) run(ctx context.Context, groups []string) error {
	t := a.topology()
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = t.Config.Prefix + g
	}
	if err := a.checkTopics(ctx, cluster.SpecsOf(t, names)); ctx.Err() != nil {
		return nil // stopped before it began
	} else if err != nil {
		return err
	}
	failpoint, err := pipeline.Failpoint(os.Getenv(config.Failpoint))
	if err != nil {
		return err
	}
	port, err := admin.Listen(a.config.HTTP.Admin)
	if err != nil {
		return err
	}
	defer func() { _ = port.Close() }() // nothing to lose there
	registry := newRegistry()
	// A stop is graceful: the processors' own context does not end with the signal, Stop ends them.
	p, err := pipeline.Start(context.WithoutCancel(ctx), pipeline.Config{
		Settings: a.config, Topology: t, Groups: groups, Registerer: registry, Log: a.log,
		Data: a.config.Run.Data, Failpoint: failpoint,
	})
	if err != nil {
		return err
	}
	port.Serve(registry, admin.Ready(p.IsReady))
	a.log.Info("running", "groups", groups, "brokers", a.config.Brokers, "admin", port.Addr())
	var cause error
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
	case <-p.Done():
	case cause = <-port.Failed():
	}
	return errors.Join(cause, p.Stop())
}

// checkTopics refuses to start on topics that are missing or have other settings.
func (a *app) checkTopics(ctx context.Context, specs []topology.Spec) error {
	adm, err := a.admin()
	if err != nil {
		return err
	}
	defer adm.Close()
	ctx, cancel := withTimeout(ctx, time.Minute)
	defer cancel()
	changes, err := cluster.Plan(ctx, adm, specs)
	if err != nil {
		return fmt.Errorf("cannot check the topics at %v: %w", a.config.Brokers, err)
	}
	return errors.Join(cluster.Refused(changes), cluster.Missing(changes))
}

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer HTTP reads until SIGTERM",
		Long: `Serves the API of a deployment on http.listen, from its own copies of the tables. Tokens are checked with the public keys in
auth.key_file (openssl genpkey -algorithm ed25519 makes a pair), with those that auth.jwks_url publishes, or both.

Metrics are on http.admin (127.0.0.1:9464) and nowhere else; the probes /livez and /readyz are on both ports, because load
balancers ask http.listen. A server beside a ` + "`run`" + ` on one machine needs another http.admin.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context()) },
	}
	return cmd
}

func (a *app) serve(ctx context.Context) (err error) {
	verifier, err := a.verifier()
	if err != nil {
		return err
	}
	t := a.topology()
	if err := a.checkTopics(ctx, t.Topics()); err != nil {
		return err
	}
	port, err := admin.Listen(a.config.HTTP.Admin)
	if err != nil {
		return err
	}
	defer func() { _ = port.Close() }() // nothing to lose there
	stores, closeStores, err := a.tableStores()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStores()) }()
	registry := newRegistry()
	s, err := server.Start(server.Config{
		Settings: a.config, Topology: t, Listen: a.config.HTTP.Listen, Verifier: verifier,
		OpenHealth: a.config.Auth.OpenHealth, Stores: stores,
		Metrics: engine.NewMetrics(registry), Registerer: registry, Version: version, Log: a.log,
	})
	if err != nil {
		return err
	}
	port.Serve(registry, s.Probes())
	a.log.Info("serving", "listen", s.Addr().String(), "brokers", a.config.Brokers, "admin", port.Addr())
	select {
	case <-ctx.Done():
		err = nil
	case err = <-s.Failed():
	case err = <-port.Failed():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, s.Stop(stopping))
}

// tableStores returns where the server keeps its tables, and what gives it up.
func (a *app) tableStores() (store.Opener, func() error, error) {
	if a.config.HTTP.Data == "" {
		return store.Memory{}, func() error { return nil }, nil
	}
	root, err := store.NewDisk(store.DiskConfig{Dir: a.config.HTTP.Data, Logger: a.log})
	if err != nil {
		return nil, nil, fmt.Errorf("http.data: %w", err)
	}
	disk, err := root.Below("views")
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("http.data: %w", err), root.Close())
	}
	return disk, func() error { return errors.Join(disk.Close(), root.Close()) }, nil
}
