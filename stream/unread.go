package stream

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Unread remembers the rows of a looked-up table that could not be read, for an index that is kept as the table's store is written. Its
// zero value has none. It is safe for concurrent use.
type Unread struct {
	mu   sync.Mutex
	rows map[string]error
}

// Note says whether the row under a key could be read: err is why not, nil if it could or is gone.
func (u *Unread) Note(key string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err == nil {
		delete(u.rows, key)
		return
	}
	if u.rows == nil {
		u.rows = map[string]error{}
	}
	u.rows[key] = err
}

// Err returns what is wrong with the rows that could not be read, by key, nil if all could. table is what messages call it.
func (u *Unread) Err(table string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(u.rows)) {
		errs = append(errs, fmt.Errorf("%s row %s: %w", table, key, u.rows[key]))
	}
	return errors.Join(errs...)
}
