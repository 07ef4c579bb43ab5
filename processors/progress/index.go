package progress

import (
	"strings"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
)

// Index keeps the missions in force, as the catalog's table has them. The transport calls Set for every row that it
// writes to the store of that table. Index is safe for concurrent use.
type Index struct {
	missions *mission.Index
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{missions: mission.NewIndex()}
}

// Set applies a row of the catalog table; nil means that the row was deleted. Set returns an error for a row that it
// cannot read, and leaves the mission unchanged.
func (x *Index) Set(key string, value []byte) error {
	if !strings.HasPrefix(key, catalog.MissionKey("")) { // another kind's
		return nil
	}
	if value == nil {
		x.missions.Remove(key)
		return nil
	}
	row, err := catalogcodec.Row{}.Decode(value)
	if err != nil {
		return err
	}
	current, ok := row.Mission()
	if !ok {
		x.missions.Remove(key)
		return nil
	}
	if problems := x.missions.Put(key, &current); len(problems) > 0 {
		return problems
	}
	return nil
}

// Snapshot returns the missions as they are now.
func (x *Index) Snapshot() *mission.Snapshot { return x.missions.Snapshot() }
