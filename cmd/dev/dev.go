// Package dev is `millrace dev`: the whole pipeline in one process, on an embedded broker, with traffic.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/cmd/server"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/topology"
	devviews "github.com/millrace/millrace/views/dev"
	"github.com/millrace/millrace/views/token"
)

// issuer is the iss and aud of tokens in dev.
const issuer = "millrace-dev"

// Config says how to run.
type Config struct {
	Settings config.Config
	// Port and KafkaPort are where HTTP and the broker listen, on 127.0.0.1.
	Port, KafkaPort int
	// Data is the data directory.
	Data string
	// Fresh drops the data of earlier runs.
	Fresh bool
	// NoTraffic sends nothing at all.
	NoTraffic bool
	// Rate is how many events a second are sent.
	Rate    float64
	Version string
	// Metrics is what /metrics shows; the pipeline and the server add theirs. Defaults to a new one.
	Metrics *prometheus.Registry
	// Command is how this program is called, for the lines to copy.
	Command string
	Out     io.Writer
	Log     *slog.Logger
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	for name, port := range map[string]int{"--port": c.Port, "--kafka-port": c.KafkaPort} {
		if port < 0 || port > 65535 {
			errs = append(errs, fmt.Errorf("%s %d: must be 0 to 65535", name, port))
		}
	}
	if c.Port == c.KafkaPort && c.Port != 0 {
		errs = append(errs, errors.New("--port and --kafka-port must differ"))
	}
	if !(c.Rate > 0 && c.Rate <= 5000) {
		errs = append(errs, fmt.Errorf("--rate %v: must be above 0 and at most 5000", c.Rate))
	}
	if c.Data == "" {
		errs = append(errs, errors.New("--data: a directory is needed"))
	}
	return errors.Join(errs...)
}

// dev is one run.
type dev struct {
	Config
	started  time.Time
	topology *topology.Topology
	engine   *engine.Metrics

	broker   *embedded.Broker
	admin    *cluster.Admin
	pipeline *pipeline.Pipeline
	server   *server.Server
	feed     *feed.Feed
	source   *source
	provider *http.Server // the simulator
	endWork  context.CancelFunc
	worked   chan error             // what ended the worker; nil before it was started
	traffic  atomic.Pointer[source] // source, once it is live: for the server
	stale    bool                   // there was data already
}

// Run runs until ctx ends, prints what was done and returns nil, or returns what failed.
func Run(ctx context.Context, c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	d := &dev{Config: c, started: time.Now(), engine: engine.NewMetrics(c.Metrics)}
	err := d.start(ctx)
	if err == nil {
		err = d.live(ctx)
	}
	if stopErr := d.stop(); err == nil || errors.Is(err, context.Canceled) {
		err = stopErr
	}
	return err
}

func (d *dev) start(ctx context.Context) error {
	if err := d.openBroker(); err != nil {
		return err
	}
	// whatever is set is for brokers elsewhere
	d.Settings.Brokers, d.Settings.Kafka = []string{d.broker.Addr()}, config.Kafka{}
	d.topology = topology.New(d.Settings.Topology())
	var err error
	if d.admin, err = cluster.Connect(d.Settings.Client()); err != nil {
		return err
	}
	if _, err := cluster.Apply(ctx, d.admin, d.topology.Topics()); err != nil {
		return fmt.Errorf("%w\n(the data in %s was made with other settings: use them, or --fresh)", err, d.Data)
	}
	ends, err := cluster.EndOffsets(ctx, d.admin, []string{d.topology.Payments.Name})
	if err != nil {
		return err
	}
	d.stale = len(ends) > 0
	d.pipeline, err = pipeline.Start(context.WithoutCancel(ctx), pipeline.Config{
		Settings: d.Settings, Topology: d.topology, Registerer: d.Metrics, Metrics: d.engine, Log: d.Log,
		MayStand: d.NoTraffic,
	})
	if err != nil {
		return err
	}
	if err := d.serve(); err != nil {
		return err
	}
	if err := d.pipeline.Ready(ctx); err != nil {
		return err
	}
	if err := d.server.Recovered(ctx); err != nil {
		return err
	}
	if err := d.startWorker(); err != nil {
		return err
	}
	if err := d.applySamples(ctx); err != nil {
		return err
	}
	return d.openTraffic(ctx)
}

func (d *dev) serve() error {
	signer, err := token.LoadOrCreate(filepath.Join(d.Data, "token-key.pem"))
	if err != nil {
		return err
	}
	minter, err := token.NewMinter(token.MinterConfig{Issuer: issuer, Audience: issuer, Signer: signer})
	if err != nil {
		return err
	}
	verifier, err := token.NewVerifier(token.Config{Issuer: issuer, Audience: issuer, Keys: []token.Key{signer.Key}})
	if err != nil {
		return err
	}
	d.server, err = server.Start(server.Config{
		Settings: d.Settings, Topology: d.topology, Listen: net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port)),
		Verifier: verifier, Minter: minter, OpenHealth: true, Breaker: d.breaker(),
		InForce: d.pipeline.Handled(d.topology.Progress.Name, string(d.topology.Catalog.Table())), Metrics: d.engine,
		Registerer: d.Metrics, Gatherer: d.Metrics,
		Version: d.Version, Log: d.Log,
		Board: func(tables *server.Tables, verdict func() audit.State) devviews.Board {
			return &board{topology: d.topology, tables: tables, verdict: verdict, minter: minter, started: d.started,
				known: map[string]string{}}
		},
	})
	return err
}

// breaker breaks the live traffic; nil where there is none.
func (d *dev) breaker() devviews.Breaker {
	if d.NoTraffic {
		return nil
	}
	return func(o backtest.Outage) error {
		if s := d.traffic.Load(); s != nil {
			return s.breakTraffic(o)
		}
		return devviews.ErrNoTraffic
	}
}

// openBroker starts the broker; data that was not closed cleanly is moved aside, for it may be wrong.
func (d *dev) openBroker() error {
	err := d.startBroker(filepath.Join(d.Data, "kafka"))
	if errors.Is(err, embedded.ErrInUse) {
		return fmt.Errorf("%w\n(is another `millrace dev` running? other ports and data: --port, --kafka-port, --data)", err)
	}
	return err
}

func (d *dev) startBroker(dir string) error {
	if d.Fresh {
		if err := drop(dir); err != nil {
			return err
		}
	}
	cfg := embedded.Config{Dir: dir, Port: d.KafkaPort, Logger: d.Log}
	var err error
	d.broker, err = embedded.Start(cfg)
	if !errors.Is(err, embedded.ErrUnclean) {
		return err
	}
	aside, err := embedded.MoveAside(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "The last run was not stopped cleanly, so its data may be wrong. It is kept in %s; starting fresh.\n", aside)
	d.broker, err = embedded.Start(cfg)
	return err
}

// drop deletes the broker's data unless a process holds it.
func drop(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	aside, err := embedded.MoveAside(dir)
	if err != nil {
		return err
	}
	return os.RemoveAll(aside)
}
