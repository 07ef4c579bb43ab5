package views

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/asof"
	"github.com/millrace/millrace/views/problem"
)

// Rows are the local copy of a table's rows, all partitions together.
type Rows interface {
	// Get returns the encoded row of a key, which must not be changed.
	Get(key string) ([]byte, bool)
	// Ascend calls fn for each row from the first key >= from, in key order, until fn returns false.
	Ascend(from string, fn func(key string, value []byte) bool)
	// Recovered tells whether the table was loaded up to the end of its changelog and is being followed.
	Recovered() bool
}

// Offsets tell how far a table's changelog was read.
type Offsets interface {
	// Next returns the next offset by partition: everything below is in the table.
	Next() map[int32]int64
	// Wait returns once every partition that at names was read up to the offset given, or the context's error.
	Wait(ctx context.Context, at map[int32]int64) error
}

// Table is one group table.
type Table struct {
	Rows    Rows
	Offsets Offsets
}

// Tables are the tables that the server reads.
type Tables struct {
	Ledger, Progress, Health, Routing, Catalog, DeadLetters Table
}

func (t Tables) validate() error {
	var errs []error
	for name, table := range map[string]Table{
		"ledger": t.Ledger, "progress": t.Progress, "health": t.Health, "routing": t.Routing, "catalog": t.Catalog, "deadletters": t.DeadLetters,
	} {
		if table.Rows == nil || table.Offsets == nil {
			errs = append(errs, fmt.Errorf("views: table of %s is missing", name))
		}
	}
	return errors.Join(errs...)
}

// source is a table with the names under which others know it.
type source struct {
	Rows
	offsets Offsets
	group   string
	topic   string
}

func newSource(t Table, group string, topic string) *source {
	return &source{Rows: t.Rows, offsets: t.Offsets, group: group, topic: topic}
}

type sources struct {
	ledger, progress, health, routing, catalog, letters *source
}

func newSources(t *topology.Topology, tables Tables) sources {
	return sources{
		ledger:   newSource(tables.Ledger, t.Ledger.Name, string(t.Ledger.Table())),
		progress: newSource(tables.Progress, t.Progress.Name, string(t.Progress.Table())),
		health:   newSource(tables.Health, t.Health.Name, string(t.Health.Table())),
		routing:  newSource(tables.Routing, t.Routing.Name, string(t.Routing.Table())),
		catalog:  newSource(tables.Catalog, t.Catalog.Name, string(t.Catalog.Table())),
		letters:  newSource(tables.DeadLetters, t.DeadLetters.Name, string(t.DeadLetters.Table())),
	}
}

func (s sources) all() []*source {
	return []*source{s.ledger, s.progress, s.health, s.routing, s.catalog, s.letters}
}

// Fresh is the query of every read.
type Fresh struct {
	MinAsOf string `query:"min_as_of" maxLength:"65536" doc:"The token of an earlier as_of: the answer reflects at least that much, or is 503 after 5 s."`
}

// AsOf says how much of the input an answer reflects.
type AsOf struct {
	StreamTime *instant.Milli `json:"stream_time" format:"date-time" doc:"Event time that the answer reflects; null before the first event"`
	Token      string         `json:"token" doc:"Opaque; hand it back as min_as_of"`
}

// at waits for what the request asks, checks that the tables are there, and returns the position of the answer. It is taken
// before the rows are read, so the answer may be newer than it says, never older.
func (s *Server) at(ctx context.Context, q Fresh, from ...*source) (AsOf, error) {
	if q.MinAsOf != "" {
		if err := s.await(ctx, q.MinAsOf); err != nil {
			return AsOf{}, err
		}
	}
	p := asof.Position{}
	for _, src := range from {
		if !src.Recovered() {
			return AsOf{}, recovering("the table of " + src.group + " is being loaded")
		}
		p[src.topic] = src.offsets.Next()
	}
	return AsOf{Token: p.Encode()}, nil
}

// stamped adds the stream time: that of the groups where it is known, at least that of the rows in the answer.
func (s *Server) stamped(a AsOf, rows instant.Milli, from ...*source) AsOf {
	known := rows
	if s.config.Watermark != nil {
		for _, src := range from {
			known = max(known, instant.Of(s.config.Watermark(src.group)))
		}
	}
	if known > 0 {
		a.StreamTime = &known
	}
	return a
}

// await waits until every table that the token names has reached it.
func (s *Server) await(ctx context.Context, text string) error {
	want, err := asof.Parse(text)
	if err != nil {
		return problem.Invalid("/query/min_as_of", "malformed", "not a token of an as_of")
	}
	tables := map[string]*source{}
	for _, src := range s.sources.all() {
		tables[src.topic] = src
	}
	for topic := range want {
		if tables[topic] == nil {
			return problem.Invalid("/query/min_as_of", "unknown_value", "a token of another deployment")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Wait)
	defer cancel()
	for topic, offsets := range want {
		if err := tables[topic].offsets.Wait(ctx, offsets); err != nil {
			return recovering("the tables have not reached min_as_of yet")
		}
	}
	return nil
}

const retryAfter = time.Second

func recovering(detail string) *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, problem.Recovering, detail).
		With("Retry-After", fmt.Sprint(int(retryAfter/time.Second)))
}
