package reward

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
)

const poolCodesVersion = 1

// PoolCodes is the codec of `pool-codes`.
type PoolCodes struct{}

// Encode returns c in binary; it never fails.
func (PoolCodes) Encode(c *budget.Codes) ([]byte, error) {
	return wire.Encode(wire.Writing(poolCodesVersion, 32+24*len(c.Codes)), c, poolCodesFields)
}

// Decode reads what Encode wrote.
func (PoolCodes) Decode(b []byte) (*budget.Codes, error) {
	return wire.Decode(wire.Reading(b, poolCodesVersion), "codes of a pool", poolCodesFields)
}

func poolCodesFields(f *wire.Fields, c *budget.Codes) {
	f.Text(1, &c.Pool)
	f.Texts(2, &c.Codes)
	f.Int(3, (*int64)(&c.At))
}
