package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/mission"
)

// UserRow is a stub.
type UserRow struct{}

func (UserRow) Encode(*mission.UserRow) ([]byte, error) { return nil, errors.ErrUnsupported }

func (UserRow) Decode([]byte) (*mission.UserRow, error) { return nil, errors.ErrUnsupported }
