// Package server joins the table readers of the engine with the HTTP views and listens.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/cmd/simulate"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/simulation"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views"
	devviews "github.com/millrace/millrace/views/dev"
	healthviews "github.com/millrace/millrace/views/health"
	missionviews "github.com/millrace/millrace/views/mission"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// Config says what to serve and where.
type Config struct {
	Settings config.Config
	Topology *topology.Topology
	// Listen is the address to listen on.
	Listen string
	// Verifier checks tokens. The server keeps its keys up to date.
	Verifier *token.Verifier
	// Minter makes tokens for callers on this machine. For `dev` only. Defaults to none.
	Minter *token.Minter
	// OpenHealth lets anyone read health. Defaults to false.
	OpenHealth bool
	// Board turns the live page on. For `dev` only. Defaults to none.
	Board func(tables *Tables, conservation func() audit.State) devviews.Board
	// Breaker lets editors on this machine break live traffic. For `dev` only. Defaults to none.
	Breaker devviews.Breaker
	// InForce tells how far the progress group of this process has taken in the catalog: missions that somebody waits
	// for are then in force for payments too. Defaults to none, as where processors are elsewhere.
	InForce Offsets
	// Stores keep the tables. Defaults to store.Memory.
	Stores store.Opener
	// Metrics are those of the tables, shared with processors of this process. Defaults to some that nobody reads.
	Metrics *engine.Metrics
	// Registerer takes the metrics of the server. Defaults to none.
	Registerer prometheus.Registerer
	// Gatherer is what /metrics shows beside the API. For `dev` only, whose port is closed to others. Defaults to none.
	Gatherer prometheus.Gatherer
	// Version is shown in the OpenAPI document.
	Version string
	Log     *slog.Logger
}

// Server is a running server.
type Server struct {
	Tables *Tables
	addr   net.Addr
	views  *views.Server
	http   *http.Server
	client *kgo.Client // reads dead letters by their place, follows the topics of health, and sends commands

	payments *payments
	trail    *auditLog
	feed     *healthviews.Feed
	life     context.Context // ends with the server
	cancel   context.CancelFunc
	work     sync.WaitGroup
	failed   chan error
	log      *slog.Logger
}

// Start listens at once and answers as soon as the tables are loaded; until then reads say so.
func Start(c Config) (_ *Server, err error) {
	s := &Server{feed: healthviews.NewFeed(), failed: make(chan error, 8), log: c.Log}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	kinds, err := c.Settings.TaskKinds()
	if err != nil {
		return nil, err
	}
	indexes := views.NewIndexes(c.Topology, nil, c.Log)
	if s.Tables, err = newTables(c, indexes); err != nil {
		return nil, err
	}
	if err := s.connect(c); err != nil {
		return nil, err
	}
	if c.Registerer != nil {
		c.Registerer.MustRegister(newWaitingRewards(c.Topology, s.Tables), newWaitingReversals(c.Topology, s.Tables),
			newTaskDepth(kinds, c.Topology, s.Tables), newTaskNeeds(kinds, c.Topology, s.Tables, indexes))
	}
	s.trail = newAuditLog(c, s.client, indexes)
	conservation := audit.NewMetrics(c.Registerer)
	if s.views, err = s.newViews(c, indexes, conservation); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w (another port: --port or http.listen)", c.Listen, err)
	}
	s.addr, s.http = listener.Addr(), serve.NewHTTPServer(c.Listen, s.views.Handler())
	s.run(listener, c.Topology, c.Verifier)
	s.audit(c, conservation)
	return s, nil
}

// connect opens the clients; brokers may be away.
func (s *Server) connect(c Config) error {
	opts, err := c.Settings.Client().Options()
	if err != nil {
		return err
	}
	if s.client, err = kgo.NewClient(append(append(opts, followOptions(c.Topology)...),
		kgo.RecordPartitioner(engine.Partitioner()))...); err != nil {
		return err
	}
	s.payments, err = newPayments(c.Settings.Client(), c.Topology)
	return err
}

func (s *Server) close() {
	if s.trail != nil {
		s.trail.close()
	}
	if s.client != nil {
		s.client.Close()
	}
	if s.payments != nil {
		s.payments.client.Close()
	}
}

func (s *Server) newViews(c Config, indexes *views.Indexes, conservation *audit.Metrics) (*views.Server, error) {
	signatures, err := c.Settings.Relay.Signatures()
	if err != nil {
		return nil, err
	}
	var board devviews.Board
	if c.Board != nil {
		board = c.Board(s.Tables, conservation.State)
	}
	kinds, err := c.Settings.TaskKinds()
	if err != nil {
		return nil, err
	}
	return views.New(views.Config{
		Topology: c.Topology, Tables: s.Tables.views(), Indexes: indexes, Feed: s.feed,
		Commands: &commands{s.client, c.Topology}, UserCommands: &userCommands{s.client, c.Topology},
		LetterCommands: &letterCommands{s.client, c.Topology}, Payments: s.payments,
		TaskCommands: &taskCommands{s.client, c.Topology}, Kinds: kinds,
		Catalog: pipeline.Catalog(c.Settings), Settings: pipeline.Health(c.Settings),
		Ledger: pipeline.Ledger(c.Settings), Missions: pipeline.Missions(c.Settings),
		Intake: payment.Config(pipeline.Intake(c.Settings)), Signatures: signatures,
		Audit: s.trail, Records: &records{s.client, c.Topology.DeadLetterRecords.Name}, Verifier: c.Verifier,
		Minter: c.Minter, OpenHealth: c.OpenHealth,
		Limits: c.Settings.Limits(), Board: board, Breaker: c.Breaker, Simulator: simulator(c),
		Registerer: c.Registerer, Gatherer: c.Gatherer, Version: c.Version, Log: c.Log,
	})
}

// simulations is how many simulations one server runs at once.
const simulations = 2

// simulator runs simulations over the postings of the deployment.
func simulator(c Config) missionviews.Simulator {
	gate := simulate.NewGate(simulations)
	return func(ctx context.Context, m mission.Mission, from, to instant.Milli) (simulation.Result, error) {
		r, err := gate.Run(ctx, simulate.Config{
			Client: c.Settings.Client(), Topology: c.Topology,
			Simulation: simulation.Config{Missions: pipeline.Missions(c.Settings), From: from, To: to},
		}, m)
		if errors.Is(err, simulate.ErrBusy) {
			err = missionviews.ErrBusy
		}
		return r, err
	}
}

func (s *Server) run(listener net.Listener, t *topology.Topology, verifier *token.Verifier) {
	ctx, cancel := context.WithCancel(context.Background())
	s.life, s.cancel = ctx, cancel
	for _, t := range s.Tables.list {
		s.work.Go(func() { s.report(t.Run(ctx)) })
	}
	s.work.Go(func() { verifier.Run(ctx) })
	s.work.Go(func() { s.trail.load(ctx) })
	s.work.Go(func() { follow(ctx, s.client, t, s.feed, s.log) })
	s.work.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.report(err)
		}
	})
}

// audit checks conservation until the server stops.
func (s *Server) audit(c Config, metrics *audit.Metrics) {
	if c.Settings.Audit.Every == 0 {
		return
	}
	ctx := s.life
	s.work.Go(func() {
		s.report(audit.Watch(ctx, audit.Config{
			Client: c.Settings.Client(), Topology: c.Topology, Retention: c.Settings.Ledger.Retention,
			Every: c.Settings.Audit.Every, Log: c.Log,
			Ledgers: s.Tables.Of(c.Topology.Ledger.Name), Users: s.Tables.Of(c.Topology.Progress.Name),
		}, metrics))
	})
}

func (s *Server) report(err error) {
	if err == nil {
		return
	}
	s.log.Error("the server failed", "error", err)
	select {
	case s.failed <- err:
	default: // the first ones say enough
	}
}

// Addr returns the address listened on.
func (s *Server) Addr() net.Addr { return s.addr }

// Probes answers /livez and /readyz as the server's own port does, for the admin port.
func (s *Server) Probes() http.Handler { return s.views.Handler() }

// Failed yields what stopped a table reader or the listener.
func (s *Server) Failed() <-chan error { return s.failed }

// Recovered returns once every table is loaded.
func (s *Server) Recovered(ctx context.Context) error {
	for _, t := range s.Tables.list {
		if err := t.WaitRecovered(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Stop makes the server unready, lets requests in hand finish until ctx ends, and closes everything.
func (s *Server) Stop(ctx context.Context) error {
	s.views.Stop()
	err := s.http.Shutdown(ctx)
	s.cancel()
	s.work.Wait()
	s.close()
	return err
}
