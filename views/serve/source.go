package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/asof"
	"github.com/millrace/millrace/views/problem"
)

// Rows are the local copy of a table's rows, all partitions together.
type Rows interface {
	// Get returns the encoded row of a key, nil if there is none. It must not be changed.
	Get(key string) ([]byte, error)
	// Ascend calls fn for each row from the first key >= from, in key order, until fn returns false.
	Ascend(from string, fn func(key string, value []byte) bool) error
	// Recovered tells whether the table was loaded up to the end of its changelog and is being followed.
	Recovered() bool
}

// Reach tells how much of its inputs a table reflects.
type Reach interface {
	// Known tells what a partition says of itself. Rows read after it are as new or newer.
	Known(partition int32) Known
	// Wait returns once every partition that at names reflects the offsets given by topic, or the context's error. The
	// table's own topic stands for its changelog.
	Wait(ctx context.Context, at map[int32]map[string]int64) error
	// Behind tells how long ago the table was last known to be complete.
	Behind() time.Duration
}

// Known is what a partition of a table says of itself.
type Known struct {
	// Inputs is the next offset of each input of the group; nil where the table does not say.
	Inputs map[string]int64
	// Watermark is the group's; zero where the table does not say.
	Watermark time.Time
}

// Table is one group table.
type Table struct {
	Rows  Rows
	Reach Reach
}

// Tables are the tables that the server reads, by the names of their groups.
type Tables map[string]Table

// Validate returns every problem, joined.
func (t Tables) Validate(top *topology.Topology) error {
	var errs []error
	for _, g := range top.Groups() {
		if table := t[g.Name]; g.Table != "" && (table.Rows == nil || table.Reach == nil) {
			errs = append(errs, fmt.Errorf("views: table of %s is missing", g.ID))
		}
	}
	return errors.Join(errs...)
}

// source is a table with the names under which others know it.
type source struct {
	Rows
	reach      Reach
	group      string
	Topic      string
	partitions int32
}

// sources are all tables, and those that are read by name.
type sources struct {
	All []*source

	Ledger, Progress, Budget, Rewards, Health, Routing, Catalog, Letters, Tasks *source
}

func newSources(t *topology.Topology, tables Tables) sources {
	byGroup := map[string]*source{}
	var out sources
	for _, g := range t.Groups() {
		if g.Table != "" {
			table := tables[g.Name]
			byGroup[g.Name] = &source{Rows: table.Rows, reach: table.Reach, group: g.Name, Topic: g.Table,
				partitions: t.Config.Partitions}
			out.All = append(out.All, byGroup[g.Name])
		}
	}
	out.Ledger, out.Progress, out.Budget, out.Rewards = byGroup[t.Ledger.Name], byGroup[t.Progress.Name],
		byGroup[t.Budget.Name], byGroup[t.Rewards.Name]
	out.Health, out.Routing, out.Catalog, out.Letters = byGroup[t.Health.Name], byGroup[t.Routing.Name],
		byGroup[t.Catalog.Name], byGroup[t.DeadLetters.Name]
	out.Tasks = byGroup[t.TaskQueues.Name]
	return out
}

// Stretch is what an answer is made of: some partitions of a table.
type Stretch struct {
	*source
	partitions []int32
}

// Holding returns the partition in which a key lies.
func (s *source) Holding(key string) Stretch {
	return Stretch{s, []int32{stream.Partition([]byte(key), s.partitions)}}
}

// Whole returns all partitions.
func (s *source) Whole() Stretch {
	all := make([]int32, s.partitions)
	for p := range all {
		all[p] = int32(p)
	}
	return Stretch{s, all}
}

// Fresh is the query of every read.
type Fresh struct {
	MinAsOf string `query:"min_as_of" maxLength:"65536" pattern:"^[A-Za-z0-9_-]+$" doc:"The token of an earlier as_of, of any read: the tables that it names reflect at least that much, or the answer is 503 after 5 s."`
}

// AsOf says how much of the input an answer reflects.
type AsOf struct {
	StreamTime *instant.Milli `json:"stream_time" format:"date-time" doc:"Event time that the answer reflects: the watermark of the group whose table answers, or, where it has none, the newest in the answer; null before the first event"`
	Token      string         `json:"token" doc:"Opaque; hand it back as min_as_of"`
	Stale      bool           `json:"stale,omitempty" doc:"The brokers have been away for 2 minutes or more: the answer is what was known then. Absent otherwise"`
}

// At waits for what the request asks, checks that the tables are there, and returns the position of the answer. It is
// taken before the rows are read, so the answer may be newer than it says, never older.
func (s *Kit) At(ctx context.Context, q Fresh, from ...Stretch) (AsOf, error) {
	if q.MinAsOf != "" {
		if err := s.await(ctx, q.MinAsOf); err != nil {
			return AsOf{}, err
		}
	}
	var as AsOf
	p := asof.Position{}
	for _, part := range from {
		if !part.Recovered() {
			return AsOf{}, Recovering("the table of " + part.group + " is being loaded")
		}
		as.Stale = as.Stale || part.reach.Behind() > StaleAfter
		inputs, watermark := part.Known()
		p[part.Topic] = inputs
		if watermark > 0 && (as.StreamTime == nil || watermark < *as.StreamTime) {
			as.StreamTime = &watermark
		}
	}
	as.Token = p.Encode()
	return as, nil
}

// Known returns the inputs of each partition that tells them, and the lowest watermark, 0 unless all tell it.
func (p Stretch) Known() (inputs map[int32]map[string]int64, watermark instant.Milli) {
	inputs = map[int32]map[string]int64{}
	for i, n := range p.partitions {
		known := p.reach.Known(n)
		if known.Inputs != nil {
			inputs[n] = known.Inputs
		}
		at := instant.Milli(0)
		if !known.Watermark.IsZero() {
			at = instant.Of(known.Watermark)
		}
		if i == 0 || at < watermark {
			watermark = at
		}
	}
	return inputs, watermark
}

// Stamped adds the newest time among the rows of the answer where no watermark is known.
func (a AsOf) Stamped(rows instant.Milli) AsOf {
	if a.StreamTime == nil && rows > 0 {
		a.StreamTime = &rows
	}
	return a
}

// await waits until every table that the token names has reached it, whichever of them will answer: a client may keep
// one token for all that it reads.
func (s *Kit) await(ctx context.Context, text string) error {
	const field = "/query/min_as_of"
	want, err := asof.Parse(text)
	if err != nil {
		return problem.Unreadable(field, "malformed", "not a token of an as_of")
	}
	tables := map[string]*source{}
	for _, src := range s.Sources.All {
		tables[src.Topic] = src
	}
	for topic, partitions := range want {
		for p := range partitions {
			if tables[topic] != nil && p >= tables[topic].partitions {
				delete(tables, topic)
			}
		}
		if tables[topic] == nil {
			return problem.Unreadable(field, "unknown_value", "a token of another deployment")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
	defer cancel()
	for topic, offsets := range want {
		if err := tables[topic].reach.Wait(ctx, offsets); err != nil {
			return Recovering("the tables have not reached min_as_of yet")
		}
	}
	return nil
}

const retryAfter = time.Second

// StaleAfter is the wall time after which answers admit that what they are made of is old.
const StaleAfter = 2 * time.Minute

// Recovering says that an answer cannot be given yet.
func Recovering(detail string) *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, problem.Recovering, detail).
		With("Retry-After", fmt.Sprint(int(retryAfter/time.Second)))
}

// Everything returns all partitions of all tables.
func (s *Kit) Everything() []Stretch {
	all := make([]Stretch, len(s.Sources.All))
	for i, src := range s.Sources.All {
		all[i] = src.Whole()
	}
	return all
}
