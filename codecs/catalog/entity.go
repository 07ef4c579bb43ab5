package catalog

import (
	"errors"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
)

// errEntity is a body with entities of several kinds.
var errEntity = errors.New("codecs: more than one entity")

// entityNumbers are the fields of entities that are not missions. A record has one of them.
type entityNumbers struct {
	intervention wire.Number // as Intervention writes it: an override, maintenance or a freeze
	setting      wire.Number // as HealthSetting writes it, a field for each change
	definition   wire.Number // JSON, as DefinitionJSON writes it: a brand, ad, pool, reward template or pause
}

// entityFields follow the kind of the entity.
func entityFields(f *wire.Fields, n entityNumbers, kind catalog.Kind, e *catalog.Entity) {
	if f.Writes() {
		writeEntity(f, n, *e)
		return
	}
	var raw []byte
	var err error
	switch {
	case f.Packed(n.intervention, &raw):
		*e, err = storedIntervention(raw)
	case f.Packed(n.setting, &raw):
		*e, err = withSetting(*e, raw)
	case f.Packed(n.definition, &raw):
		*e, err = storedDefinition(kind, raw)
	}
	if err != nil {
		f.Fail(err)
	}
}

func writeEntity(f *wire.Fields, n entityNumbers, e catalog.Entity) {
	switch e := e.(type) {
	case nil, catalog.Mission:
	case catalog.HealthSettings:
		for i := range e.Changes {
			raw := settingBytes(&e.Changes[i])
			f.Blob(n.setting, &raw)
		}
	case catalog.Brand, catalog.Ad, catalog.Pool, catalog.RewardTemplate, catalog.TaskPause:
		raw := DefinitionJSON(e)
		f.Blob(n.definition, &raw)
	default:
		raw := interventionBytes(e)
		f.Blob(n.intervention, &raw)
	}
}

func interventionBytes(e catalog.Entity) []byte {
	b, err := healthcodec.Intervention{}.Encode(catalog.Intervention(e))
	if err != nil {
		panic(err) // only of what is not exactly one
	}
	return b
}

func storedIntervention(b []byte) (catalog.Entity, error) {
	i, err := healthcodec.Intervention{}.Decode(b)
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
	b, _ := healthcodec.Setting{}.Encode(s) // never fails
	return b
}

// withSetting adds a change to the settings read so far.
func withSetting(sofar catalog.Entity, b []byte) (catalog.Entity, error) {
	s, err := healthcodec.Setting{}.Decode(b)
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
