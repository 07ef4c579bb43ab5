package mission

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/timezone"
)

var errLocalTime = errors.New("neither a local date (2026-03-01), a local time (2026-03-01T18:00) nor RFC 3339")

// moment is one end of a window as written.
type moment struct {
	at    time.Time // in the mission's zone
	dated bool      // written as a date alone
	naive time.Time // what clocks show then, as if it were UTC; zero: written with an offset
}

// parseMoment reads a local date, a local time or RFC 3339. A date is its first instant. Of a stored mission every
// local time is some instant, see local: what was accepted stays, also where a government has moved its clocks since.
// Who writes one is refused by singleTime.
func parseMoment(text string, zone *time.Location) (moment, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return moment{at: local(t, zone), dated: true, naive: t}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05",
		"2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return moment{at: local(t, zone), naive: t}, nil
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return moment{at: t.In(zone)}, nil
	}
	return moment{}, errLocalTime
}

// local returns the instant at which clocks in zone show what naive shows as UTC. Where clocks show it twice it is the
// earlier one; where they skip it, it is that much after the skip, so that a day whose midnight is skipped begins at
// its first instant. time.Date leaves both choices open.
func local(naive time.Time, zone *time.Location) time.Time {
	first, second := readings(naive, zone)
	if !shows(first, naive) && shows(second, naive) {
		return second
	}
	return first
}

// readings returns the instants that naive is by the offsets of the day before and of the day after: the same where no
// clock is changed.
func readings(naive time.Time, zone *time.Location) (first, second time.Time) {
	by := func(near time.Time) time.Time {
		_, seconds := near.In(zone).Zone()
		return naive.Add(-time.Duration(seconds) * time.Second).In(zone)
	}
	return by(naive.Add(-24 * time.Hour)), by(naive.Add(24 * time.Hour))
}

// shows tells whether clocks show at t what naive shows as UTC.
func shows(t, naive time.Time) bool {
	_, seconds := t.Zone()
	return t.Add(time.Duration(seconds) * time.Second).Equal(naive)
}

// singleTime returns an error that names the times to choose from where clocks in the zone skip a local time or show it
// twice. A date is skipped where its whole day is, as Samoa did with 30 December 2011.
func (m moment) singleTime() error {
	if m.naive.IsZero() {
		return nil
	}
	zone := m.at.Location()
	first, second := readings(m.naive, zone)
	change, _ := first.ZoneBounds() // by the offset of before, what is skipped lies behind the change
	switch {
	case m.dated:
		if m.at.YearDay() != m.naive.YearDay() {
			return skipError(change, zone, time.DateOnly)
		}
	case !shows(first, m.naive) && !shows(second, m.naive):
		return skipError(change, zone, "2006-01-02T15:04")
	case shows(first, m.naive) && shows(second, m.naive) && !first.Equal(second):
		const layout = "2006-01-02T15:04:05-07:00"
		return fmt.Errorf("no single time: clocks in %s show it twice: write %s or %s", zone, first.Format(layout),
			second.Format(layout))
	}
	return nil
}

// skipError names the last time before a change of clocks and the first one after it.
func skipError(change time.Time, zone *time.Location, layout string) error {
	return fmt.Errorf("no single time: clocks in %s skip it: write %s or %s", zone,
		change.Add(-time.Minute).Format(layout), change.Format(layout))
}

// NeedsZone tells whether it matters in which time zone the mission is: whether a local day or local time decides what
// counts.
func (m *Mission) NeedsZone() bool {
	local := func(text string) bool {
		_, err := time.Parse(time.RFC3339, text)
		return text != "" && err != nil
	}
	return m.Window.Kind == WindowRecurring || metricOf(m.Goal.Metric).local || m.Window.Kind == WindowFixed &&
		(local(m.Window.From) || local(m.Window.To))
}

// Bounds returns the first instant of a fixed window and the first after it. The mission must be valid.
func (m *Mission) Bounds() (start, end instant.Milli, err error) {
	from, to, err := m.moments()
	if err != nil {
		return 0, 0, err
	}
	return instant.Of(from.at), instant.Of(to.at), nil
}

func (m *Mission) moments() (from, to moment, err error) {
	zone, err := timezone.Load(m.TimeZone)
	if err != nil {
		return from, to, err
	}
	if from, err = parseMoment(m.Window.From, zone); err != nil {
		return from, to, err
	}
	to, err = parseMoment(m.Window.To, zone)
	return from, to, err
}
