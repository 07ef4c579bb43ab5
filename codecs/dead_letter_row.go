package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/deadletter"
)

// DeadLetterRow is a stub.
type DeadLetterRow struct{}

func (DeadLetterRow) Encode(*deadletter.Row) ([]byte, error) { return nil, errors.ErrUnsupported }

func (DeadLetterRow) Decode([]byte) (*deadletter.Row, error) { return nil, errors.ErrUnsupported }
