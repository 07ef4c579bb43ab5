package erasure

import (
	"errors"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/erasure"
)

const erasureVersion = 1

// Request is the codec of `erasures`.
type Request struct{}

var errErasure = errors.New("erasure: names not exactly one of user and transaction, or a row of tasks without a user")

// Encode returns r in binary; it never fails.
func (Request) Encode(r *erasure.Request) ([]byte, error) {
	return wire.Encode(wire.Writing(erasureVersion, 32), r, erasureFields)
}

// Decode reads what Encode wrote.
func (Request) Decode(b []byte) (*erasure.Request, error) {
	r, err := wire.Decode(wire.Reading(b, erasureVersion), "erasure", erasureFields)
	if err == nil && !r.Sound() {
		return nil, errErasure
	}
	return r, err
}

func erasureFields(f *wire.Fields, r *erasure.Request) {
	f.Text(1, &r.UserID)
	f.Text(2, &r.TransactionID)
	f.Int(3, (*int64)(&r.At))
	f.Text(4, &r.TaskRow)
}
