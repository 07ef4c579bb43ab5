package health

import (
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
)

// SeriesIndex knows which mode/instrument/gateway has ever been seen, also before its first window closes. The health
// table holds thousands of closed windows between two of these keys.
type SeriesIndex struct {
	mu     sync.RWMutex
	keys   btree.Set[string]
	listed map[string][]health.Path // what paths has returned, by its argument, until keys change
}

// Update takes a row in, nil for one that is gone.
func (x *SeriesIndex) Update(key string, value []byte) {
	if _, _, _, ok := ledger.ParseKey(key); !ok {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	switch known := x.keys.Contains(key); {
	case value == nil && known:
		x.keys.Delete(key)
	case value != nil && !known:
		x.keys.Insert(key)
	default: // a series has a row for each attempt, and rows change all the time
		return
	}
	clear(x.listed)
}

// paths returns the series of one mode, or of all if mode is empty, in key order. They must not be changed.
func (x *SeriesIndex) paths(mode string) []health.Path {
	x.mu.RLock()
	listed, ok := x.listed[mode]
	x.mu.RUnlock()
	if ok {
		return listed
	}
	prefix := ""
	if mode != "" {
		prefix = modePrefix(mode)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	var paths []health.Path
	x.keys.Ascend(prefix, func(key string) bool {
		if !strings.HasPrefix(key, prefix) {
			return false
		}
		m, instrument, gateway, _ := ledger.ParseKey(key)
		paths = append(paths, health.Path{Mode: m, Instrument: instrument, Gateway: gateway})
		return true
	})
	if len(paths) > 0 { // or every name that a stranger asks for would stay
		if x.listed == nil {
			x.listed = map[string][]health.Path{}
		}
		x.listed[mode] = paths
	}
	return paths
}
