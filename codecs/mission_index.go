package codecs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/millrace/millrace/domain/mission"
)

// MissionIndex keeps a mission.Index as the catalog table has it: Set is the hook by which a transport, or a view, tells of
// every row written to the table. It is safe for concurrent use.
type MissionIndex struct {
	*mission.Index
	mu  sync.Mutex
	bad map[string]error
}

// NewMissionIndex returns an empty index.
func NewMissionIndex() *MissionIndex {
	return &MissionIndex{Index: mission.NewIndex(), bad: map[string]error{}}
}

// Set takes in the row kept under a key of the catalog table; nil means that it was deleted. A row that cannot be read
// leaves the mission as it was and shows in Err until the key is set to one that can.
func (x *MissionIndex) Set(key string, value []byte) {
	err := x.set(key, value)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err != nil {
		x.bad[key] = err
	} else {
		delete(x.bad, key)
	}
}

func (x *MissionIndex) set(key string, value []byte) error {
	if value == nil {
		x.Remove(key)
		return nil
	}
	row, err := CatalogRow{}.Decode(value)
	if err != nil {
		return err
	}
	current, ok := row.Current()
	if !ok {
		x.Remove(key)
		return nil
	}
	if problems := x.Put(key, &current); len(problems) > 0 {
		return problems
	}
	return nil
}

// Err returns what is wrong with the rows that could not be read, nil if all could.
func (x *MissionIndex) Err() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(x.bad)) {
		errs = append(errs, fmt.Errorf("catalog row %s: %w", key, x.bad[key]))
	}
	return errors.Join(errs...)
}
