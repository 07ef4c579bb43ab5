package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/health"
)

// HealthRow is a stub.
type HealthRow struct{}

func (HealthRow) Encode(*health.Row) ([]byte, error) { return nil, errors.ErrUnsupported }

func (HealthRow) Decode([]byte) (*health.Row, error) { return nil, errors.ErrUnsupported }
