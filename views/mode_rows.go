package views

import (
	"bytes"
	"sync"

	"github.com/millrace/millrace/domain/health"
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
func (s *healthRoutes) modeRow(mode string) (*health.ModeRow, error) {
	value, err := s.sources.routing.Get(mode)
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
		row, err = decodedRow(s.kit, s.sources.routing, s.config.Topology.Routing, mode, value)
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
