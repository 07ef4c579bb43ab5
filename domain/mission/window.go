package mission

import (
	"errors"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

var errLocalTime = errors.New("neither a local date (2026-03-01), a local time (2026-03-01T18:00) nor RFC 3339")

// moment is one end of a window as written.
type moment struct {
	at    time.Time // in the mission's zone
	dated bool      // written as a date alone
}

// parseMoment reads a local date, a local time or RFC 3339.
func parseMoment(text string, zone *time.Location) (moment, error) {
	if t, err := time.Parse("2006-01-02", text); err == nil {
		return moment{at: local(t, zone), dated: true}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return moment{at: local(t, zone)}, nil
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return moment{at: t.In(zone)}, nil
	}
	return moment{}, errLocalTime
}

// local returns the instant at which clocks in zone show what naive shows as UTC. Where clocks show it twice it is the
// earlier one; where they skip it, it is that much after the skip, so that a day whose midnight is skipped begins at its
// first instant. time.Date leaves both choices open.
func local(naive time.Time, zone *time.Location) time.Time {
	offset := func(t time.Time) time.Duration {
		_, seconds := t.In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	before, after := offset(naive.Add(-24*time.Hour)), offset(naive.Add(24*time.Hour))
	first, second := naive.Add(-before), naive.Add(-after)
	if offset(first) != before && offset(second) == after {
		return second.In(zone)
	}
	return first.In(zone)
}

// NeedsZone tells whether it matters in which time zone the mission is: whether a local day or local time decides what counts.
func (m *Mission) NeedsZone() bool {
	local := func(text string) bool {
		_, err := time.Parse(time.RFC3339, text)
		return text != "" && err != nil
	}
	return m.Window.Kind == WindowRecurring || metricOf(m.Goal.Metric).local || m.Window.Kind == WindowFixed && (local(m.Window.From) || local(m.Window.To))
}

// loadZone is time.LoadLocation without the names that mean something else on every machine.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, errors.New("no IANA time zone")
	}
	return time.LoadLocation(name)
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
	zone, err := loadZone(m.TimeZone)
	if err != nil {
		return from, to, err
	}
	if from, err = parseMoment(m.Window.From, zone); err != nil {
		return from, to, err
	}
	to, err = parseMoment(m.Window.To, zone)
	return from, to, err
}
