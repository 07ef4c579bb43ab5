package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/health"
)

// StatusRecord is a stub.
type StatusRecord struct{}

func (StatusRecord) Encode(*health.StatusRecord) ([]byte, error) { return nil, errors.ErrUnsupported }

func (StatusRecord) Decode([]byte) (*health.StatusRecord, error) { return nil, errors.ErrUnsupported }
