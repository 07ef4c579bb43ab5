package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/ledger"
)

// JournalEntry is a stub.
type JournalEntry struct{}

func (JournalEntry) Encode(*ledger.JournalEntry) ([]byte, error) { return nil, errors.ErrUnsupported }

func (JournalEntry) Decode([]byte) (*ledger.JournalEntry, error) { return nil, errors.ErrUnsupported }
