package catalog

import (
	"encoding/json"

	"github.com/millrace/millrace/codecs/doc"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// Document returns an entity as the audit compares it (catalog.Config): its definition, and what operators did to it.
func Document(e catalog.Entity) []byte {
	switch e := e.(type) {
	case catalog.Mission:
		return missionDocument(&e)
	case catalog.HealthSettings:
		return settingDocument(e)
	case catalog.Override:
		return doc.MustJSON(interventionDocument{e.Mode, e.Instrument, e.Gateway, e.State.String(), e.From, e.Until,
			e.Reason, e.Status()})
	case catalog.Maintenance:
		return doc.MustJSON(interventionDocument{e.Mode, e.Instrument, e.Gateway, "", e.Begin, e.End, e.Reason,
			e.Status()})
	case catalog.Freeze:
		return doc.MustJSON(interventionDocument{e.Mode, "", "", "", e.From, e.Until, e.Reason, e.Status()})
	default:
		return DefinitionJSON(e)
	}
}

type historyDocument struct {
	missioncodec.MissionDoc
	Version     int64             `json:"version"`
	InForceFrom instant.Milli     `json:"in_force_from,omitzero"`
	Backdated   bool              `json:"backdated,omitempty"`
	ActivateAt  instant.Milli     `json:"activate_at,omitzero"`
	Pause       *intervalDocument `json:"pause,omitempty"` // the last one
	EndedAt     instant.Milli     `json:"ended_at,omitzero"`
	Authors     []string          `json:"authors,omitempty"`
	Approved    *decisionDocument `json:"approved,omitempty"`
	Rejected    *decisionDocument `json:"rejected,omitempty"`
	Proposal    *proposalDocument `json:"proposal,omitempty"`
}

type decisionDocument struct {
	Actor    string        `json:"actor"`
	At       instant.Milli `json:"at"`
	Reason   string        `json:"reason,omitempty"`
	Revision int64         `json:"revision"`
}

func decisionOf(d *catalog.Decision) *decisionDocument {
	if d == nil {
		return nil
	}
	return &decisionDocument{d.Actor, d.At, d.Reason, d.Revision}
}

type proposalDocument struct {
	missioncodec.MissionDoc
	InForceFrom instant.Milli `json:"in_force_from,omitzero"`
	Backdated   bool          `json:"backdated,omitempty"`
	Authors     []string      `json:"authors"`
}

type intervalDocument struct {
	From instant.Milli `json:"from"`
	To   instant.Milli `json:"to,omitzero"`
}

func missionDocument(m *catalog.Mission) []byte {
	h, a := &m.History, &m.Approval
	definition, latest := h.Definition(), h.Latest()
	d := historyDocument{
		MissionDoc: missioncodec.DocOf(&definition), Version: latest.Number, InForceFrom: latest.From,
		Backdated:  latest.Backdated,
		ActivateAt: h.ScheduledAt, EndedAt: h.EndedAt, Authors: a.Authors, Approved: decisionOf(a.Approved),
		Rejected: decisionOf(a.Rejected),
	}
	if p := a.Proposal; p != nil {
		d.Proposal = &proposalDocument{missioncodec.DocOf(&p.Mission), p.From, p.Backdated, p.Authors}
	}
	if n := len(h.Pauses); n > 0 {
		d.Pause = &intervalDocument{h.Pauses[n-1].From, h.Pauses[n-1].To}
	}
	return doc.MustJSON(d)
}

type interventionDocument struct {
	Mode       string        `json:"mode"`
	Instrument string        `json:"instrument,omitempty"`
	Gateway    string        `json:"gateway,omitempty"`
	State      string        `json:"state,omitempty"`
	From       instant.Milli `json:"from,omitzero"`
	Until      instant.Milli `json:"until,omitzero"`
	Reason     string        `json:"reason,omitempty"`
	Status     string        `json:"status"`
}

type settingDoc struct {
	EffectiveFrom instant.Milli              `json:"effective_from"`
	Settings      map[string]json.RawMessage `json:"settings"`
}

func settingDocument(h catalog.HealthSettings) []byte {
	newest := h.Newest()
	return doc.MustJSON(settingDoc{newest.EffectiveFrom, settingValues(newest.Patch)})
}
