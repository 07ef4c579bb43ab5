package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/admin"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/cmd/pipeline"
	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/traffic"
)

type generateOptions struct {
	rate     float64
	count    int64
	seed     uint64
	from, to instant.Milli
	out      string
	pace     bool
	flat     bool
	admin    string
	outages  string
}

func (a *app) generateCommand() *cobra.Command {
	var o generateOptions
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make synthetic payment traffic, to Kafka or to a file",
		Long: `Makes traffic calibrated on NPCI's published UPI figures (50 banks): apps, cards, wallets, several gateways, refunds,
duplicates, disorder, lateness and poison. The same seed and flags give the same bytes. Events go to the payments topic, or
with --out to a file of JSON lines ("-" for standard output), which ` + "`millrace replay`" + ` sends.

--pace makes live traffic: it begins now and has no end, unless --from, --to or --count say otherwise. Each event is sent at its
time.

--outages makes payments fail by a list of outages, the file that ` + "`millrace health backtest`" + ` takes: success is the share of payments
made in that time that succeed all the same (default 0.1); most others fail for technical reasons, some hang.`,
		Example: "  millrace generate --count 20000 --seed 7 --out events.jsonl\n  millrace generate --pace --rate 50",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.generate(cmd.Context(), o) },
	}
	d := traffic.DefaultConfig()
	f := cmd.Flags()
	decimalFlag(f, &o.rate, "rate", d.Rate, "events a second of event time, on average over a day")
	wholeFlag(f, &o.count, "count", 0, "stop after this many events (default: --to decides; without --to 10000, with --pace no end)")
	wholeFlag(f, &o.seed, "seed", d.Seed, "seed of everything random")
	timeFlag(f, &o.from, "from", "send time of the first event, RFC 3339 (default: one hour ago, with --pace now, with --out 2026-03-01T00:00:00Z)")
	timeFlag(f, &o.to, "to", "end of the traffic, RFC 3339")
	textFlag(f, &o.out, "out", "", `write JSON lines to this file instead of Kafka ("-": standard output)`)
	switchFlag(f, &o.pace, "pace", "send to Kafka at the pace of the clock instead of at once")
	switchFlag(f, &o.flat, "flat", "the same rate at all hours, instead of the rhythm of a day in India")
	textFlag(f, &o.admin, "admin", "", "with --pace: serve metrics and probes on this address meanwhile, such as 127.0.0.1:9464")
	textFlag(f, &o.outages, "outages", "", "YAML or JSON with outages, as `health backtest` reads it")
	return cmd
}

func (o generateOptions) config() (traffic.Config, error) {
	c := traffic.DefaultConfig()
	c.Rate, c.Count, c.Seed, c.Flat = o.rate, o.count, o.seed, o.flat
	if o.pace && o.out != "" {
		return c, errors.New("--pace is for traffic to Kafka: a file is written at once; leave out --pace or --out")
	}
	if o.admin != "" && !o.pace {
		return c, errors.New("--admin is for traffic that goes on: add --pace, or leave out --admin")
	}
	if o.from != 0 {
		c.From = o.from.Time()
	} else if o.pace {
		c.From = time.Now().UTC().Truncate(time.Second)
	} else if o.out == "" {
		c.From = time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	}
	c.To = o.to.Time()
	if c.Count == 0 && c.To.IsZero() && !o.pace {
		c.Count = 10_000
	}
	if o.outages != "" {
		outages, err := readFile(o.outages, healthcodec.ParseOutages)
		if err != nil {
			return c, err
		}
		for _, outage := range outages {
			c.Outages = append(c.Outages, trafficOutage(outage))
		}
	}
	return c, c.Validate()
}

// checkFrom returns an error if the deployment would refuse all events from a time on: as of the future, or as older
// than what it keeps.
func (a *app) checkFrom(ctx context.Context, from time.Time) error {
	if bound := a.config.Intake.FutureBound; time.Until(from) > bound {
		return fmt.Errorf("--from %s: events of more than %v ahead would be refused as %s: write a time that has been, or --out for a file",
			from.Format(time.RFC3339), bound, payment.FutureTimestamp)
	}
	reached, err := a.ledgerTime(ctx)
	if ledger := pipeline.Ledger(a.config); err == nil && reached != 0 && ledger.TooOld(instant.Of(from), reached) {
		return fmt.Errorf("--from %s: the deployment, which has reached %v, takes events from %v on (ledger.retention %v), and would refuse these as %s",
			from.Format(time.RFC3339), reached, reached.Add(-ledger.Retention), ledger.Retention, payment.TooOld)
	}
	return err
}

func (a *app) generate(ctx context.Context, o generateOptions) error {
	cfg, err := o.config()
	if err != nil {
		return err
	}
	g, err := traffic.New(cfg)
	if err != nil {
		return err
	}
	if o.out != "" {
		return a.generateFile(ctx, g, o.out)
	}
	if o.from != 0 {
		if err := a.checkFrom(ctx, cfg.From); err != nil {
			return err
		}
	}
	t := a.topology()
	f, err := feed.Open(ctx, feed.Config{Client: a.config.Client(), Topic: t.Payments.Name})
	if err != nil {
		return err
	}
	defer f.Close()
	port, err := a.generatePort(o.admin, f)
	if err != nil {
		return err
	}
	defer func() { _ = port.Close() }() // nothing to lose there
	n, err := sendTraffic(ctx, g, f, o.pace, cfg.From)
	if err != nil {
		return err
	}
	sending := context.WithoutCancel(ctx) // a stop ends the loop, not what is under way
	if err := f.Flush(sending); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "sent=%d\n", n)
	return nil
}

// sendTraffic sends what g makes until it or ctx ends, and returns how much that was.
func sendTraffic(ctx context.Context, g *traffic.Generator, f *feed.Feed, pace bool,
	from time.Time) (n int64, err error) {
	start := time.Now()
	sending := context.WithoutCancel(ctx) // a stop ends the loop, not what is under way
	for r, ok := g.Next(); ok && ctx.Err() == nil; r, ok = g.Next() {
		if pace {
			_ = sleepUntil(ctx, start.Add(r.Offset(from)))
		}
		if ctx.Err() != nil {
			break // stopped: what was sent is flushed and counted
		}
		if err := f.Send(sending, r.Value); err != nil {
			return n, err
		}
		n++
	}
	return n, nil //nolint:nilerr // a stop is how it ends
}

// stalledAfter is how long brokers may acknowledge nothing before a generator is not ready.
const stalledAfter = 10 * time.Second

// generatePort opens the admin port of traffic that goes on; without an address there is none.
func (a *app) generatePort(addr string, f *feed.Feed) (io.Closer, error) {
	if addr == "" {
		return io.NopCloser(nil), nil
	}
	port, err := admin.Listen(addr)
	if err != nil {
		return nil, err
	}
	port.Serve(newRegistry(), admin.Ready(func() bool { return f.Acked() > 0 && f.Stalled() < stalledAfter }))
	a.log.Info("generating", "brokers", a.config.Brokers, "admin", port.Addr())
	return port, nil
}

func (a *app) generateFile(ctx context.Context, g *traffic.Generator, path string) (err error) {
	out := a.out
	if path != "-" {
		file, err := os.Create(path)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	w := bufio.NewWriterSize(out, 1<<20)
	n := int64(0)
	for r, ok := g.Next(); ok && ctx.Err() == nil; r, ok = g.Next() {
		if _, err := w.Write(r.Value); err != nil {
			return err
		}
		if err := w.WriteByte('\n'); err != nil {
			return err
		}
		n++
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.errs, "wrote=%d\n", n)
	return nil
}

// trafficOutage returns an outage as traffic has it.
func trafficOutage(o backtest.Outage) traffic.Outage {
	return traffic.Outage{
		Mode: o.Mode, Instrument: o.Instrument, Gateway: o.Gateway, From: o.Begin.Time(), To: o.End.Time(),
		SuccessRate: o.Success,
	}
}
