package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/health"
)

// ModeRow is a stub.
type ModeRow struct{}

func (ModeRow) Encode(*health.ModeRow) ([]byte, error) { return nil, errors.ErrUnsupported }

func (ModeRow) Decode([]byte) (*health.ModeRow, error) { return nil, errors.ErrUnsupported }
