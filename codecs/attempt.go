package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/ledger"
)

// Attempt is a stub.
type Attempt struct{}

func (Attempt) Encode(*ledger.Attempt) ([]byte, error) { return nil, errors.ErrUnsupported }

func (Attempt) Decode([]byte) (*ledger.Attempt, error) { return nil, errors.ErrUnsupported }
