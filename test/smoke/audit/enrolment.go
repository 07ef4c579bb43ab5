package audit

import (
	"strings"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/oracle"
)

// compareEnrolments checks that nobody is in a mission that there is not, and that whoever asked for one was refused,
// where the row still has the verdict. It counts refusals.
func (t *Tape) compareEnrolments(v *Verdict, missions []oracle.Mission) {
	known, refused, judged := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, m := range missions {
		known[m.ID] = true
	}
	for k, r := range t.tables[string(t.topology.Progress.Table())] {
		if strings.HasPrefix(k.key, reserved) || r.Value == nil {
			continue
		}
		row, err := missioncodec.UserRow{}.Decode(r.Value)
		if err != nil {
			continue // was noticed when it was observed
		}
		for _, x := range row.Verdicts {
			judged[x.CommandID], refused[x.CommandID] = true, x.Result == verdict.Refused
		}
		for _, s := range row.States {
			if !known[s.Mission] {
				v.Differ("user %s: in mission %s, which there is not", k.key, s.Mission)
			}
		}
	}
	for _, r := range t.records[t.topology.Enrolments.Name] {
		e, err := missioncodec.Enrolment{}.Decode(r.Value)
		switch {
		case err != nil: // ends the judgement, where the oracle reads it
		case refused[e.ID]:
			v.Refusals++
		case judged[e.ID] && !known[e.Mission]:
			v.Differ("enrolment %s of %s in %s, which there is not: it was not refused", e.ID, e.UserID, e.Mission)
		}
	}
}
