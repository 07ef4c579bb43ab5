// Package config is the configuration of the millrace binary: defaults, then millrace.yaml, then the context of client
// commands, then MILLRACE_* variables, then flags. It is validated as a whole, with every problem listed.
package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/token"
)

// Config is everything that can be set. Field tags give the names in millrace.yaml; the variable of `http.listen` is
// MILLRACE_HTTP_LISTEN.
type Config struct {
	// Brokers are the Kafka bootstrap addresses. Defaults to 127.0.0.1:19092, where `millrace dev` listens.
	Brokers []string `yaml:"brokers"`
	// Server is the base URL that client commands talk to. Defaults to http://127.0.0.1:8080, where `millrace dev`
	// listens.
	Server string `yaml:"server"`
	// TokenFile is a file with the token that client commands send to Server; MILLRACE_TOKEN and --token go before it.
	// Defaults to none: a `millrace dev` on this machine signs one.
	TokenFile string `yaml:"token_file"`
	// ClientID names this process to the brokers. Defaults to millrace.
	ClientID string `yaml:"client_id"`
	// Prefix is put before every topic and group name. Defaults to none.
	Prefix string `yaml:"prefix"`
	// Partitions of every topic. Defaults to 12; `dev` has 4.
	Partitions int32 `yaml:"partitions"`
	// Replication factor of every topic. Defaults to 3; `dev` has 1.
	Replication int16 `yaml:"replication"`

	Kafka    Kafka    `yaml:"kafka"`
	Run      Run      `yaml:"run"`
	HTTP     HTTP     `yaml:"http"`
	Log      Log      `yaml:"log"`
	Auth     Auth     `yaml:"auth"`
	Rate     Rate     `yaml:"rate"`
	Relay    Relay    `yaml:"relay"`
	Intake   Intake   `yaml:"intake"`
	Ledger   Ledger   `yaml:"ledger"`
	Progress Progress `yaml:"progress"`
	Health   Health   `yaml:"health"`
	Trace    Trace    `yaml:"trace"`
	Audit    Audit    `yaml:"audit"`
	Approval Approval `yaml:"approval"`
	// Triggers are the events that make tasks. Defaults to none.
	Triggers []Trigger `yaml:"triggers"`
	Tasks    Tasks     `yaml:"tasks"`
}

// Run says how `run` runs its groups.
type Run struct {
	// Slot tells the processes that run the same group apart: each needs its own, and keeps it over restarts. Whoever
	// starts with a slot takes it over. Defaults to 0.
	Slot int32 `yaml:"slot"`
	// Data is the directory in which tables are kept, so that a restart need not load them from Kafka; what is lost
	// there is loaded. Defaults to .millrace.
	Data string `yaml:"data"`
	// Drain makes a stop leave the groups: their partitions go to the other processes at once. Defaults to false: they
	// wait for this slot to come back, as in a rolling restart.
	Drain bool `yaml:"drain"`
}

// HTTP says where to listen.
type HTTP struct {
	// Listen is the address of `serve`. Defaults to 127.0.0.1:8080.
	Listen string `yaml:"listen"`
	// Data is the directory in which `serve` keeps its copies of the tables, so that a restart need not load them from
	// Kafka; one server at a time. It may be that of `run`. Defaults to none: they are in memory.
	Data string `yaml:"data"`
	// Admin is the address of /metrics, /livez and /readyz of `run` and `serve`; every process of a machine needs its
	// own. Whoever reaches it sees the metrics without a token. Defaults to 127.0.0.1:9464.
	Admin string `yaml:"admin"`
}

// Log says how to log; logs go to standard error.
type Log struct {
	// Level is debug, info, warn or error. Defaults to info.
	Level string `yaml:"level"`
	// Format is text or json. Defaults to text.
	Format string `yaml:"format"`
}

// LogLevels returns the levels of Log.
func LogLevels() []string { return []string{"debug", "info", "warn", "error"} }

// Intake are the settings of the intake group.
type Intake struct {
	// FutureBound is how far past its append time an event may be. Defaults to 5m.
	FutureBound time.Duration `yaml:"future_bound"`
	// HealthInstruments names, per mode, the fields that are the instrument of payment health, such as instrument or
	// attributes.app. A mode that is not listed uses instrument.
	HealthInstruments map[string][]string `yaml:"health_instruments"`
	// DeclineCodes adds to or overrides the shipped table: code -> technical or business.
	DeclineCodes map[string]string `yaml:"decline_codes"`
}

// Ledger are the settings of the ledger group.
type Ledger struct {
	// PendingTimeout is how long a payment may stay pending before it counts as timed out. Defaults to 5m.
	PendingTimeout time.Duration `yaml:"pending_timeout"`
	// Retention is how long after its last event a transaction is kept, and so how far a refund or chargeback may lag
	// behind its payment: 12960h for 540 days. At least progress.reorder_horizon. Defaults to 2160h, 90 days.
	Retention time.Duration `yaml:"retention"`
}

// Progress are the settings of the progress group.
type Progress struct {
	// ReorderHorizon is how long postings are kept to be applied to missions known later. Defaults to 24h.
	ReorderHorizon time.Duration `yaml:"reorder_horizon"`
}

// Health are the settings of the health and routing groups.
type Health struct {
	// Window is the size of a health window. Defaults to 1m.
	Window time.Duration `yaml:"window"`
	// Advance is how far apart windows start, for windows that overlap; window must be a multiple of it. Defaults to
	// 0s: they do not overlap.
	Advance time.Duration `yaml:"advance"`
	// Grace is how long a window stays open past its end. Defaults to 10s.
	Grace time.Duration `yaml:"grace"`
	// IdleAfter is how long a partition must be without records before wall time closes its windows. Defaults to 5s.
	IdleAfter time.Duration `yaml:"idle_after"`
	// CountTimeouts tells whether payments that never ended count against a bank. Defaults to true.
	CountTimeouts bool `yaml:"count_timeouts"`
	// Probing lets what is down come back by probes, rather than by scores alone. Defaults to false.
	Probing bool `yaml:"probing"`
	// Policy says how traffic is divided between gateways: proportional or best. Defaults to proportional.
	Policy string `yaml:"policy"`
}

// Audit says how `serve` checks that money is conserved, and how long it stays known who did what.
type Audit struct {
	// Every is the pause between two looks at the money; 0s: this server does not look. One server of a deployment is
	// enough. Defaults to 5s.
	Every time.Duration `yaml:"every"`
	// Retention is how long the topics audit and audit-users keep a line, at least 8760h, a year; 0s: without limit. It
	// holds when `topics apply` creates them. Defaults to 61320h, 7 years.
	Retention time.Duration `yaml:"retention"`
}

// Trace says where spans of closed windows and of changes of status go.
type Trace struct {
	// Endpoint is the URL of an OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318.
	// Defaults to none: no spans.
	Endpoint string `yaml:"endpoint"`
}

// Default returns the defaults.
func Default() Config {
	t := topology.DefaultConfig()
	return Config{
		Brokers: []string{"127.0.0.1:19092"}, Server: "http://127.0.0.1:8080", ClientID: "millrace",
		Partitions: t.Partitions, Replication: t.Replication,
		Kafka: Kafka{Compression: "snappy"},
		Run:   Run{Data: ".millrace"},
		HTTP:  HTTP{Listen: "127.0.0.1:8080", Admin: "127.0.0.1:9464"},
		Log:   Log{Level: "info", Format: "text"},
		Auth: Auth{Issuer: "millrace", Audience: "millrace", JWKSRefresh: token.DefaultRefresh,
			Leeway: 10 * time.Second},
		Rate:     defaultRate(),
		Intake:   Intake{FutureBound: 5 * time.Minute},
		Ledger:   Ledger{PendingTimeout: 5 * time.Minute, Retention: 90 * 24 * time.Hour},
		Progress: Progress{ReorderHorizon: 24 * time.Hour},
		Health: Health{Window: time.Minute, Grace: 10 * time.Second, IdleAfter: 5 * time.Second, CountTimeouts: true,
			Policy: "proportional"},
		Audit:    Audit{Every: 5 * time.Second, Retention: t.AuditRetention},
		Approval: defaultApproval(),
		Tasks:    defaultTasks(),
	}
}

// Topology returns the topology part.
func (c Config) Topology() topology.Config {
	return topology.Config{Prefix: c.Prefix, Partitions: c.Partitions, Replication: c.Replication,
		AuditRetention: c.Audit.Retention}
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	errs := []error{c.Topology().Validate(), c.Kafka.validate(), c.Limits().Validate(),
		c.Approval.Thresholds().Validate(), c.validateWorker()}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		bad("brokers: at least one is needed")
	}
	for _, b := range c.Brokers {
		if !isAddress(b) {
			bad("brokers: %q is not host:port, such as 127.0.0.1:9092", b)
		}
	}
	if u, err := url.Parse(c.Server); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		bad("server: %q is not an http or https URL", c.Server)
	}
	for _, listen := range []struct{ name, addr string }{{"http.listen", c.HTTP.Listen}, {"http.admin", c.HTTP.Admin}} {
		if _, _, err := net.SplitHostPort(listen.addr); err != nil {
			bad("%s: %q is not host:port", listen.name, listen.addr)
		}
	}
	if u, err := url.Parse(c.Trace.Endpoint); c.Trace.Endpoint != "" &&
		(err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
		bad("trace.endpoint: %q is not an http or https URL", c.Trace.Endpoint)
	}
	if c.Run.Slot < 0 {
		bad("run.slot: %d must not be negative", c.Run.Slot)
	}
	if c.Run.Data == "" {
		bad("run.data: a directory is needed")
	}
	if !oneOf(c.Log.Level, LogLevels()...) {
		bad("log.level: %q is not %s", c.Log.Level, problem.AnyOf(LogLevels()))
	}
	if !oneOf(c.Log.Format, "text", "json") {
		bad("log.format: %q is not text or json", c.Log.Format)
	}
	for _, code := range slices.Sorted(maps.Keys(c.Intake.DeclineCodes)) {
		if class := c.Intake.DeclineCodes[code]; !oneOf(class, payment.Declines()...) {
			bad("intake.decline_codes: %q is %q, not %s", code, class, strings.Join(payment.Declines(), " or "))
		}
	}
	c.Auth.validate(bad)
	c.validateDurations(bad)
	return errors.Join(errs...)
}

func (c Config) validateDurations(bad func(string, ...any)) {
	positive := []struct {
		name string
		d    time.Duration
	}{
		{"intake.future_bound", c.Intake.FutureBound}, {"ledger.pending_timeout", c.Ledger.PendingTimeout},
		{"ledger.retention", c.Ledger.Retention}, {"progress.reorder_horizon", c.Progress.ReorderHorizon},
		{"health.window", c.Health.Window}, {"health.idle_after", c.Health.IdleAfter},
	}
	for _, p := range positive {
		if p.d < time.Millisecond {
			bad("%s: %v must be at least 1ms", p.name, p.d)
		}
	}
	// progress would still know the payment, and take its next life for a repetition
	if c.Ledger.Retention < c.Progress.ReorderHorizon {
		bad("ledger.retention: %v must be at least progress.reorder_horizon, %v", c.Ledger.Retention,
			c.Progress.ReorderHorizon)
	}
	if c.Audit.Every < 0 {
		bad("audit.every: %v must not be negative", c.Audit.Every)
	}
	if c.Health.Grace < 0 {
		bad("health.grace: %v must not be negative", c.Health.Grace)
	}
	if a := c.Health.Advance; a < 0 || a > 0 && c.Health.Window%a != 0 {
		bad("health.advance: %v must be 0s or a part of health.window, %v", a, c.Health.Window)
	}
}

func oneOf(s string, of ...string) bool {
	for _, o := range of {
		if strings.EqualFold(s, o) {
			return true
		}
	}
	return false
}

// isAddress tells whether a text is the address of a broker: a host, and a port from 1 to 65535.
func isAddress(s string) bool {
	host, port, err := net.SplitHostPort(s)
	n, notANumber := strconv.ParseUint(port, 10, 16)
	return err == nil && notANumber == nil && host != "" && n > 0
}
