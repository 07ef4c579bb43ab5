package health

import (
	"encoding/binary"
	"errors"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// errLatency is a histogram that no encoder writes.
var errLatency = errors.New("codecs: damaged latency histogram")

// maxBucket is the index of the bucket of the largest int64.
const maxBucket = 57*32 + 63

func pathFields(f *wire.Fields, p *health.Path) {
	f.Text(1, &p.Mode)
	f.Text(2, &p.Instrument)
	f.Text(3, &p.Gateway)
}

// spanFields are the start of a span, and its length.
func spanFields(f *wire.Fields, s *window.Span) {
	rangeFields(f, 4, 5, (*int64)(&s.Start), (*int64)(&s.End))
}

// rangeFields are a number, and behind it the distance of another one from it.
func rangeFields(f *wire.Fields, first, second wire.Number, from, to *int64) {
	read := f.At(first)
	f.Int(first, from)
	if read {
		*to = *from
	}
	f.From(second, to, *from)
}

func countsFields(f *wire.Fields, c *health.Counts) {
	for o, n := range [ledger.OutcomeEnd]wire.Number{
		ledger.Succeeded: 6, ledger.FailedTechnical: 7, ledger.FailedBusiness: 8, ledger.TimedOut: 9,
	} {
		if n > 0 {
			f.Int(n, &c[o])
		}
	}
}

// tallyFields are fields 6 to 11 and 15, beside the owner's.
func tallyFields(f *wire.Fields, t *health.Tally) {
	countsFields(f, &t.Counts)
	latencyField(f, 10, &t.Latency)
	for r := range wire.Each(f, 11, &t.Sources) {
		f.Text(1, &r.Topic)
		f.Int32(2, &r.Partition)
		rangeFields(f, 3, 4, &r.First, &r.Last)
	}
	f.Int(15, (*int64)(&t.Arrived))
}

func latencyField(f *wire.Fields, n wire.Number, l *health.Latency) {
	var packed []byte
	if f.Writes() {
		packed = packLatency(*l)
	}
	if f.Packed(n, &packed) {
		var err error
		if *l, err = unpackLatency(packed); err != nil {
			f.Fail(err)
		}
	}
}

// packLatency writes each bucket as its distance from the one before and its count: mostly two bytes.
func packLatency(l health.Latency) []byte {
	b := make([]byte, 0, 3*len(l.Buckets))
	next := int32(0)
	for _, bucket := range l.Buckets {
		b = binary.AppendUvarint(b, uint64(bucket.Index-next))
		b = binary.AppendUvarint(b, uint64(bucket.Count))
		next = bucket.Index + 1
	}
	return b
}

func unpackLatency(b []byte) (health.Latency, error) {
	var l health.Latency
	if len(b) > 0 {
		l.Buckets = make([]health.Bucket, 0, len(b)/2)
	}
	next := uint64(0)
	for len(b) > 0 {
		distance, n := binary.Uvarint(b)
		if n <= 0 || distance > maxBucket || next+distance > maxBucket {
			return health.Latency{}, errLatency
		}
		count, m := binary.Uvarint(b[n:])
		if m <= 0 || count == 0 || count > 1<<62 {
			return health.Latency{}, errLatency
		}
		b = b[n+m:]
		l.Buckets = append(l.Buckets, health.Bucket{Index: int32(next + distance), Count: int64(count)})
		next += distance + 1
	}
	return l, nil
}
