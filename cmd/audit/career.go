package audit

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/oracle"
)

// change is what one act of an operator made of a mission.
type change struct {
	at instant.Milli // event time
	do func(*oracle.Stage)
}

// careerOf hands a mission to the oracle, as documents, stage by stage: every change in the order of its event time. It
// returns false if the oracle does not understand a version.
func careerOf(h *mission.History) (oracle.Career, bool) {
	var definitions []oracle.Definition
	for _, v := range h.Versions {
		var d oracle.Definition
		if err := json.Unmarshal(missioncodec.JSON(&v.Mission), &d); err != nil {
			return oracle.Career{}, false
		}
		definitions = append(definitions, d)
	}
	now := oracle.Stage{Mission: oracle.Mission{Definition: definitions[0]}}
	c := oracle.Career{Stages: []oracle.Stage{now}}
	for _, x := range changesOf(h, definitions) {
		now.Mission.Later, now.Mission.Pauses = slices.Clone(now.Mission.Later), slices.Clone(now.Mission.Pauses)
		x.do(&now)
		c.Stages = append(c.Stages, now)
	}
	return c, true
}

// changesOf returns what happened to a mission since it was first active.
func changesOf(h *mission.History, definitions []oracle.Definition) []change {
	var out []change
	add := func(at instant.Milli, do func(*oracle.Stage)) { out = append(out, change{at, do}) }
	for _, p := range h.Pauses {
		add(p.From, func(s *oracle.Stage) { s.Mission.Pauses = append(s.Mission.Pauses, oracle.Span{From: p.From}) })
		if p.To != 0 {
			add(p.To, func(s *oracle.Stage) { s.Mission.Pauses[len(s.Mission.Pauses)-1].To = p.To })
		}
	}
	for i, v := range h.Versions[1:] {
		add(v.CreatedAt, func(s *oracle.Stage) {
			s.Mission.Later = append(s.Mission.Later, oracle.Version{Definition: definitions[i+1], From: v.From})
		})
	}
	archived := h.Status == mission.Archived
	if h.EndedAt != 0 && (!archived || h.EndedAt < h.ChangedAt) {
		add(h.EndedAt, func(s *oracle.Stage) { s.Mission.EndedAt = h.EndedAt })
	}
	if archived {
		add(h.ChangedAt, func(s *oracle.Stage) { s.Mission.EndedAt, s.Hidden = h.EndedAt, true })
	}
	slices.SortStableFunc(out, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	return out
}

// stagesOf returns how many stages a mission has.
func stagesOf(h *mission.History) int {
	return 1 + len(changesOf(h, make([]oracle.Definition, len(h.Versions))))
}

// learn notes that a mission has so many stages as of a record of the catalog's table. Progress has met a stage with
// all that it handles lead after that; half of it is for clocks that differ (ADR 15). Of the first record that is seen
// it is not known for how long it had been so.
func learn(known []oracle.Known, stages int, appended instant.Milli, lead time.Duration) []oracle.Known {
	if stages < len(known) { // a change took another back
		known = nil
	}
	from := appended.Add(-lead / 2)
	if len(known) == 0 {
		from = 0
	}
	for len(known) < stages {
		known = append(known, oracle.Known{From: from, By: appended.Add(lead)})
	}
	return known
}
