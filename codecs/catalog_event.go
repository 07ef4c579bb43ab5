package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/catalog"
)

// CatalogEvent is a stub.
type CatalogEvent struct{}

func (CatalogEvent) Encode(*catalog.Event) ([]byte, error) { return nil, errors.ErrUnsupported }

func (CatalogEvent) Decode([]byte) (*catalog.Event, error) { return nil, errors.ErrUnsupported }
