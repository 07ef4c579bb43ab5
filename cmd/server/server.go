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
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/engine/stock"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views"
	"github.com/millrace/millrace/views/token"
)

// Config says what to serve and where.
type Config struct {
	Settings config.Config
	Topology *topology.Topology
	// Listen is the address to listen on.
	Listen string
	// Verifier checks tokens.
	Verifier *token.Verifier
	// Minter makes tokens for callers on this machine. For `dev` only. Defaults to none.
	Minter *token.Minter
	// OpenHealth lets anyone read health. Defaults to false.
	OpenHealth bool
	// Board turns the live page on. For `dev` only. Defaults to none.
	Board func(*Tables) views.Board
	// InForce tells how far the progress group of this process has taken in the catalog: what the server says about missions
	// then holds for payments too. Defaults to none, as where processors are elsewhere.
	InForce views.Offsets
	// Watermark tells a group's event time where it is known.
	Watermark func(group string) time.Time
	// Gatherer is what /metrics shows.
	Gatherer prometheus.Gatherer
	// Version is shown in the OpenAPI document.
	Version string
	Log     *slog.Logger
}

// Tables are the readers of the group tables.
type Tables struct {
	Ledger, Progress, Health, Routing, Catalog, DeadLetters *stock.Table
}

func (t *Tables) all() []*stock.Table {
	return []*stock.Table{t.Ledger, t.Progress, t.Health, t.Routing, t.Catalog, t.DeadLetters}
}

// Server is a running server.
type Server struct {
	Tables *Tables
	addr   net.Addr
	views  *views.Server
	http   *http.Server
	client *kgo.Client
	cancel context.CancelFunc
	work   sync.WaitGroup
	failed chan error
	log    *slog.Logger
}

// Start listens at once and answers as soon as the tables are loaded; until then reads say so.
func Start(c Config) (*Server, error) {
	indexes := views.NewIndexes(c.Topology, nil)
	opts, err := c.Settings.Client().Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	tables, err := newTables(c, cluster.NewAdmin(client), indexes)
	if err != nil {
		return nil, err
	}
	var board views.Board
	if c.Board != nil {
		board = c.Board(tables)
	}
	v, err := views.New(views.Config{
		Topology: c.Topology, Tables: tables.views(c.InForce), Indexes: indexes, Settings: pipeline.Health(c.Settings), Missions: pipeline.Missions(c.Settings),
		Records: &records{client, c.Topology.DeadLetterRecords.Name}, Watermark: c.Watermark, Verifier: c.Verifier, Minter: c.Minter,
		OpenHealth: c.OpenHealth, Board: board, Gatherer: c.Gatherer, Version: c.Version, Log: c.Log,
	})
	if err != nil {
		client.Close()
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("cannot listen on %s: %w (another port: --port or http.listen)", c.Listen, err)
	}
	s := &Server{Tables: tables, addr: listener.Addr(), views: v, client: client, failed: make(chan error, 8), log: c.Log}
	s.http = views.NewHTTPServer(c.Listen, v.Handler())
	s.run(listener)
	return s, nil
}

func (s *Server) run(listener net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	for _, t := range s.Tables.all() {
		s.work.Go(func() { s.report(t.Run(ctx)) })
	}
	s.work.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.report(err)
		}
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

// Failed yields what stopped a table reader or the listener.
func (s *Server) Failed() <-chan error { return s.failed }

// Recovered returns once every table is loaded.
func (s *Server) Recovered(ctx context.Context) error {
	for _, t := range s.Tables.all() {
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
	s.client.Close()
	return err
}

func newTables(c Config, adm *cluster.Admin, x *views.Indexes) (*Tables, error) {
	t := c.Topology
	cfg := stock.Config{
		Brokers: c.Settings.Brokers, ClientID: c.Settings.ClientID, Partitions: t.Config.Partitions, Logger: c.Log,
		End: func(topic string, partition int32) (int64, error) {
			ends, err := cluster.EndOffsets(context.Background(), adm, []string{topic})
			return ends[topic][partition], err
		},
	}
	tables := &Tables{}
	var errs []error
	for _, r := range []struct {
		into     **stock.Table
		topic    string
		onChange func(string, []byte)
	}{
		{&tables.Ledger, string(t.Ledger.Table()), nil},
		{&tables.Progress, string(t.Progress.Table()), nil},
		{&tables.Health, string(t.Health.Table()), x.Health},
		{&tables.Routing, string(t.Routing.Table()), x.Routing},
		{&tables.Catalog, string(t.Catalog.Table()), x.Catalog},
		{&tables.DeadLetters, string(t.DeadLetters.Table()), x.DeadLetters},
	} {
		table, err := stock.NewTable(cfg, r.topic, r.onChange)
		errs = append(errs, err)
		*r.into = table
	}
	return tables, errors.Join(errs...)
}

func (t *Tables) views(inForce views.Offsets) views.Tables {
	of := func(t *stock.Table) views.Table { return views.Table{Rows: t, Offsets: t.Offsets()} }
	catalog := of(t.Catalog)
	if inForce != nil {
		catalog.Offsets = both{catalog.Offsets, inForce}
	}
	return views.Tables{
		Ledger: of(t.Ledger), Progress: of(t.Progress), Health: of(t.Health), Routing: of(t.Routing), Catalog: catalog,
		DeadLetters: of(t.DeadLetters),
	}
}

// both is as far as the slower of two.
type both struct{ a, b views.Offsets }

func (o both) Next() map[int32]int64 {
	next := o.a.Next()
	other := o.b.Next()
	for p, n := range next {
		next[p] = min(n, other[p])
	}
	return next
}

func (o both) Wait(ctx context.Context, at map[int32]int64) error {
	if err := o.a.Wait(ctx, at); err != nil {
		return err
	}
	return o.b.Wait(ctx, at)
}

// Wait returns when the tables have reached the offsets given by topic.
func (t *Tables) Wait(ctx context.Context, ends map[string]map[int32]int64) error {
	for _, table := range t.all() {
		if at := ends[table.Topic()]; at != nil {
			if err := table.Offsets().Wait(ctx, at); err != nil {
				return fmt.Errorf("table %s: %w", table.Topic(), err)
			}
		}
	}
	return nil
}
