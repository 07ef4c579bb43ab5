package codecs

import (
	"errors"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
)

// errEntity is a body with entities of several kinds.
var errEntity = errors.New("codecs: more than one entity")

func interventionBytes(e catalog.Entity) []byte {
	b, err := Intervention{}.Encode(catalog.Intervention(e))
	if err != nil {
		panic(err) // only of what is not exactly one
	}
	return b
}

func storedIntervention(b []byte) (catalog.Entity, error) {
	i, err := Intervention{}.Decode(b)
	switch {
	case err != nil:
		return nil, err
	case i.Override != nil:
		return catalog.Override{Override: *i.Override}, nil
	case i.Maintenance != nil:
		return catalog.Maintenance{Maintenance: *i.Maintenance}, nil
	default:
		return catalog.Freeze{Freeze: *i.Freeze}, nil
	}
}

func settingBytes(s *health.Setting) []byte {
	b, _ := HealthSetting{}.Encode(s) // never fails
	return b
}

// withSetting adds a change to the settings read so far.
func withSetting(sofar catalog.Entity, b []byte) (catalog.Entity, error) {
	s, err := HealthSetting{}.Decode(b)
	if err != nil {
		return nil, err
	}
	if sofar == nil {
		return catalog.NewHealthSettings(*s), nil
	}
	h, ok := sofar.(catalog.HealthSettings)
	if !ok {
		return nil, errEntity
	}
	h.Changes = append(h.Changes, *s)
	return h, nil
}
