package health

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
)

const scoreVersion = 1

// Score is the codec of `health-scores`.
type Score struct{}

// Encode returns s as bytes.
func (Score) Encode(s *health.Score) ([]byte, error) {
	return wire.Encode(wire.Writing(scoreVersion, 96), s, scoreFields)
}

// Decode returns the score in b.
func (Score) Decode(b []byte) (*health.Score, error) {
	return wire.Decode(wire.Copying(b, scoreVersion), "score", scoreFields)
}

func scoreFields(f *wire.Fields, s *health.Score) {
	pathFields(f, &s.Path)
	f.Int(4, (*int64)(&s.WindowEnd))
	f.Bool(5, &s.Correction)
	f.Int(6, &s.Pool.WeightedSuccess)
	f.Int(7, &s.Pool.WeightedEligible)
	f.Int(8, &s.Pool.Samples)
	f.Int(9, &s.Pool.Eligible)
	for range f.Message(10) {
		countsFields(f, &s.Window)
	}
}
