package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/health"
)

// WindowRecord is a stub.
type WindowRecord struct{}

func (WindowRecord) Encode(*health.WindowRecord) ([]byte, error) { return nil, errors.ErrUnsupported }

func (WindowRecord) Decode([]byte) (*health.WindowRecord, error) { return nil, errors.ErrUnsupported }
