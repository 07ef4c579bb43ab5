package codecs

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/instant"
)

const erasureVersion = 1

// Fields of an erasure.
const (
	erasureUser = iota + 1
	erasureTransaction
	erasureAt
)

// Erasure is the codec of `erasures`.
type Erasure struct{}

// Encode returns r in binary; it never fails.
func (Erasure) Encode(r *erasure.Request) ([]byte, error) {
	w := wire.NewWriter(erasureVersion, 32)
	w.String(erasureUser, r.UserID)
	w.String(erasureTransaction, r.TransactionID)
	w.Int(erasureAt, int64(r.At))
	return w.B, nil
}

var errErasure = errors.New("erasure: names not exactly one of user and transaction")

// Decode reads what Encode wrote.
func (Erasure) Decode(b []byte) (*erasure.Request, error) {
	q := &erasure.Request{}
	r := wire.NewReader(string(b), erasureVersion)
	for r.Next() {
		switch r.Number() {
		case erasureUser:
			q.UserID = r.String()
		case erasureTransaction:
			q.TransactionID = r.String()
		case erasureAt:
			q.At = instant.Milli(r.Int())
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	if !q.Sound() {
		return nil, errErasure
	}
	return q, nil
}
