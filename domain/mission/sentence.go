package mission

import (
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/payment"
)

// Sentence says in plain words what a valid mission asks and gives: "Spend ₹500.00 at swiggy from 1 to 7 March, win 100
// coins". It is the same in every locale and at every time. Bounds on the single payment of an amount goal are left to
// Conditions: the sentence is for a tile.
func Sentence(m *Mission) string {
	var b strings.Builder
	metric := metricOf(m.Goal.Metric)
	b.WriteString(metric.aim(m, amounts(m)))
	for _, f := range m.Filters {
		if _, said := amountOf(m, f); said || f.ID == "amount" && metric.minor {
			continue
		}
		b.WriteString(" " + phrase(f, m.Currency))
	}
	if when := period(m); when != "" {
		b.WriteString(" " + when)
	}
	if m.Goal.PerEventCap > 0 && metric.minor {
		b.WriteString(", at most " + payment.FormatMoney(m.Goal.PerEventCap, m.Currency) + " counted a payment")
	}
	b.WriteString(", win " + RewardKindOf(m.Reward.Kind).phrase(m.Reward, m.Currency))
	switch n := m.Limits.CompletionsPerUser; {
	case n == 0:
		b.WriteString(", every time")
	case n > 1:
		b.WriteString(", up to " + strconv.FormatInt(n, 10) + " times")
	}
	return b.String()
}

// amounts says what the amount of each payment has to be, behind "Pay", where the goal has room for it.
func amounts(m *Mission) string {
	var b strings.Builder
	for _, f := range m.Filters {
		if text, ok := amountOf(m, f); ok {
			b.WriteString(text + " ")
		}
	}
	return b.String()
}

// amountOf puts a filter on the amount into words that follow "Pay", where the goal has room for them.
func amountOf(m *Mission, f Filter) (string, bool) {
	if room := metricOf(m.Goal.Metric).amounts; f.ID != "amount" || room == nil || !room(m.Goal) {
		return "", false
	}
	return strings.CutPrefix(phrase(f, m.Currency), "of ")
}

// Conditions says of each filter of a valid mission, in plain words, which payments it lets through.
func Conditions(m *Mission) []string {
	out := make([]string, 0, len(m.Filters))
	for _, f := range m.Filters {
		out = append(out, "only payments "+phrase(f, m.Currency))
	}
	return out
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// period says when: by days where the window begins and ends at midnight, else by minutes.
func period(m *Mission) string {
	switch m.Window.Kind {
	case WindowRecurring:
		return "each " + m.Window.Every
	case WindowPerUser:
		what := "enrolment"
		if m.Enrolment == AutomaticEnrolment || m.Window.Start == startFirstPayment {
			what = "the first payment"
		}
		return "within " + lasting(m.Window.Duration) + " of " + what
	default:
		return dates(m)
	}
}

// lasting says how long something takes in the largest unit that it is whole in.
func lasting(d time.Duration) string {
	for _, unit := range []struct {
		size      time.Duration
		one, many string
	}{{24 * time.Hour, "day", "days"}, {time.Hour, "hour", "hours"}, {time.Minute, "minute", "minutes"},
		{time.Second, "second", "seconds"}} {
		if d%unit.size == 0 {
			return counted(int64(d/unit.size), unit.one, unit.many)
		}
	}
	return d.String()
}

func dates(m *Mission) string {
	from, to, err := m.moments()
	if err != nil {
		return ""
	}
	if !from.isMidnight() || !to.isMidnight() {
		layout := "2 January 15:04"
		if from.at.Year() != to.at.Year() {
			layout = "2 January 2006 15:04"
		}
		return "from " + from.at.Format(layout) + " until " + to.at.Format(layout)
	}
	first, last := from.at, to.at.Add(-time.Second)
	switch {
	case first.Year() != last.Year():
		return "from " + first.Format("2 January 2006") + " to " + last.Format("2 January 2006")
	case first.Month() != last.Month():
		return "from " + first.Format("2 January") + " to " + last.Format("2 January")
	case first.Day() != last.Day():
		return "from " + first.Format("2") + " to " + last.Format("2 January")
	default:
		return "on " + first.Format("2 January")
	}
}

// isMidnight tells whether the moment is the beginning of a local day. A date always is, even where clocks skip
// midnight.
func (m moment) isMidnight() bool {
	h, minute, s := m.at.Clock()
	return m.dated || h == 0 && minute == 0 && s == 0 && m.at.Nanosecond() == 0
}
