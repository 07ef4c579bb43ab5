package health

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
)

const healthSettingVersion = 1

// Setting is the codec of `health-settings`.
type Setting struct{}

// Encode returns s as bytes; it never fails.
func (Setting) Encode(s *health.Setting) ([]byte, error) {
	return wire.Encode(wire.Writing(healthSettingVersion, 128), s, settingFields)
}

// Decode returns the setting in b. A field that this version does not know is read all the same: what cannot be applied
// is the reader's to say.
func (Setting) Decode(b []byte) (*health.Setting, error) {
	return wire.Decode(wire.Copying(b, healthSettingVersion), "health setting", settingFields)
}

func settingFields(f *wire.Fields, s *health.Setting) {
	f.Text(1, &s.Mode)
	f.Text(2, &s.Instrument)
	f.Int(3, (*int64)(&s.EffectiveFrom))
	for c := range wire.Each(f, 4, (*[]health.Change)(&s.Patch)) {
		f.Text(1, &c.Field)
		f.Text(2, &c.Value)
	}
	f.Text(5, &s.Actor)
}
