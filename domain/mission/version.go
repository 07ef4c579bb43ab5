package mission

import "github.com/millrace/millrace/domain/instant"

// Version is one version of a mission as the catalog keeps it: the definition, and what operators did to it in event time.
type Version struct {
	Number    int64
	Mission   Mission
	CreatedAt instant.Milli // event time of the command that created it
	// Activated: the mission has been active, so its payments count from the window's start on, whatever its status is now.
	Activated bool
	Pauses    []Interval    // in order, disjoint
	EndedAt   instant.Milli // payments from here on do not count; 0 = not ended
	ChangedAt instant.Milli // event time of the last change; later ones are never put before it
}

// Interval is [From, To) in event time; To 0 means that it is still open.
type Interval struct {
	From, To instant.Milli
}

// Contains tells whether t lies in i.
func (i Interval) Contains(t instant.Milli) bool { return t >= i.From && (i.To == 0 || t < i.To) }

// WithStatus returns v after an operator moved it to next at event time at. It changes nothing of v. The caller checks that
// the move is allowed (Status.CanBecome).
func (v Version) WithStatus(next Status, at instant.Milli) Version {
	if at < v.ChangedAt {
		at = v.ChangedAt
	}
	v.ChangedAt = at
	v.Mission.Status = next
	v.Pauses = append([]Interval(nil), v.Pauses...)
	last := len(v.Pauses) - 1
	open := last >= 0 && v.Pauses[last].To == 0
	switch next {
	case Draft, Scheduled:
	case Active:
		v.Activated = true
		switch {
		case open && v.Pauses[last].From == at: // an empty interval pauses nothing
			v.Pauses = v.Pauses[:last]
		case open:
			v.Pauses[last].To = at
		}
	case Paused:
		v.Activated = true
		if !open {
			v.Pauses = append(v.Pauses, Interval{From: at})
		}
	case Ended:
		v.Activated = true
		v.EndedAt = at
	case Archived:
		if v.EndedAt == 0 {
			v.EndedAt = at
		}
	}
	if len(v.Pauses) == 0 {
		v.Pauses = nil
	}
	return v
}

// NewVersion returns version 1 of m as created at event time at.
func NewVersion(m Mission, at instant.Milli) Version {
	v := Version{Number: 1, Mission: m, CreatedAt: at, ChangedAt: at}
	return v.WithStatus(m.Status, at)
}
