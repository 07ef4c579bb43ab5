package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/traffic"
)

// result is what was measured.
type result struct {
	sent   int
	took   time.Duration
	behind time.Duration // from the last event until every group had worked off its input
	ends   int           // different window ends among the finals
	delays []time.Duration
}

// at returns the delay below which the share q of all lies, by nearest rank.
func (r *result) at(q float64) time.Duration {
	if len(r.delays) == 0 {
		return 0
	}
	i := int(q*float64(len(r.delays)) + 0.999999)
	return r.delays[min(max(i, 1), len(r.delays))-1].Round(time.Millisecond)
}

// rig is a broker with the pipeline and a sender on it.
type rig struct {
	options
	topology *topology.Topology
	client   *kgo.Client
	admin    *cluster.Admin
	addr     string
	close    []func() error
}

func measure(ctx context.Context, o options) (r *result, err error) {
	g := &rig{options: o}
	defer func() {
		for _, f := range slices.Backward(g.close) {
			err = errors.Join(err, f())
		}
	}()
	if err := g.open(ctx); err != nil {
		return nil, err
	}
	w, err := g.watch(ctx)
	if err != nil {
		return nil, err
	}
	r = &result{}
	from := time.Now()
	if r.sent, err = g.send(ctx); err != nil {
		return nil, err
	}
	stopped := time.Now()
	r.took = stopped.Sub(from)
	if err := cluster.Drain(ctx, g.admin, g.stages(), 5*time.Millisecond); err != nil {
		return nil, err
	}
	r.behind = time.Since(stopped)
	// What closed while payments were sent; the first windows had a cold start.
	r.delays, r.ends = w.stop().between(from.Add(2*o.window), stopped)
	slices.Sort(r.delays)
	if len(r.delays) == 0 {
		return nil, errors.New("no window closed in that time")
	}
	return r, nil
}

func (g *rig) open(ctx context.Context) error {
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		return err
	}
	g.close = append(g.close, b.Close)
	s := config.Default()
	g.addr = b.Addr()
	s.Brokers, s.Partitions, s.Replication = []string{b.Addr()}, int32(g.partitions), 1
	s.Health.Window, s.Health.Grace = g.window, g.grace
	g.topology = topology.New(topology.Config{Partitions: s.Partitions, Replication: 1})
	g.client, err = kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.RecordPartitioner(engine.Partitioner()),
		kgo.ProducerLinger(2*time.Millisecond), kgo.MaxBufferedRecords(100_000))
	if err != nil {
		return err
	}
	g.close = append(g.close, func() error { g.client.Close(); return nil })
	g.admin = cluster.NewAdmin(g.client)
	if _, err := cluster.Apply(ctx, g.admin, g.topology.Topics()); err != nil {
		return err
	}
	p, err := pipeline.Start(ctx, pipeline.Config{Settings: s, Topology: g.topology, Groups: strings.Split(g.groups, ",")})
	if err != nil {
		return err
	}
	g.close = append(g.close, p.Stop)
	return p.Ready(ctx)
}

// stages are those of the groups that run.
func (g *rig) stages() []cluster.Stage {
	return slices.DeleteFunc(cluster.Stages(g.topology), func(s cluster.Stage) bool {
		return !slices.Contains(strings.Split(g.groups, ","), s.Group)
	})
}

// send makes payments for as long as the options say, at the pace of the clock, and returns how many events that were.
func (g *rig) send(ctx context.Context) (int, error) {
	cfg := traffic.DefaultConfig()
	cfg.Rate, cfg.Flat, cfg.From = g.rate, true, time.Now()
	cfg.Late, cfg.Poison = 0, 0
	live, err := traffic.NewLive(cfg)
	if err != nil {
		return 0, err
	}
	for p := range g.partitions { // a partition that never had a record is not waited for
		clock := fmt.Appendf(nil, `{"type":"clock","at":%d}`, cfg.From.UnixMilli())
		g.client.Produce(ctx, &kgo.Record{Topic: g.topology.Payments.Name, Partition: int32(p), Value: clock}, nil)
	}
	sent, end := 0, cfg.From.Add(g.lasts)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for now := range tick.C {
		if now.After(end) || ctx.Err() != nil {
			break
		}
		for rec := range live.Until(now) {
			g.client.Produce(ctx, &kgo.Record{Topic: g.topology.Payments.Name, Key: []byte(rec.Key), Value: slices.Clone(rec.Value)}, nil)
			sent++
		}
	}
	return sent, errors.Join(g.client.Flush(ctx), ctx.Err())
}
