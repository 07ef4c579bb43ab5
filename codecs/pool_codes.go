package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
)

const poolCodesVersion = 1

// Fields of codes for a pool.
const (
	codesPool = iota + 1
	codesCode
	codesAt
)

// PoolCodes is the codec of `pool-codes`.
type PoolCodes struct{}

// Encode returns c in binary; it never fails.
func (PoolCodes) Encode(c *budget.Codes) ([]byte, error) {
	w := wire.NewWriter(poolCodesVersion, 32+24*len(c.Codes))
	w.String(codesPool, c.Pool)
	for _, code := range c.Codes {
		w.Element(codesCode, code)
	}
	w.Int(codesAt, int64(c.At))
	return w.B, nil
}

// Decode reads what Encode wrote.
func (PoolCodes) Decode(b []byte) (*budget.Codes, error) {
	c := &budget.Codes{}
	r := wire.NewReader(string(b), poolCodesVersion)
	for r.Next() {
		switch r.Number() {
		case codesPool:
			c.Pool = r.String()
		case codesCode:
			c.Codes = append(c.Codes, r.String())
		case codesAt:
			c.At = instant.Milli(r.Int())
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("codes of a pool: %w", err)
	}
	return c, nil
}
