// Package cron reads the schedules of recurring tasks: cron expressions in an IANA time zone.
package cron

import (
	"errors"
	"fmt"
	"strings"
	"time"

	robfig "github.com/robfig/cron/v3"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/timezone"
)

// errFields says what an expression looks like.
var errFields = errors.New("write five fields: minute, hour, day of month, month, day of week, such as 30 2 * * *")

// Parse is a task.Parser. Fields are those of cron(5): numbers, names of months and days, lists, ranges and steps. As
// in Debian's cron, what the change of the clock does to a schedule depends on its hours:
//
//   - Named hours (30 2 * * *) mean the day's time on the wall, once a day each. A time that the clock skips in spring
//     fires when the clock jumps; one that comes twice in autumn fires the first time.
//   - Any hour (*/15 * * * *) means an interval: it goes on through both, on days of 23 and of 25 hours.
func Parse(s task.Spec) (task.Schedule, error) {
	location, err := timezone.Load(s.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone: %q is no IANA time zone such as Europe/Berlin%s", s.Zone, timezone.Hint(s.Zone))
	}
	fields := strings.Fields(s.Cron)
	if len(fields) != 5 || strings.ContainsAny(s.Cron, "=@") {
		return nil, fmt.Errorf("cron: %w", errFields)
	}
	// the library's own clock does not skip or repeat anything: in UTC it counts what is on the wall
	parsed, err := robfig.NewParser(robfig.Minute | robfig.Hour | robfig.Dom | robfig.Month | robfig.Dow).
		Parse(s.Cron)
	if err != nil {
		return nil, fmt.Errorf("cron: %w: %w", err, errFields)
	}
	spec, ok := parsed.(*robfig.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("cron: %w", errFields)
	}
	spec.Location = time.UTC
	out := schedule{spec: spec, location: location, anyHour: fields[1] == "*"}
	if out.Next(0) == 0 {
		return nil, errors.New("cron: it never fires: no such day comes in the next five years")
	}
	return out, nil
}

type schedule struct {
	spec     *robfig.SpecSchedule
	location *time.Location
	anyHour  bool
}

// Next implements task.Schedule.
func (s schedule) Next(t instant.Milli) instant.Milli {
	at := max(t, 1).Time().In(s.location) // 0 is no time
	if s.anyHour {
		at = s.interval(at)
	} else {
		at = s.daily(at)
	}
	if at.IsZero() {
		return 0
	}
	return instant.Of(at)
}

// daily returns the first time after t at which a time on the wall comes that s names.
func (s schedule) daily(t time.Time) time.Time {
	for wall := wallOf(t); ; {
		if wall = s.spec.Next(wall); wall.IsZero() {
			return wall
		}
		if at := s.first(wall); at.After(t) { // else it has come before: the clock was set back
			return at
		}
	}
}

// interval does the same for what fires every hour: between two changes of the clock its offset is one.
func (s schedule) interval(t time.Time) time.Time {
	for {
		_, end := t.ZoneBounds()
		wall := s.spec.Next(wallOf(t))
		if wall.IsZero() {
			return wall
		}
		at := t.Add(wall.Sub(wallOf(t)))
		if end.IsZero() || at.Before(end) {
			return at
		}
		if t = end; s.spec.Next(wallOf(t).Add(-time.Second)).Equal(wallOf(t)) {
			return t
		}
	}
}

// wallOf returns what the clock on the wall shows at t, as if that were UTC.
func wallOf(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// first returns when the clock first shows a time, or when it jumps over it.
func (s schedule) first(wall time.Time) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, s.location)
	begin, end := at.ZoneBounds()
	switch shown := wallOf(at); {
	case shown.After(wall): // skipped, and counted from before the change
		return begin
	case shown.Before(wall):
		return end
	}
	if begin.IsZero() {
		return at
	}
	// the clock may have shown it before it was set back
	before := begin.Add(-time.Second).In(s.location)
	if earlier := before.Add(wall.Sub(wallOf(before))); earlier.Before(begin) {
		return earlier
	}
	return at
}
