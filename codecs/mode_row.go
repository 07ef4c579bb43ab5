package codecs

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

const modeRowVersion = 1

// errState is a state that this version does not know.
var errState = errors.New("codecs: unknown health state")

// ModeRow is the codec of the routing table.
type ModeRow struct{}

// Encode returns the row as bytes.
func (ModeRow) Encode(r *health.ModeRow) ([]byte, error) {
	w := wire.NewWriter(modeRowVersion, 64+256*len(r.Instruments))
	w.String(1, r.Mode)
	w.Int(2, int64(r.Evaluated))
	for i := range r.Instruments {
		w.Message(3, func(w *wire.Writer) { writeInstrument(w, &r.Instruments[i]) })
	}
	return w.B, nil
}

// Decode returns the row in b.
func (ModeRow) Decode(b []byte) (*health.ModeRow, error) {
	r := &health.ModeRow{}
	err := wire.Read(b, modeRowVersion, func(f wire.Field) error {
		switch f.Number {
		case 1:
			r.Mode = f.String()
		case 2:
			r.Evaluated = instant.Milli(f.Int())
		case 3:
			inst, err := readInstrument(f)
			r.Instruments = append(r.Instruments, inst)
			return err
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("mode row: %w", err)
	}
	return r, nil
}

func writeInstrument(w *wire.Writer, i *health.Instrument) {
	w.String(1, i.Name)
	w.Message(2, func(w *wire.Writer) { writeLevel(w, &i.Level) })
	for j := range i.Gateways {
		g := &i.Gateways[j]
		w.Message(3, func(w *wire.Writer) {
			w.String(1, g.Name)
			w.Message(2, func(w *wire.Writer) { writeLevel(w, &g.Level) })
			for _, s := range g.Scores {
				w.Message(3, func(w *wire.Writer) {
					w.Int(1, int64(s.End))
					w.Bool(2, s.Correction)
					writePool(w, s.Pool)
				})
			}
		})
	}
}

func readInstrument(f wire.Field) (health.Instrument, error) {
	var i health.Instrument
	err := f.Message(func(f wire.Field) error {
		switch f.Number {
		case 1:
			i.Name = f.String()
		case 2:
			return readLevel(f, &i.Level)
		case 3:
			g, err := readGateway(f)
			i.Gateways = append(i.Gateways, g)
			return err
		}
		return nil
	})
	return i, err
}

func readGateway(f wire.Field) (health.Gateway, error) {
	var g health.Gateway
	err := f.Message(func(f wire.Field) error {
		switch f.Number {
		case 1:
			g.Name = f.String()
		case 2:
			return readLevel(f, &g.Level)
		case 3:
			var s health.Scoring
			err := f.Message(func(f wire.Field) error {
				switch f.Number {
				case 1:
					s.End = instant.Milli(f.Int())
				case 2:
					s.Correction = f.Bool()
				default:
					readPool(f, &s.Pool)
				}
				return nil
			})
			g.Scores = append(g.Scores, s)
			return err
		}
		return nil
	})
	return g, err
}

// A level is written as disabled rather than as enabled: the zero value is the usual one.
func writeLevel(w *wire.Writer, l *health.Level) {
	writeHealthVerdict(w, l.Verdict)
	writePool(w, l.Pool)
	w.Int(10, int64(l.Stepped))
	w.Bool(11, !l.Enabled)
	w.Message(12, func(w *wire.Writer) { writeHealthVerdict(w, l.Before) })
}

func readLevel(f wire.Field, l *health.Level) error {
	l.Enabled = true
	return f.Message(func(f wire.Field) error {
		switch f.Number {
		case 10:
			l.Stepped = instant.Milli(f.Int())
		case 11:
			l.Enabled = !f.Bool()
		case 12:
			return f.Message(func(f wire.Field) error { return readHealthVerdict(f, &l.Before) })
		default:
			readPool(f, &l.Pool)
			return readHealthVerdict(f, &l.Verdict)
		}
		return nil
	})
}

func writeHealthVerdict(w *wire.Writer, v health.Verdict) {
	w.Uint(1, uint64(v.State))
	w.Int(2, int64(v.LowRun))
	w.Int(3, int64(v.HighRun))
	w.Int(4, int64(v.Since))
	w.String(5, v.Reason)
}

func readHealthVerdict(f wire.Field, v *health.Verdict) error {
	switch f.Number {
	case 1:
		if f.Uint() > uint64(health.Down) {
			return errState
		}
		v.State = health.State(f.Uint())
	case 2:
		v.LowRun = int(f.Int())
	case 3:
		v.HighRun = int(f.Int())
	case 4:
		v.Since = instant.Milli(f.Int())
	case 5:
		v.Reason = f.String()
	}
	return nil
}
