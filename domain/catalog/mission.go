package catalog

import (
	"reflect"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// Mission is a mission with its versions. Of a command's only the definition and its status count.
type Mission struct{ mission.History }

// NewMission returns the entity of a definition.
func NewMission(m mission.Mission) Mission { return Mission{mission.Asked(m)} }

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
func (m Mission) ID() string { return m.Latest().Mission.ID }

// Status implements Entity.
func (m Mission) Status() string { return string(m.History.Status) }

// Number implements Entity: it is that of the latest version, which may not be in force yet.
func (m Mission) Number() int64 { return m.Latest().Number }

func (m Mission) normal() Entity { return NewMission(mission.Normalize(m.Definition())) }

func (m Mission) validate(Config) problem.List {
	definition := m.Definition()
	return mission.Validate(&definition)
}

// put creates the mission, moves its status, or finds nothing to do.
func (m Mission) put(current Entity, c *Command) (Entity, Change, problem.List) {
	old, exists := current.(Mission)
	from, to := old.History.Status, m.History.Status
	if !exists {
		if to == mission.Archived {
			return nil, Change{}, problem.One("/status", problem.InvalidField, "a mission cannot begin as archived")
		}
		return Mission{mission.NewHistory(m.Definition(), c.At)}, Change{Action: ActionCreated, To: m.Status()}, nil
	}
	switch {
	case !reflect.DeepEqual(m.Latest().Mission, old.Latest().Mission):
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
