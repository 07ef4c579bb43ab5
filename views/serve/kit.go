package serve

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

// Config says what the routes of every room read from and who may ask. All of it is set.
type Config struct {
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

// Kit is what the routes of every room stand on: the tables, the API that they are added to, who may ask and how often,
// and what is measured.
type Kit struct {
	Config   Config
	Sources  sources
	Mux      *routes
	API      huma.API
	Metrics  *metrics
	Limiters *limiters
	Bad      *BadRows
	Watchers TableWatchers
	// Seats are those of streams, by kind.
	Seats map[string]*Seats
}

// New returns one whose API has no operations yet. bad and watchers are those that the indexes tell.
func New(c Config, api huma.Config, bad *BadRows, watchers TableWatchers) *Kit {
	s := &Kit{Config: c, Sources: newSources(c.Topology, c.Tables), Mux: &routes{ServeMux: http.NewServeMux()},
		Metrics: newMetrics(), Bad: bad, Watchers: watchers, Seats: map[string]*Seats{}}
	s.Limiters = newLimiters(c.Limits, c.Now, s.Metrics.limited)
	s.measureKeys()
	s.API = humago.New(s.Mux, api)
	return s
}
