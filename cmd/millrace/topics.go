package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/topology"
)

// shownGroup is what topology shows of a group.
type shownGroup struct {
	Group   string   `json:"group"`
	Inputs  []string `json:"inputs"`
	Key     string   `json:"key"`
	Table   *string  `json:"table"` // null: none, as with loop and timers
	Outputs []string `json:"outputs"`
	Loop    *string  `json:"loop"`
	Timers  *string  `json:"timers"`
	Lookups []string `json:"lookups"`
}

func shownGroups(groups []topology.GroupSpec) []shownGroup {
	named := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	listed := func(s []string) []string { return append([]string{}, s...) } // never null
	shown := make([]shownGroup, len(groups))
	for i, g := range groups {
		shown[i] = shownGroup{
			Group: g.Name, Inputs: listed(g.Inputs), Key: g.Key, Table: named(g.Table), Outputs: listed(g.Outputs),
			Loop: named(g.Loop), Timers: named(g.Timers), Lookups: listed(g.Lookups),
		}
	}
	return shown
}

func (a *app) topologyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "topology",
		Short: "Print every group with its input, key, table and outputs",
		RunE: func(*cobra.Command, []string) error {
			groups := a.topology().Groups()
			return a.print(shownGroups(groups), func() table {
				t := table{header: []string{"group", "input", "key", "table", "outputs", "loop", "timers", "lookups"}}
				for _, g := range groups {
					t.rows = append(t.rows, []string{
						g.Name, strings.Join(g.Inputs, ", "), g.Key, dash(g.Table), dash(strings.Join(g.Outputs, ", ")),
						dash(g.Loop), dash(g.Timers), dash(strings.Join(g.Lookups, ", ")),
					})
				}
				return t
			})
		},
	}
}

const topicsLong = `Compares the topics that are there with those that the settings ask for; "plan" shows it, "apply" creates what is missing as well.
Nothing alters a topic. Without --partitions and --replication, in no setting either, those that the topics have already are taken.

Exit status 1: a topic is missing (plan), or has other partitions or settings. Who may create topics Kafka's ACLs say.`

func (a *app) topicsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "topics", Short: "Compare and create the topics of a deployment"}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "plan",
			Short: "Show what apply would do; exit status 1 if anything is to do or refused",
			Long:  topicsLong,
			RunE:  func(cmd *cobra.Command, _ []string) error { return a.topics(cmd, cluster.Plan) },
		},
		&cobra.Command{
			Use:   "apply",
			Short: "Create missing topics; refuse those with other partitions or settings",
			Long:  topicsLong,
			RunE:  func(cmd *cobra.Command, _ []string) error { return a.topics(cmd, cluster.Apply) },
		},
	)
	return cmd
}

func (a *app) topics(cmd *cobra.Command, act cluster.Act) error {
	adm, err := a.admin()
	if err != nil {
		return err
	}
	defer adm.Close()
	ctx, cancel := withTimeout(cmd.Context(), time.Minute)
	defer cancel()
	if err := a.adopt(ctx, cmd, adm); err != nil {
		return err
	}
	changes, err := act(ctx, adm, a.topology().Topics())
	if changes == nil {
		return err
	}
	if printErr := a.print(changes, func() table { return topicsTable(changes) }); printErr != nil {
		return printErr
	}
	refused := cluster.Refused(changes)
	switch {
	case refused != nil:
		return finding{refused}
	case err != nil:
		return err
	case cmd.Name() == "plan" && cluster.Missing(changes) != nil:
		return finding{errors.New("topics are missing; create them with `millrace topics apply`")}
	}
	return nil
}

// adopt takes over the shape that the topics have already, where neither a flag nor a variable nor a file says what it
// is to be: all topics of a deployment have one.
func (a *app) adopt(ctx context.Context, cmd *cobra.Command, adm *cluster.Admin) error {
	stated, err := config.Load(config.Config{}, a.flags.file, os.Environ())
	if err != nil {
		return err
	}
	if set := cmd.Flags().Changed; set("partitions") || set("replication") || stated.Partitions != 0 ||
		stated.Replication != 0 {
		return nil
	}
	partitions, replication, err := cluster.Shape(ctx, adm, a.topology().Topics())
	if err != nil {
		return err
	}
	if partitions == 0 || partitions == a.config.Partitions && replication == a.config.Replication {
		return nil
	}
	a.config.Partitions, a.config.Replication = partitions, replication
	fmt.Fprintf(a.errs, "The topics that are there have --partitions %d --replication %d, and so it is compared by that; run and serve of this deployment need the same settings.\n", partitions, replication)
	return nil
}

func topicsTable(changes []cluster.Change) table {
	t := table{header: []string{"topic", "action", "kind", "format", "partitions", "replication", "cleanup",
		"retention", "reason"}}
	for _, c := range changes {
		s := c.Spec
		t.rows = append(t.rows, []string{
			c.Topic, string(c.Action), string(s.Kind), string(s.Format), strconv.Itoa(int(s.Partitions)),
			strconv.Itoa(int(s.Replication)),
			s.Cleanup, retention(s), dash(c.Reason),
		})
	}
	return t
}

func retention(s topology.Spec) string {
	switch {
	case s.Cleanup == "compact", s.Retention < 0:
		return "-"
	default:
		return strconv.Itoa(int(s.Retention/(24*time.Hour))) + "d"
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
