package views

import (
	"log/slog"
	"time"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Indexes are the orders that lists need and tables do not have. Whoever owns a table calls what Of its group returns
// for every row that the table's store takes in, recovery included, with a nil value for a row that is deleted. All
// methods are safe for concurrent use; calls for one key come in the order of its writes.
type Indexes struct {
	byGroup  map[string]func(key string, value []byte)
	catalog  stream.Group[*catalog.Row]
	audit    *auditIndex
	keys     *keyIndex
	missions *missionIndex
	// definitions are brands, ads, pools and reward templates.
	definitions *definitionIndex
	letters     *letterIndex
	series      *seriesIndex
	modes       *modeIndex
	watchers    tableWatchers
	bad         *badRows
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
	bad := newBadRows(log)
	reporting := func(table string) func(string, []byte, error) {
		return func(key string, value []byte, err error) { bad.report(table, key, value, err) }
	}
	x := &Indexes{
		catalog: t.Catalog, missions: newMissionIndex(), audit: newAuditIndex(t, bad.report), keys: newKeyIndex(),
		definitions: newDefinitionIndex(),
		letters:     newLetterIndex(t.DeadLetters.Row, reporting(string(t.DeadLetters.Table()))),
		series:      &seriesIndex{}, bad: bad, watchers: newTableWatchers(),
		modes: &modeIndex{codec: t.Routing.Row, bad: reporting(string(t.Routing.Table())), now: now, closing: map[string]lastClose{}},
	}
	x.byGroup = map[string]func(string, []byte){
		t.Progress.Name:    func(key string, _ []byte) { x.watchers.progress.changed(key) },
		t.Rewards.Name:     func(key string, _ []byte) { x.watchers.rewards.changed(key) },
		t.Health.Name:      x.series.update,
		t.Routing.Name:     x.modes.update,
		t.Catalog.Name:     x.takeEntity,
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
			x.bad.report(string(x.catalog.Table()), key, value, err)
			row = nil
		}
	}
	x.missions.take(key, row)
	x.definitions.take(key, row)
	x.keys.take(key, row)
	x.watchers.catalog.changed(key)
}

// Audit takes the next record of a partition of the audit; nil for a line that was erased.
func (x *Indexes) Audit(at AuditPlace, key string, value []byte) { x.audit.take(at, key, value) }

// AuditLoaded says that the audit was given as a whole, as far as it was there.
func (x *Indexes) AuditLoaded() { x.audit.load() }

// AuditReset says that the audit comes again from its beginning: its topics are others.
func (x *Indexes) AuditReset() { x.audit.reset() }

// takeLetter takes a row of the table of dead letters.
func (x *Indexes) takeLetter(key string, value []byte) {
	x.letters.update(key, value)
	x.watchers.letters.changed(key)
}
