package catalog

import (
	"reflect"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// Mission is a mission with its version. Of a command's only the definition counts.
type Mission struct{ mission.Version }

// NewMission returns the entity of a definition.
func NewMission(m mission.Mission) Mission { return Mission{mission.Version{Mission: m}} }

// Missions returns the entities of definitions.
func Missions(list []mission.Mission) []Entity {
	entities := make([]Entity, len(list))
	for i, m := range list {
		entities[i] = NewMission(m)
	}
	return entities
}

// Kind implements Entity.
func (Mission) Kind() Kind { return KindMission }

// ID implements Entity.
func (m Mission) ID() string { return m.Mission.ID }

// Status implements Entity.
func (m Mission) Status() string { return string(m.Mission.Status) }

// Number implements Entity.
func (m Mission) Number() int64 { return m.Version.Number }

func (m Mission) normal() Entity {
	return NewMission(mission.Normalize(m.Mission))
}

func (m Mission) validate(Config) problem.List { return mission.Validate(&m.Mission) }

// put creates the mission, moves its status, or finds nothing to do.
func (m Mission) put(current Entity, c *Command) (Entity, Change, problem.List) {
	old, exists := current.(Mission)
	if !exists {
		if m.Mission.Status == mission.Archived {
			return nil, Change{}, problem.One("/status", problem.InvalidField, "a mission cannot begin as archived")
		}
		return Mission{mission.NewVersion(m.Mission, c.At)}, Change{Action: ActionCreated, To: m.Status()}, nil
	}
	from, to := old.Mission.Status, m.Mission.Status
	m.Mission.Status = from
	switch {
	case !reflect.DeepEqual(m.Mission, old.Mission):
		return nil, Change{}, problem.One("", problem.InvalidField, "a mission's definition cannot be changed yet; archive it and create another id")
	case from == to:
		return old, Change{}, nil
	case !from.CanBecome(to):
		return nil, Change{}, problem.One("/status", problem.InvalidField, "a mission that is "+string(from)+" cannot become "+string(to))
	}
	return Mission{old.WithStatus(to, c.At)}, Change{Action: ActionStatus, From: string(from), To: string(to)}, nil
}

func (Mission) withdraw(*Command) (Entity, Change, problem.List) {
	return nil, Change{}, problem.One("", problem.InvalidField, "a mission is not taken back, but ended or archived")
}
