package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/dev"
)

// devDefaults are the defaults where `dev` differs: small topics, logs only when something is wrong, and missions
// without a budget that need nobody's approval, as long as one reward of theirs does not.
func devDefaults(c config.Config) config.Config {
	c.Partitions, c.Replication, c.Log.Level = 4, 1, "warn"
	c.Health.IdleAfter = 5 * time.Second
	c.Approval.Unlimited = false
	return c
}

func (a *app) devCommand() *cobra.Command {
	var c dev.Config
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything in one process, with an embedded broker and live traffic",
		Long: `Starts an embedded broker, all processors, the HTTP server, and a worker with a provider that pays nobody; applies sample missions, back-fills half an hour of traffic
and goes on with live traffic until Ctrl-C. Started again, it goes on with its data.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Settings, c.Version, c.Command, c.Out, c.Log = a.config, version, commandName(), a.out, a.log
			c.Metrics = newRegistry()
			return dev.Run(cmd.Context(), c)
		},
	}
	cmd.AddCommand(a.devBreakCommand(), a.devRefundCommand())
	f := cmd.Flags()
	wholeFlag(f, &c.Port, "port", 8080, "port of HTTP on 127.0.0.1")
	wholeFlag(f, &c.KafkaPort, "kafka-port", 19092, "port of the broker on 127.0.0.1")
	textFlag(f, &c.Data, "data", ".millrace", "data directory")
	switchFlag(f, &c.Fresh, "fresh", "drop the data of earlier runs")
	switchFlag(f, &c.NoTraffic, "no-traffic", "send nothing: no history, no live traffic, no clock events")
	decimalFlag(f, &c.Rate, "rate", dev.DefaultRate, "events a second, in history and live")
	return cmd
}

// commandName is how to call this program again: by `go run` if that is how it was started.
func commandName() string {
	path, err := os.Executable()
	if err != nil || strings.Contains(path, "go-build") {
		return "go run ./cmd/millrace"
	}
	return filepath.Base(path)
}
