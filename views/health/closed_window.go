package health

import (
	"bytes"
	"cmp"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// ClosedWindow is a closed window as it is published. Its JSON is made once and kept: each is shown many times, and
// changes with a correction at most.
type ClosedWindow struct {
	end     instant.Milli
	gateway string
	text    []byte
}

// MarshalJSON implements json.Marshaler.
func (w ClosedWindow) MarshalJSON() ([]byte, error) { return w.text, nil }

// newestFirst orders windows by end, then by gateway.
func newestFirst(a, b ClosedWindow) int {
	return cmp.Or(cmp.Compare(b.end, a.end), cmp.Compare(a.gateway, b.gateway))
}

// Schema implements huma.SchemaProvider.
func (ClosedWindow) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[healthcodec.WindowRecordJSON](), true, "")
}

// closedWindows keeps closed windows ready to be shown. What scores look back on stays small; maxClosedWindows bounds
// what has piled up of windows that nobody asks for any more.
type closedWindows struct {
	mu   sync.RWMutex
	rows map[string]keptWindow // by row key
}

type keptWindow struct {
	value  []byte // of which row it was made
	window ClosedWindow
}

const maxClosedWindows = 50_000

// closedWindow returns the closed window kept under a key of the health table, false if there is none: it may still be
// on its way to its row.
func (s *Routes) closedWindow(key string) (ClosedWindow, bool, error) {
	value, err := s.Sources.Health.Get(key)
	if err != nil || value == nil {
		return ClosedWindow{}, false, err
	}
	c := &s.closedWindows
	c.mu.RLock()
	known, ok := c.rows[key]
	c.mu.RUnlock()
	if ok && bytes.Equal(known.value, value) {
		return known.window, true, nil
	}
	row, err := serve.DecodedRow(s.Kit, s.Sources.Health, s.Config.Topology.Health, key, value)
	if err != nil {
		return ClosedWindow{}, false, err
	}
	record := row.Record()
	if record == nil {
		return ClosedWindow{}, false, nil
	}
	window, err := ClosedWindowOf(record)
	if err != nil {
		return ClosedWindow{}, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rows) >= maxClosedWindows {
		clear(c.rows)
	}
	c.rows[key] = keptWindow{bytes.Clone(value), window} // the table's own holds on to what lies around it
	return window, true, nil
}

// ClosedWindowOf returns a window as it is published.
func ClosedWindowOf(r *health.WindowRecord) (ClosedWindow, error) {
	text, err := healthcodec.WindowRecord{}.Encode(r)
	return ClosedWindow{r.End, r.Gateway, text}, err
}
