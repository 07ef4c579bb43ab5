package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/payment"
)

// Payments is a stub.
type Payments struct{}

func (Payments) Encode(*payment.Input) ([]byte, error) { return nil, errors.ErrUnsupported }

func (Payments) Decode([]byte) (*payment.Input, error) { return nil, errors.ErrUnsupported }
