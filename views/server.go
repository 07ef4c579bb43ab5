// Package views answers HTTP reads over the group tables, turns writes into commands of the catalog, and serves the
// live page of `millrace dev`.
//
// Every answer under /v1 is made from one or two rows, found by key, or from a page of an ordered index that is kept as
// the store is written: response times stay flat as tables grow. Codecs of package topology decode rows; read functions
// of domain say what a row means. Answers carry `as_of`, and `?min_as_of=` waits for that much.
//
// The rooms have the names of those of domain: mission, catalog, reward, health, ledger, audit, deadletter and payment;
// dev is apart. They stand on serve, and this package wires them. Importers call the room of missions missionviews, and
// so on. Further: problem (error shape), token (JSON Web Tokens), asof (freshness tokens), page (files of the pages).
package views

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	auditviews "github.com/millrace/millrace/views/audit"
	catalogviews "github.com/millrace/millrace/views/catalog"
	deadletterviews "github.com/millrace/millrace/views/deadletter"
	devviews "github.com/millrace/millrace/views/dev"
	healthviews "github.com/millrace/millrace/views/health"
	ledgerviews "github.com/millrace/millrace/views/ledger"
	missionviews "github.com/millrace/millrace/views/mission"
	paymentviews "github.com/millrace/millrace/views/payment"
	rewardviews "github.com/millrace/millrace/views/reward"
	"github.com/millrace/millrace/views/serve"
	taskviews "github.com/millrace/millrace/views/task"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/page"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/signature"
	"github.com/millrace/millrace/views/token"
)

// Config says what a server reads from and who may ask.
type Config struct {
	// Topology names the tables and decodes their rows.
	Topology *topology.Topology
	// Tables are the local copies of the group tables.
	Tables serve.Tables
	// Indexes are fed by the owner of the tables (see Indexes).
	Indexes *Indexes
	// Feed is fed by the owner of the topics of health (see Feed). Defaults to one that says nothing.
	Feed *healthviews.Feed
	// Settings are those of the health group: what a window record says depends on them. Defaults to
	// health.DefaultSettings.
	Settings health.Settings
	// Records reads the records of dead letters.
	Records deadletterviews.RecordReader
	// Audit reads the topics of the audit, whose index is fed by their owner (see Indexes).
	Audit auditviews.AuditLog
	// Commands takes what writes ask for.
	Commands catalogviews.Commands
	// UserCommands takes what users, and support for them, ask for.
	UserCommands interface {
		missionviews.Commands
		rewardviews.Commands
	}
	// LetterCommands takes what people decide on dead letters.
	LetterCommands deadletterviews.LetterCommands
	// TaskCommands takes what people ask of tasks.
	TaskCommands taskviews.Commands
	// Payments takes the events that are handed in.
	Payments paymentviews.Payments
	// Intake are the rules by which events are judged as they are handed in, those of the intake group. Defaults to
	// payment.DefaultConfig.
	Intake payment.Config
	// Signatures checks signed calls. Defaults to one that knows no source.
	Signatures *signature.Verifier
	// Catalog are the settings of the catalog group. Defaults to catalog.DefaultConfig.
	Catalog catalog.Config
	// Ledger are the settings of the ledger group. Defaults to ledger.DefaultConfig.
	Ledger ledger.Config
	// Missions are the settings of the progress group. Defaults to mission.DefaultConfig.
	Missions mission.Config

	// Kinds are the kinds of tasks of the deployment. Defaults to task.BuiltIn.
	Kinds task.Kinds

	// Verifier checks bearer tokens.
	Verifier *token.Verifier
	// Minter, where set, makes tokens for whoever asks from this machine. For `dev` only. Defaults to none.
	Minter *token.Minter
	// OpenHealth lets callers on this machine read health without a token. For `dev` only. Defaults to false.
	OpenHealth bool
	// Board, where set, turns on the live page at `/`. For `dev` only. Defaults to none.
	Board devviews.Board

	// Breaker, where set, lets editors on this machine break live traffic. For `dev` only. Defaults to none.
	Breaker devviews.Breaker

	// Simulator, where set, lets editors simulate missions. Defaults to none.
	Simulator missionviews.Simulator

	// Limits says how often one subject may ask. Defaults to no limits.
	Limits serve.Limits

	// Registerer takes the server's own metrics. Defaults to none.
	Registerer prometheus.Registerer
	// Gatherer is what /metrics shows. For `dev` only: elsewhere metrics are on the admin port. Defaults to none.
	Gatherer prometheus.Gatherer
	// Version is shown in the OpenAPI document. Defaults to "dev".
	Version string
	// Wait is how long `min_as_of` waits. Defaults to 5 s.
	Wait time.Duration
	// Log takes what went wrong inside. Defaults to slog.Default().
	Log *slog.Logger
	// Now tells wall time, for staleness. Defaults to time.Now.
	Now func() time.Time
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	if c.Topology == nil {
		errs = append(errs, errors.New("views: topology is missing"))
	} else {
		errs = append(errs, c.Tables.Validate(c.Topology))
	}
	if c.Indexes == nil {
		errs = append(errs, errors.New("views: the indexes are missing"))
	}
	if c.Settings.Window != 0 {
		errs = append(errs, c.Settings.Validate())
	}
	if c.Records == nil {
		errs = append(errs, errors.New("views: the reader of dead-letter records is missing"))
	}
	if c.Audit == nil {
		errs = append(errs, errors.New("views: the reader of the audit is missing"))
	}
	if c.Commands == nil {
		errs = append(errs, errors.New("views: the sender of commands is missing"))
	}
	if c.UserCommands == nil {
		errs = append(errs, errors.New("views: the sender of users' commands is missing"))
	}
	if c.LetterCommands == nil {
		errs = append(errs, errors.New("views: the sender of commands on dead letters is missing"))
	}
	if c.TaskCommands == nil {
		errs = append(errs, errors.New("views: the sender of commands on tasks is missing"))
	}
	errs = append(errs, c.Kinds.Validate())
	if c.Payments == nil {
		errs = append(errs, errors.New("views: the sender of payments is missing"))
	}
	if c.Intake.FutureBound != 0 {
		errs = append(errs, c.Intake.Validate())
	}
	if c.Ledger != (ledger.Config{}) {
		errs = append(errs, c.Ledger.Validate())
	}
	if c.Missions != (mission.Config{}) {
		errs = append(errs, c.Missions.Validate())
	}
	if c.Verifier == nil {
		errs = append(errs, errors.New("views: the token verifier is missing"))
	}
	errs = append(errs, c.Limits.Validate())
	if c.Wait < 0 || c.Wait > time.Minute {
		errs = append(errs, fmt.Errorf("views: wait %s: must be 0 to 1m", c.Wait))
	}
	return errors.Join(errs...)
}

// Server answers HTTP requests: it wires the rooms.
type Server struct {
	*serve.Kit
	config Config
	stop   stopFlag

	catalog  *catalogviews.Routes
	missions *missionviews.Routes
	rewards  *rewardviews.Routes
	health   *healthviews.Routes
	ledger   *ledgerviews.Routes
	audit    *auditviews.Routes
	letters  *deadletterviews.Routes
	tasks    *taskviews.Routes
	payments *paymentviews.Routes
	dev      *devviews.Routes
}

// New returns a server of c.
func New(c Config) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	if c.Signatures == nil {
		none, err := signature.NewVerifier(signature.Config{})
		if err != nil {
			return nil, err
		}
		c.Signatures = none
	}
	s := &Server{Kit: serve.New(c.kit(), apiConfig(c.Version, c.Log), c.Indexes.bad, c.Indexes.watchers), config: c}
	s.rooms()
	s.routes()
	if err := s.pages(); err != nil {
		return nil, err
	}
	s.Metrics.Routes(s.Mux.Patterns, s.API.OpenAPI())
	s.Metrics.Sources(c.Signatures.Sources())
	s.Measure(missionviews.NewGauges(s.missions), healthviews.NewGauges(s.health))
	return s, nil
}

// rooms makes the rooms and tells them of each other.
func (s *Server) rooms() {
	c, x := &s.config, s.config.Indexes
	s.catalog = &catalogviews.Routes{Kit: s.Kit, Index: x.definitions, Keys: x.keys, Missions: x.missions,
		Commands: c.Commands}
	s.rewards = &rewardviews.Routes{Kit: s.Kit, Commands: c.UserCommands}
	s.missions = &missionviews.Routes{Kit: s.Kit, Catalog: s.catalog, Rewards: s.rewards, Index: x.missions,
		Commands: c.UserCommands, Simulator: c.Simulator, Streams: missionviews.NewStreams()}
	s.health = healthviews.New(s.Kit, x.series, x.modes, c.Feed)
	s.ledger = &ledgerviews.Routes{Kit: s.Kit, Missions: s.missions}
	s.audit = &auditviews.Routes{Kit: s.Kit, Index: x.audit, Log: c.Audit}
	s.letters = &deadletterviews.Routes{Kit: s.Kit, Index: x.letters, Records: c.Records, Commands: c.LetterCommands,
		Kinds: c.Kinds}
	s.tasks = &taskviews.Routes{Kit: s.Kit, Kinds: c.Kinds, Index: x.tasks, Catalog: s.catalog,
		Commands: c.TaskCommands}
	s.payments = &paymentviews.Routes{Kit: s.Kit, Payments: c.Payments, Signatures: c.Signatures, Rules: c.Intake}
	s.dev = &devviews.Routes{Kit: s.Kit, Health: s.health, Missions: s.missions, Minter: c.Minter, Page: c.Board,
		Breaks: c.Breaker}
	s.Seats["health"], s.Seats["user"] = s.health.Listeners, s.missions.Streams.Users
	s.Kit.Config.Catalog.Find = s.missions.Find
}

// routes adds those of every room, in the order of the document.
func (s *Server) routes() {
	s.missions.RegisterReads()
	s.rewards.RegisterReads()
	s.missions.RegisterEnrolments()
	s.rewards.RegisterWrites()
	s.rewards.RegisterSpends()
	s.missions.RegisterStreams()
	s.ledger.RegisterExplanations()
	s.missions.RegisterAds()
	s.health.Register()
	s.ledger.Register()
	s.letters.Register()
	s.tasks.Register()
	s.catalog.RegisterInterventions()
	s.catalog.RegisterDefinitions()
	s.missions.RegisterPanel()
	s.missions.RegisterSimulations()
	s.audit.Register()
	s.payments.Register()
	s.probes()
	s.dev.Register()
}

// kit returns what rooms need of c.
func (c *Config) kit() serve.Config {
	return serve.Config{
		Topology: c.Topology, Tables: c.Tables, Settings: c.Settings, Catalog: c.Catalog, Ledger: c.Ledger,
		Missions: c.Missions, Verifier: c.Verifier,
		OpenHealth: c.OpenHealth, Limits: c.Limits, Registerer: c.Registerer, Wait: c.Wait, Log: c.Log, Now: c.Now,
	}
}

func (c Config) withDefaults() Config {
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Settings.Window == 0 {
		c.Settings = health.DefaultSettings()
	}
	if c.Ledger == (ledger.Config{}) {
		c.Ledger = ledger.DefaultConfig()
	}
	if c.Missions == (mission.Config{}) {
		c.Missions = mission.DefaultConfig()
	}
	if c.Catalog.Health.Window == 0 {
		c.Catalog = catalog.DefaultConfig()
	}
	if c.Intake.FutureBound == 0 {
		c.Intake = payment.DefaultConfig()
	}
	if c.Kinds == nil {
		c.Kinds = task.BuiltIn()
	}
	if c.Feed == nil {
		c.Feed = healthviews.NewFeed()
	}
	if c.Wait == 0 {
		c.Wait = serve.DefaultWait
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Handler returns the server's one handler.
func (s *Server) Handler() http.Handler {
	return s.Identify(s.Recover(serve.Secure(serve.Plain(s.Route(s.Mux.ServeMux)))))
}

func apiConfig(version string, log *slog.Logger) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Millrace", Version: version,
				License: &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
				Description: "Missions and payment health from one stream of payment events. Money is in minor units with its currency, times are RFC 3339 in UTC, " +
					"rates are fractions. Every error is a problem document with a stable `code`. Answers carry `as_of`; hand its token back as `min_as_of` to never read older state.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(serve.ComponentPrefix, schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					serve.BearerScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT",
						Description: "A token with sub, roles, iss, aud and exp; see `millrace token mint`."},
					paymentviews.WebhookScheme: {
						Type: "apiKey", In: "header", Name: signature.WebhookHeader,
						Description: "Standard Webhooks: with " + signature.IDHeader + " and " +
							signature.TimestampHeader +
							", and a secret that begins with whsec_; good for 5 minutes and for one call.",
					},
					paymentviews.SignatureScheme: {
						Type: "apiKey", In: "header", Name: signature.Header,
						Description: "t=UNIX-SECONDS,v1=HEX: the HMAC-SHA256 of t.body, with the secret of a source; good for 5 minutes and for one call.",
					},
				},
			},
			Servers: []*huma.Server{{URL: "/", Description: "The server that this document comes from"}},
			Tags: []*huma.Tag{
				{Name: serve.TagUsers, Description: "What a user sees. `me` stands for the token's subject."},
				{Name: serve.TagHealth, Description: "How banks and gateways do, from closed windows only."},
				{Name: paymentviews.TagRelay, Description: "Payment events from those who have no Kafka."},
				{Name: taskviews.TagTasks, Description: "Work for programs outside the pipeline."},
				{Name: serve.TagPanel, Description: "Look-ups for operators and support."},
				{Name: serve.TagServer, Description: "Is it alive, is it ready."},
			},
		},
		Formats:       map[string]huma.Format{"application/json": strictJSON(), "json": strictJSON()},
		DefaultFormat: "application/json",
		Transformers: []huma.Transformer{problem.Transformer(
			func(ctx huma.Context) string { return serve.RequestID(ctx.Context()) },
			func(ctx huma.Context, detail string) {
				log.ErrorContext(ctx.Context(), "a request failed", "request_id", serve.RequestID(ctx.Context()),
					"operation", ctx.Operation().OperationID, "error", detail)
			},
		)},
	}
}

// strictJSON reads bodies that say one thing only.
func strictJSON() huma.Format {
	f := huma.DefaultJSONFormat
	f.Unmarshal = func(b []byte, v any) error {
		if err := paymentcodec.CheckObject(b); err != nil {
			return err
		}
		return json.Unmarshal(b, v)
	}
	return f
}

// pages adds the web pages, the metrics and the document that describes all of it.
func (s *Server) pages() error {
	if s.config.Gatherer != nil {
		s.Mux.Handle("GET /metrics", promhttp.HandlerFor(s.config.Gatherer, promhttp.HandlerOpts{}))
	}
	files, err := page.New(page.Config{Live: s.config.Board != nil})
	if err != nil {
		return err
	}
	files.Register(s.Mux)
	return s.document()
}
