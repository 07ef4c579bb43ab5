package ledger

import (
	"slices"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/ledger"
)

const postingVersion = 1

// Posting is the codec of `postings`.
type Posting struct{}

// Encode returns p in binary; it never fails.
func (Posting) Encode(p *ledger.Posting) ([]byte, error) {
	f := wire.Writing(postingVersion, 256)
	postingFields(&f, p)
	return f.Body(), nil
}

// Decode reads what Encode wrote.
func (Posting) Decode(b []byte) (*ledger.Posting, error) {
	p := &ledger.Posting{}
	f := wire.Reading(b, postingVersion)
	for f.Next() {
		postingFields(&f, p)
	}
	return wire.Decoded(p, "posting", &f)
}

func postingFields(f *wire.Fields, p *ledger.Posting) {
	for range f.Message(1) {
		factsFields(f, &p.Facts)
	}
	for range f.Message(2) {
		paymentcodec.OriginFields(f, &p.Origin)
	}
	f.Byte(3, (*uint8)(&p.Kind))
	f.Text(4, &p.EventID)
	f.Int(5, &p.Seq)
	f.Int(6, &p.NetBefore)
	f.Int(7, &p.NetAfter)
	f.Int(8, (*int64)(&p.At))
	if !f.Writes() && !f.At(9) {
		return
	}
	// what the posting says of its cause, so after the fields above
	base := ledger.Cause{Facts: p.Facts, ID: p.EventID, UpdatedAt: p.At}
	causeField(f, 9, &p.Cause, &base)
}

// causeField is the difference of a cause from base.
func causeField(f *wire.Fields, n wire.Number, c, base *ledger.Cause) {
	if f.At(n) {
		*c = *base
		c.Attributes = slices.Clip(base.Attributes) // what is appended never goes into the base's
	}
	for range f.Message(n) {
		causeFields(f, c, base)
	}
}
