package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

const scoreVersion = 1

// Score is the codec of `health-scores`.
type Score struct{}

// Encode returns s as bytes.
func (Score) Encode(s *health.Score) ([]byte, error) {
	w := wire.NewWriter(scoreVersion, 96)
	writePath(w, s.Path)
	w.Int(4, int64(s.WindowEnd))
	w.Bool(5, s.Correction)
	writePool(w, s.Pool)
	w.Message(10, func(w *wire.Writer) { writeCounts(w, s.Window) })
	return w.B, nil
}

// Decode returns the score in b.
func (Score) Decode(b []byte) (*health.Score, error) {
	s := &health.Score{}
	err := wire.Read(b, scoreVersion, func(f wire.Field) error {
		switch f.Number {
		case 4:
			s.WindowEnd = instant.Milli(f.Int())
		case 5:
			s.Correction = f.Bool()
		case 10:
			return f.Message(func(f wire.Field) error {
				readCounts(f, &s.Window)
				return nil
			})
		default:
			readPath(f, &s.Path)
			readPool(f, &s.Pool)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("score: %w", err)
	}
	return s, nil
}

// writePool writes fields 6 to 9, beside the owner's.
func writePool(w *wire.Writer, p health.Pool) {
	w.Int(6, p.WeightedSuccess)
	w.Int(7, p.WeightedEligible)
	w.Int(8, p.Samples)
	w.Int(9, p.Eligible)
}

func readPool(f wire.Field, p *health.Pool) {
	switch f.Number {
	case 6:
		p.WeightedSuccess = f.Int()
	case 7:
		p.WeightedEligible = f.Int()
	case 8:
		p.Samples = f.Int()
	case 9:
		p.Eligible = f.Int()
	}
}
