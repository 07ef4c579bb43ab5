package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/test/smoke/audit"
	"github.com/millrace/millrace/test/smoke/fault"
	"github.com/millrace/millrace/test/smoke/fleet"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/traffic"
	"github.com/millrace/millrace/views/token"
)

// run is one crash run.
type run struct {
	options options
	log     *log.Logger

	dir        string
	repository string
	binary     string
	server     string
	settings   string // the file
	topology   *topology.Topology
	broker     *fleet.Broker
	minter     *token.Minter
	reader     *fleet.Fleet // the server
	fleet      *fleet.Fleet
	twins      int
	stores     int // compared
	client     *kgo.Client
	admin      *cluster.Admin
	feed       *feed.Feed
	tail       *tail
	provider   *campaign.Provider
	claimants  *campaign.Claimants
	claims     claims

	lines    []traffic.Record
	missions []oracle.Mission
}

// do makes the run. The caller calls close, whatever comes of it.
func (r *run) do(ctx context.Context) (*result, error) {
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	plan := r.options.plan(r.broker)
	schedule, err := plan.Schedule()
	if err != nil {
		return nil, err
	}
	r.log.Printf("%d workers and %d handlers on %s; %d events at %g a second, %d faults", r.options.workers,
		r.options.handlers, r.options.broker,
		r.options.events, r.options.rate, len(schedule))
	if err := r.drive(ctx, schedule); err != nil {
		return nil, err
	}
	r.log.Print("healing")
	res := &result{seed: r.options.seed, events: r.options.events, plan: plan, fleet: r.fleet}
	err = r.fleet.Heal(ctx)
	if err == nil {
		err = r.drain(ctx, recoverWithin)
	}
	if err != nil && ctx.Err() == nil {
		res.wrong = append(res.wrong, "the workers do not recover: "+err.Error())
		r.log.Printf("%v; starting all workers anew", err)
		err = r.restart(ctx)
	}
	if err != nil {
		return nil, err
	}
	if res.verdict, err = r.settle(ctx); err != nil {
		return nil, err
	}
	if err := r.compareHTTP(ctx, res.verdict); err != nil {
		return nil, err
	}
	open, err := r.openTransactions(ctx)
	if err != nil {
		return nil, err
	}
	r.fleet.Stop()
	if err := r.compareStores(res.verdict); err != nil {
		return nil, err
	}
	res.stores, res.repeated = r.stores, r.provider.Repeated()
	for _, g := range []string{r.topology.Intake.Name, r.topology.Ledger.Name, r.topology.Progress.Name} {
		res.takeovers = append(res.takeovers, takeover{g, r.tail.commits.takeovers(r.fleet.Takeovers(), g)})
	}
	res.wrong = append(append(res.wrong, open...), r.fleet.Wrong()...)
	if r.options.faults == "graceful" { // else a fenced worker ends, as it should
		res.wrong = append(res.wrong, r.fleet.Unasked()...)
	}
	return res, nil
}

// restart starts all workers anew once their groups have forgotten them, so that also a run whose workers stand in each
// other's way ends with figures.
func (r *run) restart(ctx context.Context) error {
	r.fleet.Stop()
	var names []string
	for _, g := range r.topology.Groups() {
		names = append(names, g.Name)
	}
	for try := 0; ; try++ {
		groups, err := r.admin.DescribeGroups(ctx, names...)
		if err != nil {
			return err
		}
		members := 0
		for _, g := range groups {
			members += len(g.Members)
		}
		if members == 0 || try == 120 {
			return r.fleet.Start(ctx)
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// prepare brings everything up to the first event.
func (r *run) prepare(ctx context.Context) error {
	var err error
	if r.dir, err = os.MkdirTemp("", "millrace-smoke-"); err != nil {
		return err
	}
	if r.missions, err = campaign.Missions(); err != nil {
		return err
	}
	if r.lines, err = generate(r.options); err != nil {
		return err
	}
	if err := r.build(ctx); err != nil {
		return err
	}
	if err := r.connect(ctx); err != nil {
		return err
	}
	if r.provider, err = campaign.StartProvider(); err != nil {
		return err
	}
	r.settings = filepath.Join(r.dir, config.File)
	if err := os.WriteFile(r.settings, r.provider.Settings(), 0o600); err != nil {
		return err
	}
	listen, err := freeAddr()
	if err != nil {
		return err
	}
	r.server = "http://" + listen
	prefix := "smoke" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-" // a given Kafka may have seen others
	r.topology = topology.New(topology.Config{Prefix: prefix, Partitions: int32(r.options.partitions), Replication: 1})
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return r.command(ctx, "topics", "apply") },
		r.serve, r.applyMissions, r.start,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// start starts the workers and our own readers and writers.
func (r *run) start(ctx context.Context) error {
	r.fleet = &fleet.Fleet{Broker: r.broker, Report: r.log.Printf, Twin: r.twin, Stopped: r.leftOpen}
	for i := range r.options.workers {
		w, err := r.worker(fmt.Sprintf("worker-%d", i), i, "--all")
		if err != nil {
			return err
		}
		r.fleet.Workers = append(r.fleet.Workers, w)
	}
	for i := range r.options.handlers {
		w, err := r.handler(fmt.Sprintf("handler-%d", i))
		if err != nil {
			return err
		}
		r.fleet.Handlers = append(r.fleet.Handlers, w)
	}
	if err := r.fleet.Start(ctx); err != nil {
		return err
	}
	var err error
	if r.claimants, err = campaign.StartClaimants(ctx,
		campaign.ClaimantsConfig{Brokers: r.broker.Addrs, Topology: r.topology, Claim: r.claim}); err != nil {
		return err
	}
	if r.tail, err = follow(ctx, r.broker.Addrs, audit.NewTape(r.topology), r.log); err != nil {
		return err
	}
	r.feed, err = feed.Open(ctx, feed.Config{Client: engine.ClientConfig{Brokers: r.broker.Addrs},
		Topic: r.topology.Payments.Name})
	return err
}

// drive sends the events while the faults strike.
func (r *run) drive(ctx context.Context, schedule []fault.Fault) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := newPace(r.options.rate, int64(len(r.lines)))
	asked, err := campaign.Users(r.topology, r.options.users())
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		asking := make(chan error, 1)
		go func() { asking <- p.sendRequests(ctx, r.feed, asked, r.produce) }()
		err := p.send(ctx, r.feed, r.lines)
		if err == nil {
			err = <-asking
		}
		if err != nil {
			cancel(fmt.Errorf("sending: %w", err))
		}
		sent <- err
	}()
	for i, f := range schedule {
		// No fault strikes an idle pipeline, however long the one before took: some events come before each, some while
		// it lasts, and some are kept for those to come.
		from := p.spend(max(f.After, r.feed.Acked()+p.during(between)), 0, len(schedule)-i)
		p.holdAt(p.spend(from, p.during(lasting), len(schedule)-i))
		if err := p.reach(ctx, r.feed, from); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		err := r.fleet.Apply(ctx, f)
		if err == nil {
			err = r.tail.commits.learn(ctx, r.admin.Client)
		}
		if err != nil {
			cancel(err)
			<-sent
			return errors.Join(fmt.Errorf("%v: %w", f, err), context.Cause(ctx))
		}
	}
	p.holdAt(p.total)
	return <-sent
}

// settle ends the run with clock events, waits until the pipeline has come to rest, and compares.
func (r *run) settle(ctx context.Context) (*audit.Verdict, error) {
	var v *audit.Verdict
	// Timers may fire a while after the record that made them due was committed, and nobody says when the last one has:
	// so the pipeline is left to itself until all is well, or nothing comes any more. The second clock goes through
	// every group behind whatever was still under way then; all must stay well.
	for _, by := range []time.Duration{20 * time.Minute, 21 * time.Minute} {
		if err := r.feed.Advance(ctx, by); err != nil {
			return nil, err
		}
		var err error
		if v, err = r.rest(ctx); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// The time without a record after which nothing is expected any more, and how long records may go on coming.
const (
	restAfter  = 6 * time.Second
	restWithin = 2 * time.Minute
)

func (r *run) rest(ctx context.Context) (*audit.Verdict, error) {
	for deadline := time.Now().Add(restWithin); ; {
		if err := r.drain(ctx, drainWithin); err != nil {
			return nil, err
		}
		v, err := r.judge()
		if err != nil || v.OK() || r.tail.quiet() > restAfter && time.Since(v.Until) > restAfter ||
			time.Now().After(deadline) {
			return v, err
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// drain waits until every group has worked off its input, users have asked for what that makes them ask for, and the
// tape holds what came of it.
func (r *run) drain(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("not drained within %v", within))
	defer cancel()
	var topics []string
	r.tail.with(func(t *audit.Tape) { topics = t.Topics() })
	claims := r.topology.Claims.Name
	for {
		if err := cluster.Drain(ctx, r.admin, cluster.Stages(r.topology), 50*time.Millisecond); err != nil {
			return err
		}
		ends, err := cluster.EndOffsets(ctx, r.admin, topics)
		if err != nil {
			return err
		}
		if err := r.claimants.Reach(ctx, ends); err != nil {
			return err
		}
		after, err := cluster.EndOffsets(ctx, r.admin, []string{claims})
		if err != nil {
			return err
		}
		if maps.Equal(ends[claims], after[claims]) {
			return r.tail.reach(ctx, ends)
		}
	}
}

// recoverWithin bounds how long the workers take to work off what the last faults have left undone, drainWithin any
// other drain.
const (
	recoverWithin = 2 * time.Minute
	drainWithin   = 4 * time.Minute
)

func (r *run) judge() (v *audit.Verdict, err error) {
	bounds := oracle.DefaultBounds()
	bounds.Horizon = instant.Milli(r.options.horizon.Milliseconds())
	what := audit.Run{Bounds: &bounds, Sent: r.lines, Missions: r.missions, Answers: r.claims.all(),
		Effects: r.provider.Effects()}
	for _, at := range r.fleet.Wakes() {
		what.Wakes = append(what.Wakes, audit.Span{From: at, To: at.Add(wakeLasts)})
	}
	r.tail.with(func(t *audit.Tape) { v, err = t.Judge(what) })
	return v, err
}

// wakeLasts is how long after it goes on a zombie may still write, believing that it owns what it has lost.
const wakeLasts = 10 * time.Second

// close stops everything that runs. It removes the folder only if all was well.
func (r *run) close(well bool) error {
	if r.feed != nil {
		r.feed.Close()
	}
	var err error
	if r.claimants != nil {
		err = r.claimants.Stop()
	}
	if r.tail != nil {
		r.tail.stop()
	}
	for _, f := range []*fleet.Fleet{r.fleet, r.reader} {
		if f != nil {
			f.Stop()
		}
	}
	if r.admin != nil {
		r.admin.Close()
	}
	if r.provider != nil {
		err = errors.Join(err, r.provider.Stop())
	}
	if r.broker != nil {
		err = errors.Join(err, r.broker.Stop())
	}
	switch {
	case r.dir == "":
	case well && !r.options.keep:
		err = errors.Join(err, os.RemoveAll(r.dir))
	default:
		r.log.Printf("logs are in %s", r.dir)
	}
	return err
}
