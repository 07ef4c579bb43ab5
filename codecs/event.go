package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/payment"
)

// Event is a stub.
type Event struct{}

func (Event) Encode(*payment.Event) ([]byte, error) { return nil, errors.ErrUnsupported }

func (Event) Decode([]byte) (*payment.Event, error) { return nil, errors.ErrUnsupported }
