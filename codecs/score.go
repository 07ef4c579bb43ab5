package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/health"
)

// Score is a stub.
type Score struct{}

func (Score) Encode(*health.Score) ([]byte, error) { return nil, errors.ErrUnsupported }

func (Score) Decode([]byte) (*health.Score, error) { return nil, errors.ErrUnsupported }
