package mission

import (
	"slices"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// History is a mission as the catalog keeps it: its versions, and what operators did to the mission as a whole, in
// event time. It is a value: the methods that change something return a new one and leave the old as it was.
type History struct {
	Status Status
	// Activated: the mission has been active, so its payments count from its start on, whatever its status is now.
	Activated bool
	Pauses    []Interval    // in order, disjoint; they hold for every version
	EndedAt   instant.Milli // payments from here on do not count; 0 = not ended
	ChangedAt instant.Milli // event time of the last change; later ones are never put before it
	// ScheduledAt is when the mission is to become active by itself; 0 = not asked for.
	ScheduledAt instant.Milli
	Versions    []Version // by number, which count from 1; empty only in the zero value
}

// Version is one version of a mission's definition.
type Version struct {
	Number    int64
	Mission   Mission       // normalised; without a status, which is the History's
	CreatedAt instant.Milli // event time of the command that asked for it
	// From is the event time from which it is in force, until a version of a higher number is. 0 = from the mission's
	// start: version 1 is in force from there, whenever it was created.
	From      instant.Milli
	Backdated bool // put before CreatedAt + VersionLead on purpose
}

// VersionLead is how far ahead a later version takes effect: long enough for every process to know it by then.
const VersionLead = 10 * time.Second

// Interval is [From, To) in event time; To 0 means that it is still open.
type Interval struct {
	From, To instant.Milli
}

// Contains tells whether t lies in i.
func (i Interval) Contains(t instant.Milli) bool { return t >= i.From && (i.To == 0 || t < i.To) }

// NewHistory returns the history of m as created at event time at, with the status that m has.
func NewHistory(m Mission, at instant.Milli) History {
	h := HistoryOf(m)
	h.ChangedAt, h.Versions[0].CreatedAt = at, at
	return h.WithStatus(m.Status, at)
}

// HistoryOf returns the history of a definition as commands carry it: one version, and no past.
func HistoryOf(m Mission) History {
	h := History{Status: m.Status}
	m.Status = ""
	h.Versions = []Version{{Number: 1, Mission: m}}
	return h
}

// Latest returns the version of the highest number, which may not be in force yet; the zero Version if there is none.
func (h History) Latest() Version {
	if len(h.Versions) == 0 {
		return Version{}
	}
	return h.Versions[len(h.Versions)-1]
}

// Definition returns the latest definition, with the mission's status: what an operator reads and edits.
func (h History) Definition() Mission { return h.Defined(h.Latest()) }

// Numbered returns the version of a number; false if there is none.
func (h History) Numbered(number int64) (Version, bool) {
	if number < 1 || number > int64(len(h.Versions)) {
		return Version{}, false
	}
	return h.Versions[number-1], true
}

// Defined returns the definition of a version of h, with the mission's status.
func (h History) Defined(v Version) Mission {
	v.Mission.Status = h.Status
	return v.Mission
}

// At returns the version in force at event time t: of those that had begun, the one of the highest number. Version 1
// always has.
func (h History) At(t instant.Milli) Version {
	for i := len(h.Versions) - 1; i > 0; i-- {
		if h.Versions[i].From <= t {
			return h.Versions[i]
		}
	}
	if len(h.Versions) == 0 {
		return Version{}
	}
	return h.Versions[0]
}

// WithStatus returns h after an operator moved the mission to next at event time at. The caller checks that the move is
// allowed (Status.CanBecome).
func (h History) WithStatus(next Status, at instant.Milli) History {
	at = h.change(at)
	h.Status, h.ScheduledAt = next, 0
	h.Pauses = slices.Clone(h.Pauses)
	last := len(h.Pauses) - 1
	open := last >= 0 && h.Pauses[last].To == 0
	switch next {
	case Draft, Scheduled:
	case Active:
		h.Activated = true
		switch {
		case open && h.Pauses[last].From == at: // an empty interval pauses nothing
			h.Pauses = h.Pauses[:last]
		case open:
			h.Pauses[last].To = at
		}
	case Paused:
		h.Activated = true
		if !open {
			h.Pauses = append(h.Pauses, Interval{From: at})
		}
	case Ended:
		h.Activated = true
		h.EndedAt = at
	case Archived:
		if h.EndedAt == 0 {
			h.EndedAt = at
		}
	}
	if len(h.Pauses) == 0 {
		h.Pauses = nil
	}
	return h
}

// WithSchedule returns h as scheduled, asked for at event time at: the catalog makes it active once its clock reaches
// when.
func (h History) WithSchedule(when, at instant.Milli) History {
	h = h.WithStatus(Scheduled, at)
	h.ScheduledAt = when
	return h
}

// WithVersion returns h with one more version, asked for at event time at, in force from the given event time on; 0
// means as soon as allowed. A version that would begin within VersionLead is refused unless it is backdated, which lets
// it reach users who are in the mission already, as far as their payments are remembered. The status of m does not
// count.
//
// A mission that was never active has one version only, which is replaced: nothing has counted for it yet.
func (h History) WithVersion(m Mission, from, at instant.Milli, backdated bool) (History, problem.List) {
	m.Status = ""
	if !h.Activated {
		at = h.change(at)
		h.Versions = []Version{{Number: 1, Mission: m, CreatedAt: at}}
		return h, nil
	}
	soonest := at.Add(VersionLead)
	if from == 0 && !backdated {
		from = soonest
	}
	switch {
	case from <= 0:
		return h, problem.One("/from", problem.InvalidField,
			"a backdated version needs the time from which it is in force")
	case from < soonest && !backdated:
		return h, problem.One("/from", problem.InvalidField, "a new version takes effect at least "+
			VersionLead.String()+" ahead, unless it is backdated")
	}
	at = h.change(at)
	next := Version{Number: h.Latest().Number + 1, Mission: m, CreatedAt: at, From: from, Backdated: from < soonest}
	h.Versions = append(slices.Clone(h.Versions), next)
	return h, nil
}

// change moves ChangedAt to the time of a change, and returns it: never before the change before.
func (h *History) change(at instant.Milli) instant.Milli {
	h.ChangedAt = max(h.ChangedAt, at)
	return h.ChangedAt
}
