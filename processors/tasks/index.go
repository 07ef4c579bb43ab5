package tasks

import (
	"strings"
	"sync"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
)

// Index keeps which kinds are paused, as the catalog's table has it: Set is the hook by which the transport tells of
// every row written to the store of that table. It is safe for concurrent use.
type Index struct {
	resumed func()

	mu     sync.RWMutex
	paused map[string]bool // by row key
}

// NewIndex returns an empty index. It calls resumed, which must not wait, when a kind goes on.
func NewIndex(resumed func()) *Index { return &Index{resumed: resumed, paused: map[string]bool{}} }

// Set takes in the row kept under a key of the catalog table; nil means that it was deleted. A row that cannot be read
// leaves the kind as it was, and is the error.
func (x *Index) Set(key string, value []byte) error {
	if !strings.HasPrefix(key, catalog.Key(catalog.KindTaskPause, "")) { // another kind's
		return nil
	}
	paused := false
	if value != nil {
		row, err := catalogcodec.Row{}.Decode(value)
		if err != nil {
			return err
		}
		pause, ok := row.Entity.(catalog.TaskPause)
		paused = ok && pause.Paused
	}
	if x.set(key, paused) && x.resumed != nil {
		x.resumed()
	}
	return nil
}

// set keeps whether the kind of a row is paused, and tells whether it goes on now.
func (x *Index) set(key string, paused bool) (resumed bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	resumed = x.paused[key] && !paused
	if paused {
		x.paused[key] = true
	} else {
		delete(x.paused, key)
	}
	return resumed
}

// Paused tells whether a kind is paused now.
func (x *Index) Paused(kind string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.paused[catalog.Key(catalog.KindTaskPause, kind)]
}
