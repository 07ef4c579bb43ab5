package codecs

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

const modeRowVersion = 2

// errState is a state that this version does not know, errModeRow a row that no version wrote.
var (
	errState   = errors.New("codecs: unknown health state")
	errModeRow = errors.New("codecs: damaged mode row")
)

// Fields of a mode row. The words come before what uses them, and the time that packed times are near to before both.
const (
	modeName         = 1
	modeEvaluated    = 2
	modeInstrument   = 3 // packed, as are levels, downtimes and what `other` counted
	modeLevel        = 4
	modeSettled      = 5
	modeIntervention = 6
	modeSetting      = 7
	modeDowntime     = 8
	modeWord         = 9
	modeOther        = 10
)

// ModeRow is the codec of the routing table. A mode may have thousands of gateways, so all that comes once for each is packed.
type ModeRow struct{}

// Encode returns the row as bytes.
func (ModeRow) Encode(r *health.ModeRow) ([]byte, error) {
	words := newWords()
	body := &wire.Writer{B: make([]byte, 0, r.Size())}
	packed := func(field protowire.Number, pack func(*packer)) {
		body.Message(field, func(w *wire.Writer) {
			p := &packer{w.B, words}
			pack(p)
			w.B = p.b
		})
	}
	packed(modeLevel, func(p *packer) { packLevel(p, &r.Level, r.Evaluated, health.Pool{}) })
	for i := range r.Instruments {
		packed(modeInstrument, func(p *packer) { packInstrument(p, &r.Instruments[i], r.Evaluated) })
	}
	for i := range r.Downtimes {
		packed(modeDowntime, func(p *packer) { packDowntime(p, &r.Downtimes[i], r) })
	}
	if len(r.Other) > 0 {
		packed(modeOther, func(p *packer) { packOther(p, r.Other, r.Evaluated) })
	}
	writeDecided(body, r)
	w := wire.NewWriter(modeRowVersion, 64+len(body.B)+16*len(words.list))
	w.String(modeName, r.Mode)
	w.Int(modeEvaluated, int64(r.Evaluated))
	w.Int(modeSettled, int64(r.Settled))
	for _, word := range words.list {
		w.Element(modeWord, word)
	}
	return append(w.B, body.B...), nil
}

// writeDecided writes what people have decided.
func writeDecided(w *wire.Writer, r *health.ModeRow) {
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
}

// Decode returns the row in b.
func (ModeRow) Decode(b []byte) (*health.ModeRow, error) {
	r := &health.ModeRow{}
	var words []string
	err := wire.Read(b, modeRowVersion, func(f wire.Field) error { return readModeRow(f, r, &words) })
	if err != nil {
		return nil, fmt.Errorf("mode row: %w", err)
	}
	return r, nil
}

func readModeRow(f wire.Field, r *health.ModeRow, words *[]string) error {
	u := &unpacker{b: f.Packed(), words: *words}
	switch f.Number {
	case modeName:
		r.Mode = f.String()
	case modeEvaluated:
		r.Evaluated = instant.Milli(f.Int())
	case modeSettled:
		r.Settled = instant.Milli(f.Int())
	case modeWord:
		*words = append(*words, f.String())
	case modeLevel:
		r.Level = unpackLevel(u, r.Evaluated, health.Pool{})
		return u.err()
	case modeInstrument:
		r.Instruments = append(r.Instruments, unpackInstrument(u, r.Evaluated))
		return u.err()
	case modeDowntime:
		r.Downtimes = append(r.Downtimes, unpackDowntime(u, r))
		return u.err()
	case modeOther:
		r.Other = unpackOther(u, r.Evaluated)
		return u.err()
	case modeIntervention:
		return f.Message(func(f wire.Field) error { return readModeIntervention(f, r) })
	case modeSetting:
		var s health.Setting
		err := f.Message(func(f wire.Field) error { return readSetting(f, &s) })
		r.Settings = append(r.Settings, s)
		return err
	}
	return nil
}

// err says whether all of it could be read, and nothing was left.
func (u *unpacker) err() error {
	if u.bad || len(u.b) > 0 {
		return errModeRow
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
