package codecs

import (
	"encoding/binary"
	"errors"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
)

// errLatency is a histogram that no encoder writes.
var errLatency = errors.New("codecs: damaged latency histogram")

// maxBucket is the index of the bucket of the largest int64.
const maxBucket = 57*32 + 63

func writePath(w *wire.Writer, p health.Path) {
	w.String(1, p.Mode)
	w.String(2, p.Instrument)
	w.String(3, p.Gateway)
}

func readPath(f wire.Field, p *health.Path) {
	switch f.Number {
	case 1:
		p.Mode = f.String()
	case 2:
		p.Instrument = f.String()
	case 3:
		p.Gateway = f.String()
	}
}

// A span is two fields: its start, and its length.
func writeSpan(w *wire.Writer, s window.Span) {
	w.Int(4, int64(s.Start))
	w.Int(5, int64(s.End-s.Start))
}

// readSpan expects the start before the length, as written.
func readSpan(f wire.Field, s *window.Span) {
	switch f.Number {
	case 4:
		s.Start = instant.Milli(f.Int())
		s.End = s.Start
	case 5:
		s.End = s.Start + instant.Milli(f.Int())
	}
}

func writeCounts(w *wire.Writer, c health.Counts) {
	w.Int(6, c.Success)
	w.Int(7, c.Technical)
	w.Int(8, c.Business)
	w.Int(9, c.Timeout)
}

func readCounts(f wire.Field, c *health.Counts) {
	switch f.Number {
	case 6:
		c.Success = f.Int()
	case 7:
		c.Technical = f.Int()
	case 8:
		c.Business = f.Int()
	case 9:
		c.Timeout = f.Int()
	}
}

// writeTally writes fields 6 to 9 (counts), 10 (latency), 11 (sources) and 15 (arrival), beside the owner's.
func writeTally(w *wire.Writer, t health.Tally) {
	writeCounts(w, t.Counts)
	w.Bytes(10, packLatency(t.Latency))
	for _, r := range t.Sources {
		w.Message(11, func(w *wire.Writer) {
			w.String(1, r.Topic)
			w.Int(2, int64(r.Partition))
			w.Int(3, r.First)
			w.Int(4, r.Last-r.First)
		})
	}
	w.Int(15, int64(t.Arrived))
}

func readTally(f wire.Field, t *health.Tally) (err error) {
	switch f.Number {
	case 10:
		t.Latency, err = unpackLatency(f.Bytes())
	case 11:
		var r health.SourceRange
		err = f.Message(func(f wire.Field) error {
			switch f.Number {
			case 1:
				r.Topic = f.String()
			case 2:
				r.Partition = int32(f.Int())
			case 3:
				r.First = f.Int()
				r.Last = r.First
			case 4:
				r.Last = r.First + f.Int()
			}
			return nil
		})
		t.Sources = append(t.Sources, r)
	case 15:
		t.Arrived = instant.Milli(f.Int())
	default:
		readCounts(f, &t.Counts)
	}
	return err
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
