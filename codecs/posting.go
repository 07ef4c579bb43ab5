package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

const postingVersion = 1

// Fields of a posting.
const (
	postingFacts = iota + 1
	postingOrigin
	postingKind
	postingEvent
	postingSeq
	postingNetBefore
	postingNetAfter
	postingAt
	postingCause // the difference from what the fields above say, so after them
)

// Posting is the codec of `postings`.
type Posting struct{}

// Encode returns p in binary; it never fails.
func (Posting) Encode(p *ledger.Posting) ([]byte, error) {
	w := wire.NewWriter(postingVersion, 256)
	w.Message(postingFacts, func(w *wire.Writer) { writeFacts(w, &p.Facts) })
	w.Message(postingOrigin, func(w *wire.Writer) { writeOrigin(w, &p.Origin) })
	w.Uint(postingKind, uint64(p.Kind))
	w.String(postingEvent, p.EventID)
	w.Int(postingSeq, p.Seq)
	w.Int(postingNetBefore, p.NetBefore)
	w.Int(postingNetAfter, p.NetAfter)
	w.Int(postingAt, int64(p.At))
	w.Message(postingCause, func(w *wire.Writer) {
		base := postingBase(p)
		writeCause(w, &p.Cause, &base)
	})
	return w.B, nil
}

// Decode reads what Encode wrote.
func (Posting) Decode(b []byte) (*ledger.Posting, error) {
	p := &ledger.Posting{}
	r := wire.NewReader(string(b), postingVersion)
	for r.Next() {
		switch r.Number() {
		case postingFacts:
			readFacts(&p.Facts, &r)
		case postingOrigin:
			decodeEventOrigin(&p.Origin, &r)
		case postingKind:
			p.Kind = ledger.PostingKind(r.Uint())
		case postingEvent:
			p.EventID = r.String()
		case postingSeq:
			p.Seq = r.Int()
		case postingNetBefore:
			p.NetBefore = r.Int()
		case postingNetAfter:
			p.NetAfter = r.Int()
		case postingAt:
			p.At = instant.Milli(r.Int())
		case postingCause:
			p.Cause = readCause(postingBase(p), &r)
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("posting: %w", err)
	}
	return p, nil
}

// postingBase is what a posting itself says of its cause.
func postingBase(p *ledger.Posting) ledger.Cause {
	return ledger.Cause{Facts: p.Facts, ID: p.EventID, UpdatedAt: p.At}
}
