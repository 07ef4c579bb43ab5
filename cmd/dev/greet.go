package dev

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/command"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/examples/missions"
)

// applySamples puts the sample missions, once per data directory: what the user made of them since stays.
func (d *dev) applySamples(ctx context.Context) error {
	samples, err := missions.Samples(instant.Of(d.started))
	if err != nil {
		return err
	}
	todo := samples[:0]
	for _, m := range samples {
		row, err := d.server.Tables.Of(d.topology.Catalog.Name).Get(catalog.MissionKey(m.ID))
		if err != nil {
			return err
		}
		if row == nil {
			todo = append(todo, m)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("no verdict within 20 s"))
	defer cancel()
	events, err := command.NewSender(d.Settings.Client(), d.topology, "dev").Put(ctx, catalog.Missions(todo)...)
	if err != nil {
		return fmt.Errorf("sample missions: %w", err)
	}
	for _, e := range events {
		if e.Result == verdict.Refused {
			return fmt.Errorf("sample mission %s: %w", e.EntityID, e.Problems)
		}
	}
	return d.inForce(ctx)
}

// inForce returns when progress knows every mission that the catalog has, and the server shows it.
func (d *dev) inForce(ctx context.Context) error {
	ends, err := cluster.EndOffsets(ctx, d.admin, []string{string(d.topology.Catalog.Table())})
	if err == nil {
		err = d.server.Tables.Wait(ctx, ends)
	}
	if err != nil {
		return fmt.Errorf("sample missions: %w", err)
	}
	return nil
}

// elsewhere returns the flags by which other commands find this dev, empty where they do without.
func (d *dev) elsewhere() string {
	flags, found := "", config.Default()
	if server := "http://" + d.server.Addr().String(); server != found.Server {
		flags += " --server " + server
	}
	if addr := d.broker.Addr(); !slices.Contains(found.Brokers, addr) {
		flags += " --brokers " + addr
	}
	return flags
}

// greet tells what there is to see.
func (d *dev) greet(sent int64) {
	base := "http://" + d.server.Addr().String()
	p := func(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }
	elsewhere := d.elsewhere()
	p("Millrace is up after %.1f s.  Live page: %s/", time.Since(d.started).Seconds(), base)
	p("Broker: %s   Data: %s   API: %s/docs", d.broker.Addr(), d.Data, base)
	switch {
	case d.NoTraffic:
		p("No traffic: send events with `%s replay FILE.jsonl --advance 1h --wait%s`.", d.Command, elsewhere)
	case d.stale:
		p("Going on with the data of the last run; live traffic, %g events a second. Bank %s/%s is in an outage.",
			d.Rate, outageMode, outageBank)
	default:
		p("%s events of the last %v are in; live traffic goes on, %g events a second. Bank %s/%s is in an outage.",
			count(sent), history, d.Rate, outageMode, outageBank)
	}
	p("")
	p("  curl -s '%s/v1/health?mode=%s'", base, outageMode)
	p("  curl -s %s/v1/health/%s/%s", base, outageMode, outageBank)
	if !d.NoTraffic {
		p("  %s dev break %s/%s --for 6m%s", d.Command, outageMode, breakable, elsewhere)
	}
	p("  %s mission list%s", d.Command, elsewhere)
	b := &board{topology: d.topology, tables: d.server.Tables}
	if users := b.interesting(); len(users) > 0 {
		p("  TOKEN=$(%s token mint --sub %s --role user%s)", d.Command, users[0], elsewhere)
		p(`  curl -s -H "Authorization: Bearer $TOKEN" %s/v1/users/me/missions`, base)
	}
	p("")
	p("Ctrl-C stops.")
}
