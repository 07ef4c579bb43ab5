package health

import (
	"maps"
	"slices"
	"strings"
	"sync"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
)

// Index keeps the changes of settings, as the catalog's table has them. The transport calls Set for every row that it
// writes to the store of that table. Index is safe for concurrent use.
type Index struct {
	mu    sync.RWMutex
	rows  map[string]catalog.HealthSettings
	modes map[string][]health.Setting // never changed in place
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{rows: map[string]catalog.HealthSettings{}, modes: map[string][]health.Setting{}}
}

// Set applies a row of the catalog table; nil means that the row was deleted. Set returns an error for a row that it
// cannot read, and leaves the settings unchanged.
func (x *Index) Set(key string, value []byte) error {
	if !strings.HasPrefix(key, catalog.Key(catalog.KindHealthSetting, "")) { // another kind's
		return nil
	}
	var next catalog.HealthSettings
	if value != nil {
		row, err := catalogcodec.Row{}.Decode(value)
		if err != nil {
			return err
		}
		next, _ = row.Entity.(catalog.HealthSettings) // none as long as every command was refused
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	modes := []string{x.rows[key].Mode, next.Mode}
	x.rows[key] = next
	if len(next.Changes) == 0 {
		delete(x.rows, key)
	}
	for _, mode := range modes {
		x.collect(mode)
	}
	return nil
}

func (x *Index) collect(mode string) {
	var all []health.Setting
	for _, key := range slices.Sorted(maps.Keys(x.rows)) {
		if x.rows[key].Mode == mode {
			for _, c := range x.rows[key].Changes {
				all = health.File(all, c)
			}
		}
	}
	x.modes[mode] = all
}

// Changes returns what was changed for a mode, in the order of health.File.
func (x *Index) Changes(mode string) []health.Setting {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.modes[mode]
}
