package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/health"
)

// ClosedWindow is a stub.
type ClosedWindow struct{}

func (ClosedWindow) Encode(*health.ClosedWindow) ([]byte, error) { return nil, errors.ErrUnsupported }

func (ClosedWindow) Decode([]byte) (*health.ClosedWindow, error) { return nil, errors.ErrUnsupported }
