package catalog

import (
	"encoding/json"

	"github.com/millrace/millrace/codecs/doc"
	healthcodec "github.com/millrace/millrace/codecs/health"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
)

// AskedJSON returns an entity as a client asks for it: JSON that ParseEntity reads back to the same. Of settings it is
// the newest change; of a pool the codes are left out, which no client writes.
func AskedJSON(e catalog.Entity) []byte {
	switch e := e.(type) {
	case catalog.Mission:
		definition, v := e.Definition(), e.Latest()
		return doc.MustJSON(struct {
			missioncodec.AskedDoc
			Status string `json:"status,omitempty"` // left out, it stays as it is
		}{
			missioncodec.AskedDoc{MissionDoc: missioncodec.DocOf(&definition),
				Asked: missioncodec.Asked{ActivateAt: e.ScheduledAt, InForceFrom: v.From, Backdated: v.Backdated,
					Reason: e.Reason}},
			string(definition.Status),
		})
	case catalog.Override:
		return doc.MustJSON(healthcodec.OverrideBody{ID: e.Override.ID, Mode: e.Mode, Instrument: e.Instrument,
			Gateway: e.Gateway, State: e.State.String(), From: e.From, Until: e.Until, Reason: e.Reason})
	case catalog.Maintenance:
		return doc.MustJSON(healthcodec.MaintenanceBody{ID: e.Maintenance.ID, Mode: e.Mode, Instrument: e.Instrument,
			Gateway: e.Gateway, Begin: e.Begin, End: e.End, Reason: e.Reason})
	case catalog.Freeze:
		return doc.MustJSON(healthcodec.FreezeBody{Mode: e.Mode, From: e.From, Until: e.Until, Reason: e.Reason})
	case catalog.HealthSettings:
		newest := e.Newest()
		return doc.MustJSON(healthcodec.HealthSettingBody{Mode: e.Mode, Instrument: e.Instrument,
			Effective: newest.EffectiveFrom, Settings: settingValues(newest.Patch)})
	default:
		return DefinitionJSON(e)
	}
}

// settingValues returns changes by name; it is never nil.
func settingValues(p health.Patch) map[string]json.RawMessage {
	values := map[string]json.RawMessage{}
	for _, c := range p {
		value := json.RawMessage(c.Value)
		if !json.Valid(value) {
			value = doc.MustJSON(c.Value)
		}
		values[c.Field] = value
	}
	return values
}

// askedJSON returns the definition of a mission as a command holds it.
func askedJSON(m *catalog.Mission) []byte {
	definition, v := m.Definition(), m.Latest()
	return doc.MustJSON(missioncodec.AskedDoc{MissionDoc: missioncodec.DocOf(&definition),
		Asked: missioncodec.Asked{ActivateAt: m.ScheduledAt, InForceFrom: v.From, Backdated: v.Backdated}})
}
