package mission

import "time"

// Term says of a valid mission when the payments that count are made, with the years and the time zone that Sentence
// leaves out: "2026-03-01 to 2026-03-07 Asia/Kolkata". The last day or time is part of it.
func Term(m *Mission) string {
	switch m.Window.Kind {
	case WindowPerUser:
		return period(m) // which no zone changes
	case WindowRecurring:
		return period(m) + " " + m.TimeZone
	}
	from, to, err := m.moments()
	if err != nil {
		return ""
	}
	if from.isMidnight() && to.isMidnight() {
		first, last := from.at.Format(time.DateOnly), to.at.Add(-time.Second).Format(time.DateOnly)
		if first == last {
			return first + " " + m.TimeZone
		}
		return first + " to " + last + " " + m.TimeZone
	}
	layout := "2006-01-02 15:04"
	if from.at.Second() != 0 || to.at.Second() != 0 {
		layout = time.DateTime
	}
	return from.at.Format(layout) + " until " + to.at.Format(layout) + " " + m.TimeZone
}
