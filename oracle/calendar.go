package oracle

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// calendar knows the local days of a zone, each by its number since 1970-01-01. A day is from the first minute in which
// clocks show its date to the first in which they show a later one: 23, 24 or 25 hours, or nothing where the zone left
// the date out.
type calendar struct {
	zone   *time.Location
	starts map[int64]instant.Milli
}

func newCalendar(zone string) (*calendar, error) {
	if zone == "" {
		zone = "UTC"
	}
	location, err := time.LoadLocation(zone)
	return &calendar{location, map[int64]instant.Milli{}}, err
}

// shown returns the date that clocks show.
func (c *calendar) shown(t instant.Milli) int64 {
	y, m, d := time.UnixMilli(int64(t)).In(c.zone).Date()
	return number(y, m, d)
}

func number(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86_400
}

// start looks for the first minute of a day.
func (c *calendar) start(day int64) instant.Milli {
	if t, known := c.starts[day]; known {
		return t
	}
	const minute, hour = instant.Milli(60_000), instant.Milli(3_600_000)
	t := instant.Milli(day)*24*hour - 15*hour // no zone is further ahead of UTC
	for c.shown(t) < day {
		t += minute
	}
	c.starts[day] = t
	return t
}

// day returns the day that holds t: a date that comes back when clocks are set back over midnight is over all the same.
func (c *calendar) day(t instant.Milli) int64 {
	day := c.shown(t)
	for c.start(day+1) <= t {
		day++
	}
	return day
}

// next returns the local day after a day, without those that never were.
func (c *calendar) next(day int64) int64 {
	for day++; c.start(day) == c.start(day+1); {
		day++
	}
	return day
}

// run returns how many days follow one another at most.
func (c *calendar) run(days map[int64]bool) int64 {
	longest := int64(0)
	for day := range days {
		run := int64(0)
		for ; days[day]; day = c.next(day) {
			run++
		}
		longest = max(longest, run)
	}
	return longest
}

// around returns the day, week (from Monday) or month that holds t.
func (c *calendar) around(every string, t instant.Milli) Span {
	first := c.day(t)
	date := func(day int64) time.Time { return time.Unix(day*86_400, 0).UTC() }
	begins := map[string]func(day int64) bool{
		"day":   func(int64) bool { return true },
		"week":  func(day int64) bool { return date(day).Weekday() == time.Monday },
		"month": func(day int64) bool { return date(day).Day() == 1 },
	}[every]
	last := first + 1
	for !begins(first) {
		first--
	}
	for !begins(last) {
		last++
	}
	return Span{c.start(first), c.start(last)}
}

// moment reads a local date, a local time or RFC 3339.
func (c *calendar) moment(text string) (instant.Milli, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return c.start(t.Unix() / 86_400), nil
	}
	if t, err := time.ParseInLocation("2006-01-02T15:04", text, c.zone); err == nil {
		return instant.Of(t), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return instant.Of(t), nil
	}
	return 0, fmt.Errorf("time %q: not understood", text)
}
