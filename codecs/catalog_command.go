package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/catalog"
)

// CatalogCommand is a stub.
type CatalogCommand struct{}

func (CatalogCommand) Encode(*catalog.Command) ([]byte, error) { return nil, errors.ErrUnsupported }

func (CatalogCommand) Decode([]byte) (*catalog.Command, error) { return nil, errors.ErrUnsupported }
