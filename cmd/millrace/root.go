package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/topology"
)

// app is what every command shares: the streams, the global flags and the configuration made of them.
type app struct {
	out, errs io.Writer
	answers   *checked         // what is behind out
	in        func() io.Reader // standard input
	flags     globalFlags
	config    config.Config
	log       *slog.Logger

	credentials credentials
}

type globalFlags struct {
	context, file, prefix, server, logLevel string
	brokers                                 []string
	partitions                              int32
	replication                             int16
	output                                  string
}

// formats are those of -o.
func formats() []string { return []string{"table", "json", "yaml"} }

func newRoot(out, errs io.Writer) *cobra.Command {
	answers := &checked{Writer: out}
	a := &app{out: answers, answers: answers, errs: errs}
	root := &cobra.Command{
		Use:   "millrace",
		Short: "Missions and payment health from one stream of payment events",
		Long: `Missions and payment health from one stream of payment events.

Exit status: 0 done; 1 an answer that is a no: there is no such thing, it was refused or has changed, or a check found something;
2 wrong use, or who must answer does not. Settings: flags go before MILLRACE_* variables, those before the context (millrace context), that before ./` + config.File + `,
that before defaults.`,
		Version:       release(),
		SilenceUsage:  true,
		SilenceErrors: false,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.configure(cmd)
		},
		PersistentPostRunE: func(*cobra.Command, []string) error { return answers.err },
	}
	root.SetOut(answers)
	root.SetErr(errs)
	a.in = root.InOrStdin
	f := root.PersistentFlags()
	d := config.Default()
	textFlag(f, &a.flags.file, "config", "", "configuration file (default ./"+config.File+" if it exists)")
	textFlag(f, &a.flags.context, "context", "", "context of a client command, see millrace context (default: "+
		config.ContextVariable+", or the current one)")
	listFlag(f, &a.flags.brokers, "brokers", d.Brokers, "Kafka bootstrap addresses")
	textFlag(f, &a.flags.server, "server", d.Server, "base URL of a running serve or dev")
	textFlag(f, &a.credentials.flag, "token", "", "bearer token for --server (default: "+config.Token+
		", token_file, or one that a dev on this machine signs)")
	anyTextFlag(f, &a.flags.prefix, "prefix", d.Prefix, "prefix of all topic and group names")
	wholeFlag(f, &a.flags.partitions, "partitions", d.Partitions, "partitions of every topic (dev: 4)")
	wholeFlag(f, &a.flags.replication, "replication", d.Replication, "replication factor of every topic (dev: 1)")
	choiceFlagP(root, f, &a.flags.logLevel, "log-level", "", d.Log.Level, config.LogLevels(), "")
	choiceFlagP(root, f, &a.flags.output, "output", "o", "table", formats(), "")
	root.AddCommand(
		a.devCommand(), a.runCommand(), a.workerCommand(), a.serveCommand(), a.topologyCommand(), a.topicsCommand(),
		a.generateCommand(), a.replayCommand(), a.verifyCommand(),
		a.missionCommand(), a.healthCommand(), a.transactionCommand(), a.userCommand(), a.rewardCommand(),
		a.coinsCommand(), a.deadLettersCommand(), a.tasksCommand(), a.auditCommand(),
		a.eraseUserCommand(), a.tokenCommand(), a.contextCommand(), a.configCommand(), a.windowCommand(),
		a.versionCommand(), manCommand(), a.probeCommand(),
	)
	for _, c := range definitions() {
		root.AddCommand(a.definitionCommand(c))
	}
	_ = root.RegisterFlagCompletionFunc("context", a.completeContexts) // the flag is there
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate(root.UsageTemplate()))
	strict(root)
	return root
}

// configure makes the effective configuration: defaults, file, context, environment, flags.
func (a *app) configure(cmd *cobra.Command) error {
	base := config.Default()
	if cmd.Name() == "dev" {
		base = devDefaults(base)
	}
	named, err := a.context(cmd)
	if err != nil {
		return err
	}
	c, err := config.Load(base, a.flags.file, os.Environ(), named.Overlay)
	if err != nil {
		return err
	}
	set := cmd.Flags().Changed
	if set("brokers") {
		c.Brokers = a.flags.brokers
	}
	if set("server") {
		c.Server = a.flags.server
	}
	if set("prefix") {
		c.Prefix = a.flags.prefix
	}
	if set("partitions") {
		c.Partitions = a.flags.partitions
	}
	if set("replication") {
		c.Replication = a.flags.replication
	}
	if set("log-level") {
		c.Log.Level = a.flags.logLevel
	}
	c.Server = strings.TrimRight(c.Server, "/")
	a.trust(&c, named)
	if err := errors.Join(c.Validate(), pipeline.Validate(c)); err != nil {
		return fmt.Errorf("the configuration is not valid:\n%w", err)
	}
	a.config, a.log = c, newLogger(a.errs, c.Log)
	return nil
}

func newLogger(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // validated before
	opts := &slog.HandlerOptions{Level: level}
	if strings.EqualFold(c.Format, "json") {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

func (a *app) topology() *topology.Topology { return topology.New(a.config.Topology()) }

// admin connects to the cluster; close the returned client when done.
func (a *app) admin() (*cluster.Admin, error) {
	return cluster.Connect(a.config.Client())
}
