package catalog

import (
	"reflect"
	"slices"

	"github.com/millrace/millrace/domain/mission"
)

// Apply judges one command on the row of its entity, which may be nil. It is total: a command that cannot be done is
// refused, with the reasons, and leaves its verdict in the row.
func Apply(row *Row, c *Command) (*Row, *Event) {
	if v, ok := row.Verdict(c.ID); ok {
		e := event(row, c, v)
		e.Repeated = true
		return row, e
	}
	next := &Row{Kind: c.Kind, EntityID: c.EntityID}
	if row != nil {
		*next = *row
	}
	verdict := Verdict{CommandID: c.ID, Result: Refused, At: c.At}
	if verdict.Problems = refuse(row, c); len(verdict.Problems) == 0 {
		verdict.Result, verdict.Problems = put(next, c)
	}
	verdict.Revision = next.Revision
	next.Verdicts = keepLast(append(slices.Clone(next.Verdicts), verdict), MaxVerdicts)
	return next, event(next, c, verdict)
}

func event(row *Row, c *Command, v Verdict) *Event {
	e := &Event{Verdict: v, Kind: c.Kind, EntityID: c.EntityID, Actor: c.Actor}
	if current, ok := row.Current(); ok {
		e.Version, e.Status = current.Number, current.Mission.Status
	}
	return e
}

// refuse returns what is wrong with the command itself.
func refuse(row *Row, c *Command) mission.Problems {
	revision := int64(0)
	if row != nil {
		revision = row.Revision
	}
	switch {
	case c.Kind != KindMission || c.Op != Put:
		return problem("", mission.CodeInvalidField, "the command is not known")
	case c.EntityID != c.Mission.ID:
		return problem("/id", mission.CodeInvalidField, "is not the id that the command is addressed to")
	case c.Expected != 0 && c.Expected != revision:
		return problem("", CodePreconditionFailed, "the mission has changed since it was read")
	}
	m := mission.Normalize(c.Mission)
	return mission.Validate(&m)
}

func problem(pointer, code, detail string) mission.Problems {
	return mission.Problems{{Pointer: pointer, Code: code, Detail: detail}}
}

// put creates the mission, moves its status, or finds nothing to do. It writes to next.
func put(next *Row, c *Command) (Result, mission.Problems) {
	m := mission.Normalize(c.Mission)
	current, exists := next.Current()
	if !exists {
		if m.Status == mission.Archived {
			return Refused, problem("/status", mission.CodeInvalidField, "a mission cannot begin as archived")
		}
		next.commit(c, mission.NewVersion(m, c.At), Audit{Action: ActionCreated, To: m.Status})
		return Applied, nil
	}
	from, to := current.Mission.Status, m.Status
	m.Status = from
	switch {
	case !reflect.DeepEqual(m, current.Mission):
		return Refused, problem("", mission.CodeInvalidField, "a mission's definition cannot be changed yet; archive it and create another id")
	case from == to:
		return Unchanged, nil
	case !from.CanBecome(to):
		return Refused, problem("/status", mission.CodeInvalidField, "a mission that is "+string(from)+" cannot become "+string(to))
	}
	next.commit(c, current.WithStatus(to, c.At), Audit{Action: ActionStatus, From: from, To: to})
	return Applied, nil
}

// commit puts v in the place of the latest version. Lists are replaced, since the old row shares them.
func (r *Row) commit(c *Command, v mission.Version, entry Audit) {
	r.Revision++
	versions := slices.Clone(r.Versions)
	r.Versions = append(versions[:max(0, len(versions)-1)], v)
	entry.CommandID, entry.Actor, entry.At, entry.Revision = c.ID, c.Actor, c.At, r.Revision
	r.Audit = keepLast(append(slices.Clone(r.Audit), entry), MaxAudit)
}

func keepLast[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }
