package catalog

import (
	auditcodec "github.com/millrace/millrace/codecs/audit"
	"github.com/millrace/millrace/codecs/doc"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
)

const catalogCommandVersion = 1

// Command is the codec of `catalog-commands`.
type Command struct{}

// Encode returns c in binary; it never fails.
func (Command) Encode(c *catalog.Command) ([]byte, error) {
	return wire.Encode(wire.Writing(catalogCommandVersion, 1024), c, catalogCommandFields)
}

// Decode reads what Encode wrote. A mission that breaks the rules is read as far as it goes, since refusing it is the
// catalog's business; one that is no mission at all is an error.
func (Command) Decode(b []byte) (*catalog.Command, error) {
	return wire.Decode(wire.Reading(b, catalogCommandVersion), "catalog command", catalogCommandFields)
}

func catalogCommandFields(f *wire.Fields, c *catalog.Command) {
	f.Text(1, &c.ID)
	f.Text(2, (*string)(&c.Kind))
	f.Text(3, &c.EntityID)
	f.Text(4, (*string)(&c.Op))
	f.Text(5, &c.Actor)
	f.Int(6, (*int64)(&c.At))
	f.Int(7, &c.Expected)
	f.Text(12, &c.Reason)
	f.Int(14, (*int64)(&c.When))
	for range wire.Value(f, 15, &c.Proof) {
		auditcodec.ProofFields(f, &c.Proof)
	}
	f.Texts(13, &c.Codes)
	askedField(f, 8, &c.Entity)
	entityFields(f, entityNumbers{intervention: 9, setting: 10, definition: 11}, c.Kind, &c.Entity)
}

// askedField is a mission as askedJSON writes it.
func askedField(f *wire.Fields, n wire.Number, e *catalog.Entity) {
	var raw []byte
	if m, ok := (*e).(catalog.Mission); ok && f.Writes() {
		raw = askedJSON(&m)
	}
	if f.Packed(n, &raw) {
		var err error
		if *e, err = storedDefinition(catalog.KindMission, raw); err != nil {
			f.Fail(err)
		}
	}
}

// storedMission reads a mission from an internal record, of the right shape but perhaps against the rules.
func storedMission(b []byte) (mission.Mission, error) {
	tree, err := doc.ParseJSON(b)
	if err != nil {
		return mission.Mission{}, err
	}
	r := &doc.Reader{}
	m := missioncodec.Read(r, "", tree)
	if len(r.Problems) > 0 {
		return mission.Mission{}, r.Problems
	}
	return m, nil
}
