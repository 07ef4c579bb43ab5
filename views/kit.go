package views

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/token"
)

// kitConfig says what the routes of every room read from and who may ask. All of it is set.
type kitConfig struct {
	// Topology names the tables and decodes their rows.
	Topology *topology.Topology
	// Tables are the local copies of the group tables.
	Tables Tables
	// Settings, Catalog, Ledger and Missions are those of the groups.
	Settings health.Settings
	Catalog  catalog.Config
	Ledger   ledger.Config
	Missions mission.Config
	// Verifier checks bearer tokens.
	Verifier *token.Verifier
	// OpenHealth lets callers on this machine read health without a token.
	OpenHealth bool
	// Limits says how often one subject may ask.
	Limits Limits
	// Registerer takes the server's own metrics; nil: nobody does.
	Registerer prometheus.Registerer
	// Wait is how long a read waits for min_as_of, and a write for its verdict.
	Wait time.Duration
	// Log takes what went wrong inside.
	Log *slog.Logger
	// Now tells wall time, for staleness.
	Now func() time.Time
}

// kit is what the routes of every room stand on: the tables, the API that they are added to, who may ask and how often,
// and what is measured.
type kit struct {
	config   kitConfig
	sources  sources
	mux      *routes
	api      huma.API
	metrics  *metrics
	limiters *limiters
	bad      *badRows
	watchers tableWatchers
	// seats are those of streams, by kind.
	seats map[string]*seats
}

// newKit returns one whose API has no operations yet. bad and watchers are those that the indexes tell.
func newKit(c kitConfig, api huma.Config, bad *badRows, watchers tableWatchers) *kit {
	s := &kit{config: c, sources: newSources(c.Topology, c.Tables), mux: &routes{ServeMux: http.NewServeMux()}, metrics: newMetrics(), bad: bad, watchers: watchers, seats: map[string]*seats{}}
	s.limiters = newLimiters(c.Limits, c.Now, s.metrics.limited)
	s.measureKeys()
	s.api = humago.New(s.mux, api)
	return s
}
