package catalog

import (
	"reflect"

	"github.com/millrace/millrace/domain/problem"
)

// The statuses of brands, ads, pools and reward templates. Any may follow any other; only what is active is shown to
// users or can be named by a new mission.
const (
	StatusDraft    = "draft"
	StatusActive   = "active"
	StatusArchived = "archived"
)

// DefinitionStatuses returns the statuses of definitions.
func DefinitionStatuses() []string { return []string{StatusDraft, StatusActive, StatusArchived} }

// putDefinition puts what is nothing but its definition in the place of what there was.
func putDefinition(current, next Entity) (Entity, Change, problem.List) {
	switch {
	case current == nil && next.Status() == StatusArchived:
		return nil, Change{}, problem.One("/status", problem.InvalidField, "cannot begin as archived")
	case current != nil && reflect.DeepEqual(current, next):
		return current, Change{}, nil
	default:
		return next, changeTo(current, next), nil
	}
}

// archive puts next, which is current with the status archived, in the place of current.
func archive(current, next Entity) (Entity, Change, problem.List) {
	if current.Status() == StatusArchived {
		return current, Change{}, nil
	}
	return next, changeTo(current, next), nil
}
