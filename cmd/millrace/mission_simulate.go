package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/cmd/simulate"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/simulation"
)

type simulateOptions struct {
	file     string
	from, to instant.Milli
}

func (a *app) simulateCommand() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate -f MISSIONS.yaml",
		Short: "Say what a mission would have cost, by the payments of the past",
		Long: `Takes the postings that Kafka has (90 days) through a mission that need not be in the catalog, as if it had been active: how many users it
would have had, completions, what they win by day, and why payments did not count. Budget and winners count; a mission to opt in to is
taken as if everybody had; segments have nobody in them. Reads only, beside live traffic, one partition after the other: memory holds the users of one.

The file has one mission.`,
		Example: "  millrace mission simulate -f missions.yaml --from 2026-03-01T00:00:00Z --to 2026-03-08T00:00:00Z -o json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.simulate(cmd.Context(), o) },
	}
	f := cmd.Flags()
	textFlagP(f, &o.file, "file", "f", "", "YAML or JSON with one mission")
	timeFlag(f, &o.from, "from", "payments made from then on, RFC 3339 or a date (default: all there are)")
	timeFlag(f, &o.to, "to", "payments made before, RFC 3339 or a date (default: now)")
	required(cmd, "file")
	return cmd
}

func (a *app) simulate(ctx context.Context, o simulateOptions) error {
	if err := checkSpan(o.from, o.to); err != nil {
		return err
	}
	list, err := readFile(o.file, missioncodec.ParseAll)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("%s has %d missions: simulate one at a time", o.file, len(list))
	}
	bar := a.progress("reading", -1)
	result, err := simulate.Run(ctx, simulate.Config{
		Client: a.config.Client(), Topology: a.topology(),
		Simulation: simulation.Config{Missions: pipeline.Missions(a.config), From: o.from, To: o.to},
		Progress: func(read, all int64) {
			bar.ChangeMax64(all)
			_ = bar.Set64(read) // drawing may fail where reading must not
		},
	}, list[0])
	if err != nil {
		return err
	}
	return a.print(result, func() table { return simulated(list[0], result) })
}

func simulated(m mission.Mission, r simulation.Result) table {
	t := table{header: []string{m.ID, "completions", "cost"}}
	t.rows = append(t.rows, []string{"window: " + mission.Term(&m), "", ""})
	for _, d := range r.ByDay {
		t.rows = append(t.rows, []string{d.Day, fmt.Sprint(d.Completions), fmt.Sprint(d.Cost)})
	}
	t.rows = append(t.rows, []string{"all", fmt.Sprint(r.Completions), fmt.Sprint(r.Cost)},
		[]string{"users", fmt.Sprint(r.Users), ""})
	for _, n := range r.NotCounted {
		t.rows = append(t.rows, []string{"not counted: " + n.Reason, fmt.Sprint(n.Count), ""})
	}
	return t
}
