package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/mission"
)

// Outcome is a stub.
type Outcome struct{}

func (Outcome) Encode(*mission.Outcome) ([]byte, error) { return nil, errors.ErrUnsupported }

func (Outcome) Decode([]byte) (*mission.Outcome, error) { return nil, errors.ErrUnsupported }
