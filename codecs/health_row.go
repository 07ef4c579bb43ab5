package codecs

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
)

const healthRowVersion = 1

// errEmptyRow is a health row that is neither a series nor a closed window.
var errEmptyRow = errors.New("codecs: health row without content")

// HealthRow is the codec of the health table: field 1 is a series, field 2 a closed window.
type HealthRow struct{}

// Encode returns the row as bytes.
func (HealthRow) Encode(r *health.Row) ([]byte, error) {
	w := wire.NewWriter(healthRowVersion, 1024)
	switch {
	case r.Series != nil:
		w.Message(1, func(w *wire.Writer) { writeSeries(w, r.Series) })
	case r.Closed != nil:
		w.Message(2, func(w *wire.Writer) { writeClosed(w, r.Closed) })
	default:
		return nil, errEmptyRow
	}
	return w.B, nil
}

// Decode returns the row in b.
func (HealthRow) Decode(b []byte) (*health.Row, error) {
	r := &health.Row{}
	err := wire.Read(b, healthRowVersion, func(f wire.Field) error {
		switch f.Number {
		case 1:
			r.Series = &health.Series{}
			return readSeries(f, r.Series)
		case 2:
			r.Closed = &health.Closed{}
			return readClosed(f, r.Closed)
		}
		return nil
	})
	if err == nil && (r.Series == nil) == (r.Closed == nil) {
		err = errEmptyRow
	}
	if err != nil {
		return nil, fmt.Errorf("health row: %w", err)
	}
	return r, nil
}

func writeSeries(w *wire.Writer, s *health.Series) {
	writePath(w, s.Path)
	for _, o := range s.Open.Open {
		w.Message(4, func(w *wire.Writer) {
			writeSpan(w, o.Span)
			writeTally(w, o.Value)
		})
	}
	w.Int(5, int64(s.Open.ClosedTo))
	for _, small := range s.Last {
		w.Message(6, func(w *wire.Writer) {
			writeSpan(w, small.Span)
			writeCounts(w, small.Counts)
		})
	}
	w.Int(7, int64(s.Reached))
	w.Int(8, int64(s.Traffic))
	w.Int(9, int64(s.Through))
	w.Int(10, int64(s.Empty))
}

func readSeries(f wire.Field, s *health.Series) error {
	return f.Message(func(f wire.Field) error {
		switch f.Number {
		case 4:
			var o window.Window[health.Tally]
			err := f.Message(func(f wire.Field) error {
				readSpan(f, &o.Span)
				return readTally(f, &o.Value)
			})
			s.Open.Open = append(s.Open.Open, o)
			return err
		case 5:
			s.Open.ClosedTo = instant.Milli(f.Int())
		case 6:
			var small health.Small
			err := f.Message(func(f wire.Field) error {
				readSpan(f, &small.Span)
				readCounts(f, &small.Counts)
				return nil
			})
			s.Last = append(s.Last, small)
			return err
		case 7:
			s.Reached = instant.Milli(f.Int())
		case 8:
			s.Traffic = instant.Milli(f.Int())
		case 9:
			s.Through = instant.Milli(f.Int())
		case 10:
			s.Empty = int(f.Int())
		default:
			readPath(f, &s.Path)
		}
		return nil
	})
}

func writeClosed(w *wire.Writer, c *health.Closed) {
	writePath(w, c.Path)
	writeSpan(w, c.Span)
	writeTally(w, c.Value)
	w.Int(12, c.Revision)
	w.Int(13, int64(c.ClosedAt))
	w.Bool(14, c.Plain)
}

func readClosed(f wire.Field, c *health.Closed) error {
	return f.Message(func(f wire.Field) error {
		switch f.Number {
		case 12:
			c.Revision = f.Int()
		case 13:
			c.ClosedAt = instant.Milli(f.Int())
		case 14:
			c.Plain = f.Bool()
		default:
			readPath(f, &c.Path)
			readSpan(f, &c.Span)
			return readTally(f, &c.Value)
		}
		return nil
	})
}
