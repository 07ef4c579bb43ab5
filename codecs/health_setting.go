package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

const healthSettingVersion = 1

// Fields of a health setting and of its changes.
const (
	settingMode       = 1
	settingInstrument = 2
	settingFrom       = 3
	settingChange     = 4
	settingActor      = 5

	changeField = 1
	changeValue = 2
)

// HealthSetting is the codec of `health-settings`.
type HealthSetting struct{}

// Encode returns s as bytes; it never fails.
func (HealthSetting) Encode(s *health.Setting) ([]byte, error) {
	w := wire.NewWriter(healthSettingVersion, 128)
	writeSetting(w, s)
	return w.B, nil
}

// Decode returns the setting in b. A field that this version does not know is read all the same: what cannot be applied is
// the reader's to say.
func (HealthSetting) Decode(b []byte) (*health.Setting, error) {
	s := &health.Setting{}
	if err := wire.Read(b, healthSettingVersion, func(f wire.Field) error { return readSetting(f, s) }); err != nil {
		return nil, fmt.Errorf("health setting: %w", err)
	}
	return s, nil
}

func writeSetting(w *wire.Writer, s *health.Setting) {
	w.String(settingMode, s.Mode)
	w.String(settingInstrument, s.Instrument)
	w.Int(settingFrom, int64(s.EffectiveFrom))
	for _, c := range s.Patch {
		w.Message(settingChange, func(w *wire.Writer) {
			w.String(changeField, c.Field)
			w.String(changeValue, c.Value)
		})
	}
	w.String(settingActor, s.Actor)
}

func readSetting(f wire.Field, s *health.Setting) error {
	switch f.Number {
	case settingMode:
		s.Mode = f.String()
	case settingInstrument:
		s.Instrument = f.String()
	case settingFrom:
		s.EffectiveFrom = instant.Milli(f.Int())
	case settingChange:
		var c health.Change
		err := f.Message(func(f wire.Field) error {
			switch f.Number {
			case changeField:
				c.Field = f.String()
			case changeValue:
				c.Value = f.String()
			}
			return nil
		})
		s.Patch = append(s.Patch, c)
		return err
	case settingActor:
		s.Actor = f.String()
	}
	return nil
}
