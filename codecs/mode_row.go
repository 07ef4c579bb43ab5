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

// Fields of a mode row, of its instruments and of their gateways.
const (
	modeName         = 1
	modeEvaluated    = 2
	modeInstrument   = 3
	modeLevel        = 4
	modeSettled      = 5
	modeIntervention = 6
	modeSetting      = 7
	modeDowntime     = 8

	memberName   = 1
	memberLevel  = 2
	memberNested = 3 // the gateways of an instrument, the scores of a gateway
)

// ModeRow is the codec of the routing table.
type ModeRow struct{}

// Encode returns the row as bytes.
func (ModeRow) Encode(r *health.ModeRow) ([]byte, error) {
	w := wire.NewWriter(modeRowVersion, 64+256*len(r.Instruments))
	w.String(modeName, r.Mode)
	w.Int(modeEvaluated, int64(r.Evaluated))
	w.Int(modeSettled, int64(r.Settled))
	w.Message(modeLevel, func(w *wire.Writer) { writeLevel(w, &r.Level) })
	for i := range r.Instruments {
		w.Message(modeInstrument, func(w *wire.Writer) { writeInstrument(w, &r.Instruments[i]) })
	}
	for i := range r.Overrides {
		w.Message(modeIntervention, func(w *wire.Writer) { writeOverride(w, &r.Overrides[i]) })
	}
	for i := range r.Maintenances {
		w.Message(modeIntervention, func(w *wire.Writer) {
			w.Message(interventionMaintenance, orderedMaintenance(&r.Maintenances[i]).write)
		})
	}
	if r.Freeze != nil {
		w.Message(modeIntervention, func(w *wire.Writer) { w.Message(interventionFreeze, orderedFreeze(r.Freeze).write) })
	}
	for i := range r.Settings {
		w.Message(modeSetting, func(w *wire.Writer) { writeSetting(w, &r.Settings[i]) })
	}
	for i := range r.Downtimes {
		w.Message(modeDowntime, func(w *wire.Writer) { writeDowntime(w, &r.Downtimes[i]) })
	}
	return w.B, nil
}

// Decode returns the row in b.
func (ModeRow) Decode(b []byte) (*health.ModeRow, error) {
	r := &health.ModeRow{}
	if err := wire.Read(b, modeRowVersion, func(f wire.Field) error { return readModeRow(f, r) }); err != nil {
		return nil, fmt.Errorf("mode row: %w", err)
	}
	return r, nil
}

func readModeRow(f wire.Field, r *health.ModeRow) error {
	switch f.Number {
	case modeName:
		r.Mode = f.String()
	case modeEvaluated:
		r.Evaluated = instant.Milli(f.Int())
	case modeSettled:
		r.Settled = instant.Milli(f.Int())
	case modeLevel:
		return readLevel(f, &r.Level)
	case modeInstrument:
		inst, err := readInstrument(f)
		r.Instruments = append(r.Instruments, inst)
		return err
	case modeIntervention:
		return f.Message(func(f wire.Field) error { return readModeIntervention(f, r) })
	case modeSetting:
		var s health.Setting
		err := f.Message(func(f wire.Field) error { return readSetting(f, &s) })
		r.Settings = append(r.Settings, s)
		return err
	case modeDowntime:
		var d health.Downtime
		err := f.Message(func(f wire.Field) error { return readDowntime(f, &d) })
		r.Downtimes = append(r.Downtimes, d)
		return err
	}
	return nil
}

func readModeIntervention(f wire.Field, r *health.ModeRow) error {
	switch f.Number {
	case interventionOverride:
		var o health.Override
		err := readOverride(f, &o)
		r.Overrides = append(r.Overrides, o)
		return err
	case interventionMaintenance:
		var m health.Maintenance
		err := f.Message(orderedMaintenance(&m).read)
		r.Maintenances = append(r.Maintenances, m)
		return err
	case interventionFreeze:
		r.Freeze = &health.Freeze{}
		return f.Message(orderedFreeze(r.Freeze).read)
	}
	return nil
}

func writeOverride(w *wire.Writer, o *health.Override) {
	w.Message(interventionOverride, func(w *wire.Writer) {
		orderedOverride(o).write(w)
		w.String(interventionState, o.State.String())
	})
}

func writeInstrument(w *wire.Writer, i *health.Instrument) {
	w.String(memberName, i.Name)
	w.Message(memberLevel, func(w *wire.Writer) { writeLevel(w, &i.Level) })
	for j := range i.Gateways {
		g := &i.Gateways[j]
		w.Message(memberNested, func(w *wire.Writer) {
			w.String(memberName, g.Name)
			w.Message(memberLevel, func(w *wire.Writer) { writeLevel(w, &g.Level) })
			for _, s := range g.Scores {
				w.Message(memberNested, func(w *wire.Writer) { writeScoring(w, s) })
			}
		})
	}
}

func readInstrument(f wire.Field) (health.Instrument, error) {
	var i health.Instrument
	err := f.Message(func(f wire.Field) error {
		switch f.Number {
		case memberName:
			i.Name = f.String()
		case memberLevel:
			return readLevel(f, &i.Level)
		case memberNested:
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
		case memberName:
			g.Name = f.String()
		case memberLevel:
			return readLevel(f, &g.Level)
		case memberNested:
			s, err := readScoring(f)
			g.Scores = append(g.Scores, s)
			return err
		}
		return nil
	})
	return g, err
}

// Of a scoring, as of a score, fields 6 to 9 are the pool and 10 is what the newest window counted.
func writeScoring(w *wire.Writer, s health.Scoring) {
	w.Int(1, int64(s.End))
	w.Bool(2, s.Correction)
	writePool(w, s.Pool)
	w.Message(10, func(w *wire.Writer) { writeCounts(w, s.Window) })
}

func readScoring(f wire.Field) (health.Scoring, error) {
	var s health.Scoring
	err := f.Message(func(f wire.Field) error {
		switch f.Number {
		case 1:
			s.End = instant.Milli(f.Int())
		case 2:
			s.Correction = f.Bool()
		case 10:
			return f.Message(func(f wire.Field) error {
				readCounts(f, &s.Window)
				return nil
			})
		default:
			readPool(f, &s.Pool)
		}
		return nil
	})
	return s, err
}
