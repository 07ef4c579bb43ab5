package mission

import (
	"slices"

	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/word"
)

// Status is where a mission stands in its life: draft -> scheduled -> active <-> paused -> ended -> archived.
type Status string

// The statuses.
const (
	Draft     Status = "draft"
	Scheduled Status = "scheduled"
	Active    Status = "active"
	Paused    Status = "paused"
	Ended     Status = "ended"
	Archived  Status = "archived"
)

// Statuses returns every status, in the order of a mission's life.
func Statuses() []Status { return []Status{Draft, Scheduled, Active, Paused, Ended, Archived} }

// VisibleStatuses returns those in which users see a mission.
func VisibleStatuses() []Status {
	return slices.DeleteFunc(Statuses(), func(s Status) bool { return !s.Visible() })
}

// Known tells whether s is one of the statuses.
func (s Status) Known() bool { return slices.Contains(Statuses(), s) }

// statusHint suggests the status that somebody meant.
func statusHint(s Status) string {
	return problem.Hint(string(s), word.Of(Statuses()...))
}

// Visible tells whether users see a mission of this status.
func (s Status) Visible() bool { return s == Active || s == Paused || s == Ended }

// CanBecome tells whether an operator may move a mission from s to next. A mission that was never active need not be
// scheduled first, pausing is optional, and anything can be archived; nothing goes back but paused to active.
func (s Status) CanBecome(next Status) bool {
	switch s {
	case Draft:
		return next == Scheduled || next == Active || next == Archived
	case Scheduled:
		return next == Active || next == Archived
	case Active:
		return next == Paused || next == Ended || next == Archived
	case Paused:
		return next == Active || next == Ended || next == Archived
	case Ended:
		return next == Archived
	default:
		return false
	}
}
