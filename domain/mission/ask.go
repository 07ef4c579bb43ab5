package mission

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

// ApplyEnrolment judges an enrolment or a withdrawal on a user's row, which may be nil. It is total: what cannot be
// done is refused, and the reasons are kept in the row. A command seen among the last verdicts changes nothing.
func ApplyEnrolment(row *UserRow, e *Enrolment, missions *Snapshot, cfg Config) (*UserRow, []Effect) {
	d := newDraft(row, e.UserID, missions, cfg)
	d.meet()
	d.once(e.ID, e.At, func() (verdict.Result, problem.List) { return d.enrolment(e) })
	d.conclude(cause{at: e.At})
	return d.result(), d.effects
}

// ApplySegments takes in the segments of a user, whose row may be nil, as ApplyEnrolment does an enrolment.
func ApplySegments(row *UserRow, s *Segments, missions *Snapshot, cfg Config) (*UserRow, []Effect) {
	d := newDraft(row, s.UserID, missions, cfg)
	d.meet()
	was := segmentsAt(d.row.Segments, s.At)
	d.once(s.ID, s.At, func() (verdict.Result, problem.List) { return d.segments(s) })
	d.audit(s, was)
	d.conclude(cause{at: s.At})
	return d.result(), d.effects
}

// once judges a command, unless it has its verdict already, and keeps the verdict.
func (d *draft) once(id string, at instant.Milli, judge func() (verdict.Result, problem.List)) {
	if _, ok := d.row.Verdicts.Find(id); ok {
		d.effects = append(d.effects, Duplicate{})
		return
	}
	v := verdict.Verdict{CommandID: id, Result: verdict.Refused, At: at}
	if d.row.Verdicts.Clash(id) {
		v.Problems = problem.One("", problem.Conflict, "the idempotency key was used for something else")
	} else {
		v.Result, v.Problems = judge()
	}
	d.row.Verdicts, d.changed = d.row.Verdicts.With(v), true
	d.effects = append(d.effects, Answered{v})
}

// audit counts and tells what came of segments that were just judged. was are those of before.
func (d *draft) audit(s *Segments, was []string) {
	for _, effect := range slices.Clone(d.effects) {
		v, ok := effect.(Answered)
		if !ok {
			continue
		}
		d.row.Audited++
		line := &audit.Line{
			CommandID: s.ID, Kind: audit.KindUser, ID: s.UserID, Actor: s.Actor, Proof: s.Proof, At: s.Asked,
			Action: audit.ActionSegmentsSet,
			Result: v.Result, Problems: v.Problems, Revision: d.row.Audited,
		}
		if line.At == 0 {
			line.At = s.At
		}
		if v.Result == verdict.Applied {
			line.Differences = audit.Differences(segmentsDocument(was),
				segmentsDocument(segmentsAt(d.row.Segments, s.At)))
		}
		d.effects = append(d.effects, Audited{line})
	}
}

// segmentsDocument is what the audit compares of a user's segments.
func segmentsDocument(names []string) []byte {
	b, err := json.Marshal(map[string]any{"segments": append([]string{}, names...)})
	if err != nil {
		return nil
	}
	return b
}

func (d *draft) enrolment(e *Enrolment) (verdict.Result, problem.List) {
	p, problems := d.missionOf(e)
	switch {
	case len(problems) > 0:
		return verdict.Refused, problems
	case !p.opens():
		return verdict.Unchanged, nil
	}
	old := d.find(p)
	next := &State{Mission: p.ID()}
	if old != nil {
		*next = *old
	}
	var added bool
	if next.Switches, added = withSwitch(next.Switches, Switch{At: e.At, Out: e.Op == Withdraw}); !added {
		return verdict.Unchanged, nil
	}
	was := p.enrolled(p.versionFor(old, e.At), old, e.At)
	d.put(p, next)
	d.derive(p, d.row.Recent)
	// kept all the same: another switch may yet come between
	if now := d.find(p); was == p.enrolled(p.versionFor(now, e.At), now, e.At) {
		return verdict.Unchanged, nil
	}
	return verdict.Applied, nil
}

// missionOf returns the mission that an enrolment is about, or why there is none.
func (d *draft) missionOf(e *Enrolment) (*Plan, problem.List) {
	p, ok := d.missions.Find(e.Mission)
	if !ok {
		return nil, problem.One("/mission", problem.NotFound, "there is no such mission")
	}
	s := d.find(p)
	c := p.versionFor(s, e.At)
	switch {
	case !p.Status().Visible() || !c.includes(e.UserID) || !c.invites(segmentsNow(d.row.Segments)):
		return nil, problem.One("/mission", problem.NotFound, "there is no such mission")
	case e.Op != Enrol && e.Op != Withdraw:
		return nil, problem.One("/op", problem.InvalidField, "must be enrol or withdraw")
	case e.Op == Enrol && p.Status() == Ended:
		return nil, problem.One("", problem.InvalidState, "the mission has ended")
	case e.Op == Withdraw && (!p.opens() || s.In() && !c.optIn):
		return nil, problem.One("", problem.InvalidState, "payments alone decide who is in this mission")
	}
	return p, nil
}

func (d *draft) segments(s *Segments) (verdict.Result, problem.List) {
	set := make([]string, 0, len(s.Segments))
	for i, text := range s.Segments {
		text = strings.TrimSpace(text)
		if !isID(text) {
			return verdict.Refused, problem.One("/segments/"+strconv.Itoa(i), problem.InvalidField, "is not an id")
		}
		set = append(set, text)
	}
	slices.Sort(set)
	set = slices.Compact(set)
	if len(set) > maxSegments {
		return verdict.Refused, problem.One("/segments", problem.InvalidField, "are more than "+
			strconv.Itoa(maxSegments))
	}
	was := segmentsAt(d.row.Segments, s.At)
	sets, added := withSegments(d.row.Segments, SegmentSet{At: s.At, Segments: set})
	if !added {
		return verdict.Unchanged, nil
	}
	d.row.Segments, d.changed = sets, true
	d.deriveAll((*Plan).segmented)
	if slices.Equal(was, set) {
		return verdict.Unchanged, nil
	}
	return verdict.Applied, nil
}
