package mission

import (
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/word"
)

// How often a recurring window begins.
const (
	EveryDay   = "day"
	EveryWeek  = "week" // from Monday
	EveryMonth = "month"
)

// recurrence is one of them: all that there is to know of it.
type recurrence struct {
	every string
	days  int64 // that its windows have at most
	// around returns the first day of the window in which a day lies, and that of the next.
	around func(day int64) (first, next int64)
}

// recurrences are all of them, in the order of the contract.
var recurrences = []recurrence{
	{EveryDay, 1, func(day int64) (int64, int64) { return day, day + 1 }},
	{EveryWeek, 7, func(day int64) (int64, int64) {
		const monday = 3 // 1970-01-01 was a Thursday
		first := day - ((day+monday)%7+7)%7
		return first, first + 7
	}},
	{EveryMonth, 31, func(day int64) (int64, int64) {
		year, month, _ := time.Unix(day*secondsPerDay, 0).UTC().Date()
		return dayNumber(year, month, 1), dayNumber(year, month+1, 1)
	}},
}

// recurrenceOf returns how often a recurring window begins, and whether there is such a recurrence.
func recurrenceOf(every string) (recurrence, bool) {
	if r := word.Find(recurrences, recurrenceName, every); r != nil {
		return *r, true
	}
	return recurrences[0], false
}

// Recurrences returns how often a recurring window can begin, in the order of the contract.
func Recurrences() []string { return word.Names(recurrences, recurrenceName) }

func recurrenceName(r *recurrence) string { return r.every }

// calendar divides time into the local days of a zone, each by its number since 1970-01-01. Every instant lies in
// exactly one day, however clocks are changed: day n is from its first midnight to the first of day n+1, and may have
// 23 or 25 hours, or none where a zone left it out.
type calendar struct{ zone *time.Location }

const secondsPerDay = 24 * 60 * 60

// start returns the first instant of a day.
func (k calendar) start(day int64) instant.Milli {
	return instant.Milli(local(time.Unix(day*secondsPerDay, 0).UTC(), k.zone).UnixMilli())
}

// day returns the day in which t lies.
func (k calendar) day(t instant.Milli) int64 {
	n := dayNumber(time.UnixMilli(int64(t)).In(k.zone).Date())
	for t < k.start(n) {
		n--
	}
	for t >= k.start(n+1) {
		n++
	}
	return n
}

// dayNumber counts the days from 1970-01-01 to a date, whose month and day may be out of range as time.Date takes them.
func dayNumber(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
}

// adjacent tells whether b is the local day after a: the days between, if there are any, never were.
func (k calendar) adjacent(a, b int64) bool {
	return b == a+1 || b == a+2 && k.start(a+1) == k.start(a+2)
}

// instance returns the day, week or month around t.
func (k calendar) instance(every string, t instant.Milli) span {
	r, _ := recurrenceOf(every)
	first, next := r.around(k.day(t))
	return span{k.start(first), k.start(next)}
}

// span is [start, end).
type span struct{ start, end instant.Milli }

func (s span) contains(t instant.Milli) bool { return t >= s.start && t < s.end }

// forever is the span of windows that bound nothing by themselves.
func forever() span { return span{-1 << 62, 1 << 62} }
