package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/ledger"
)

// LedgerRow is a stub.
type LedgerRow struct{}

func (LedgerRow) Encode(*ledger.Row) ([]byte, error) { return nil, errors.ErrUnsupported }

func (LedgerRow) Decode([]byte) (*ledger.Row, error) { return nil, errors.ErrUnsupported }
