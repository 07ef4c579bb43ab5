package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/ledger"
)

// Posting is a stub.
type Posting struct{}

func (Posting) Encode(*ledger.Posting) ([]byte, error) { return nil, errors.ErrUnsupported }

func (Posting) Decode([]byte) (*ledger.Posting, error) { return nil, errors.ErrUnsupported }
