package health

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
)

const healthRowVersion = 1

// errEmptyRow is a health row that is neither a series nor a closed window.
var errEmptyRow = errors.New("codecs: health row without content")

// Row is the codec of the health table: field 1 is a series, field 2 a closed window.
type Row struct{}

// Encode returns the row as bytes.
func (Row) Encode(r *health.Row) ([]byte, error) {
	if (r.Series == nil) == (r.Closed == nil) {
		return nil, errEmptyRow
	}
	return wire.Encode(wire.Writing(healthRowVersion, 1024), r, healthRowFields)
}

// Decode returns the row in b.
func (Row) Decode(b []byte) (*health.Row, error) {
	r, err := wire.Decode(wire.Copying(b, healthRowVersion), "health row", healthRowFields)
	if err == nil && (r.Series == nil) == (r.Closed == nil) {
		return nil, fmt.Errorf("health row: %w", errEmptyRow)
	}
	return r, err
}

func healthRowFields(f *wire.Fields, r *health.Row) {
	for s := range wire.Pointer(f, 1, &r.Series) {
		seriesFields(f, s)
	}
	for c := range wire.Pointer(f, 2, &r.Closed) {
		pathFields(f, &c.Path)
		spanFields(f, &c.Span)
		tallyFields(f, &c.Value)
		f.Int(12, &c.Revision)
		f.Int(13, (*int64)(&c.ClosedAt))
		f.Bool(14, &c.Plain)
	}
}

func seriesFields(f *wire.Fields, s *health.Series) {
	pathFields(f, &s.Path)
	for o := range wire.Each(f, 4, &s.Open.Open) {
		spanFields(f, &o.Span)
		tallyFields(f, &o.Value)
	}
	f.Int(5, (*int64)(&s.Open.ClosedTo))
	for small := range wire.Each(f, 6, &s.Last) {
		spanFields(f, &small.Span)
		countsFields(f, &small.Counts)
	}
	f.Int(7, (*int64)(&s.Reached))
	f.Int(8, (*int64)(&s.Traffic))
	f.Int(9, (*int64)(&s.Through))
	f.Count(10, &s.Empty)
}
