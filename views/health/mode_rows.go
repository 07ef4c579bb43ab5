package health

import (
	"bytes"
	"sync"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/views/serve"
)

// modeRows keeps the rows of modes decoded: every read of health needs one, and each changes a few times a minute.
// There are as many as modes.
type modeRows struct {
	mu   sync.RWMutex
	rows map[string]decodedMode
}

type decodedMode struct {
	value []byte // of which row was decoded
	row   *health.ModeRow
}

// modeRow returns the row of a mode as the table has it now, nil if it has none. It must not be changed.
func (s *Routes) modeRow(mode string) (*health.ModeRow, error) {
	value, err := s.Sources.Routing.Get(mode)
	if err != nil {
		return nil, err
	}
	c := &s.modeRows
	c.mu.RLock()
	known, ok := c.rows[mode]
	c.mu.RUnlock()
	if ok && value != nil && bytes.Equal(known.value, value) {
		return known.row, nil
	}
	var row *health.ModeRow
	if value != nil {
		row, err = serve.DecodedRow(s.Kit, s.Sources.Routing, s.Config.Topology.Routing, mode, value)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || row == nil {
		delete(c.rows, mode)
		return nil, err
	}
	c.rows[mode] = decodedMode{value, row}
	return row, nil
}
