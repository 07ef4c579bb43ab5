package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/catalog"
)

// CatalogRow is a stub.
type CatalogRow struct{}

func (CatalogRow) Encode(*catalog.Row) ([]byte, error) { return nil, errors.ErrUnsupported }

func (CatalogRow) Decode([]byte) (*catalog.Row, error) { return nil, errors.ErrUnsupported }
