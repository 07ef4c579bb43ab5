package views

import (
	"log/slog"
	"time"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
	auditviews "github.com/millrace/millrace/views/audit"
	catalogviews "github.com/millrace/millrace/views/catalog"
	deadletterviews "github.com/millrace/millrace/views/deadletter"
	healthviews "github.com/millrace/millrace/views/health"
	missionviews "github.com/millrace/millrace/views/mission"
	"github.com/millrace/millrace/views/serve"
	taskviews "github.com/millrace/millrace/views/task"
)

// Indexes are the orders that lists need and tables do not have. Whoever owns a table calls what Of its group returns
// for every row that the table's store takes in, recovery included, with a nil value for a row that is deleted. All
// methods are safe for concurrent use; calls for one key come in the order of its writes.
type Indexes struct {
	byGroup  map[string]func(key string, value []byte)
	catalog  stream.Group[*catalog.Row]
	audit    *auditviews.Index
	keys     *catalogviews.KeyIndex
	missions *missionviews.Index
	// definitions are brands, ads, pools and reward templates.
	definitions *catalogviews.DefinitionIndex
	letters     *deadletterviews.Index
	tasks       *taskviews.Index
	series      *healthviews.SeriesIndex
	modes       *healthviews.ModeIndex
	watchers    serve.TableWatchers
	bad         *serve.BadRows
}

// NewIndexes returns empty indexes. now tells wall time; nil is time.Now. log is told once of each row that cannot be
// decoded; nil is slog.Default().
func NewIndexes(t *topology.Topology, now func() time.Time, log *slog.Logger) *Indexes {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.Default()
	}
	bad := serve.NewBadRows(log)
	reporting := func(table string) func(string, []byte, error) {
		return func(key string, value []byte, err error) { bad.Report(table, key, value, err) }
	}
	x := &Indexes{
		catalog: t.Catalog, missions: missionviews.NewIndex(), audit: auditviews.NewIndex(t, bad.Report),
		keys:        catalogviews.NewKeyIndex(),
		definitions: catalogviews.NewDefinitionIndex(),
		letters:     deadletterviews.NewIndex(t.DeadLetters.Row, reporting(string(t.DeadLetters.Table()))),
		tasks:       taskviews.NewIndex(t.TaskQueues.Row, reporting(string(t.TaskQueues.Table()))),
		series:      &healthviews.SeriesIndex{}, bad: bad, watchers: serve.NewTableWatchers(),
		modes: &healthviews.ModeIndex{Codec: t.Routing.Row, Bad: reporting(string(t.Routing.Table())), Now: now,
			Closing: map[string]healthviews.LastClose{}},
	}
	x.byGroup = map[string]func(string, []byte){
		t.Progress.Name:    func(key string, _ []byte) { x.watchers.Progress.Changed(key) },
		t.Rewards.Name:     func(key string, _ []byte) { x.watchers.Rewards.Changed(key) },
		t.Health.Name:      x.series.Update,
		t.Routing.Name:     x.modes.Update,
		t.Catalog.Name:     x.takeEntity,
		t.TaskQueues.Name:  x.takeTasks,
		t.DeadLetters.Name: x.takeLetter,
	}
	return x
}

// Of returns what takes the rows of a group's table; nil if no list needs them.
func (x *Indexes) Of(group string) func(key string, value []byte) { return x.byGroup[group] }

// takeEntity takes a row of the catalog table. One that cannot be decoded is as good as gone for the lists.
func (x *Indexes) takeEntity(key string, value []byte) {
	var row *catalog.Row
	if value != nil {
		var err error
		if row, err = x.catalog.Row.Decode(value); err != nil {
			x.bad.Report(string(x.catalog.Table()), key, value, err)
			row = nil
		}
	}
	x.missions.Take(key, row)
	x.definitions.Take(key, row)
	x.keys.Take(key, row)
	x.watchers.Catalog.Changed(key)
}

// Audit takes the next record of a partition of the audit; nil for a line that was erased.
func (x *Indexes) Audit(at auditviews.AuditPlace, key string, value []byte) {
	x.audit.Take(at, key, value)
}

// AuditLoaded says that the audit was given as a whole, as far as it was there.
func (x *Indexes) AuditLoaded() { x.audit.Load() }

// AuditReset says that the audit comes again from its beginning: its topics are others.
func (x *Indexes) AuditReset() { x.audit.Reset() }

// TaskNeeds returns what the keys of tasks wait for at now.
func (x *Indexes) TaskNeeds(now instant.Milli) []taskviews.Needs { return x.tasks.Needs(now) }

// takeTasks takes a row of the table of tasks.
func (x *Indexes) takeTasks(key string, value []byte) {
	x.tasks.Update(key, value)
	x.watchers.Tasks.Changed(key)
}

// takeLetter takes a row of the table of dead letters.
func (x *Indexes) takeLetter(key string, value []byte) {
	x.letters.Update(key, value)
	x.watchers.Letters.Changed(key)
}
