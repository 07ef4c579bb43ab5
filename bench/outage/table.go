package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
)

// section returns the generated part of docs/health.md.
func section(m month) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d days, %d banks, %v UPI payments a second over all of them. %s\n\n", m.Days, len(m.Banks), m.Rate,
		"Outages of two full windows or more, success 0 to 20 %:")
	outageTable(&b, m)
	b.WriteString("\nFalse alarms a month, by the bank's mean volume:\n\n")
	alarmTable(&b, m)
	b.WriteString("\nThe banks with more than one false alarm a month:\n\n")
	worstTable(&b, m)
	b.WriteString("\nWhat a dip does to a busy instrument at the default settings (a dip that is over before a window in the table goes unseen there):\n\n")
	dipTable(&b, health.DefaultSettings())
	return b.String() + "\n"
}

func outageTable(b *strings.Builder, m month) {
	b.WriteString("| eligible attempts a window | outages | found by the first full window | in the second | later | not found | with enough volume | of them by the second |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|\n")
	var all class
	line := func(name string, c class) {
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d | %d | %d |\n", name, c.Outages, c.First, c.Second, c.Later, c.Never, c.Enough, c.InTime)
	}
	for i, c := range m.outages() {
		name := fmt.Sprintf("%d to %d", c.Least, max(c.Least, leastBefore(i)-1))
		if i == 0 {
			name = fmt.Sprintf("%d and more", c.Least)
		}
		line(name, c)
		all.plus(c)
	}
	line("all", all)
}

func leastBefore(i int) int64 {
	if i == 0 {
		return 0
	}
	return leasts()[i-1]
}

// volumes are lower bounds of a bank's mean volume, eligible attempts a minute.
func volumes() []float64 { return []float64{100, 50, 20, 0} }

func alarmTable(b *strings.Builder, m month) {
	fmt.Fprintf(b, "| eligible attempts a minute | banks | false alarms | a bank and month | with `min_samples: %d` | and outages then found after the second window |\n", cautious)
	b.WriteString("|---|---|---|---|---|---|\n")
	upper := 0.0
	months := float64(m.Days) / 30
	var sum struct{ banks, alarms, cautious, missed int }
	for _, least := range volumes() {
		var banks, alarms, with, missed int
		for _, r := range m.Banks {
			if r.Eligible < least || upper > 0 && r.Eligible >= upper {
				continue
			}
			banks, alarms, with, missed = banks+1, alarms+r.FalseAlarms, with+r.Cautious, missed+r.CautiousMissed
		}
		name := fmt.Sprintf("%v to %v", least, upper)
		if upper == 0 {
			name = fmt.Sprintf("%v and more", least)
		}
		fmt.Fprintf(b, "| %s | %d | %d | %s | %s | %d |\n", name, banks, alarms, per(alarms, banks, months), per(with, banks, months), missed)
		upper = least
		sum.banks, sum.alarms, sum.cautious, sum.missed = sum.banks+banks, sum.alarms+alarms, sum.cautious+with, sum.missed+missed
	}
	fmt.Fprintf(b, "| all | %d | %d | %s | %s | %d |\n", sum.banks, sum.alarms, per(sum.alarms, sum.banks, months), per(sum.cautious, sum.banks, months), sum.missed)
}

func per(alarms, banks int, months float64) string {
	if banks == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(alarms)/float64(banks)/months)
}

func worstTable(b *strings.Builder, m month) {
	fmt.Fprintf(b, "| bank | eligible attempts a minute | technical declines | false alarms | with `min_samples: %d` | with `degraded_below: %.2f`, too | and outages then found after the second window |\n|---|---|---|---|---|---|---|\n", cautious, calm().DegradedBelow)
	for _, r := range m.Banks {
		if float64(r.FalseAlarms) > float64(m.Days)/30 {
			fmt.Fprintf(b, "| %s | %.0f | %.1f %% | %d | %d | %d | %d |\n", r.Bank, r.Eligible, r.Technical, r.FalseAlarms, r.Cautious, r.Calm, r.CalmMissed)
		}
	}
}

func dipTable(b *strings.Builder, s health.Settings) {
	b.WriteString("| technical rate in the dip | degraded from this window on | down from this window on | up again after 5 windows of it | after 30 |\n|---|---|---|---|---|\n")
	for _, rate := range []float64{0, 0.2, 0.4, 0.6, 0.69, 0.8, 0.84} {
		short, long := dip{rate, 5}.find(s), dip{rate, 30}.find(s)
		fmt.Fprintf(b, "| %.2f | %s | %s | %s | %s |\n", rate, ordinal(long.Found, long.Windows), ordinal(long.Down, long.DownWindows), recovery(short), recovery(long))
	}
}

func ordinal(found bool, n int) string {
	if !found {
		return "never"
	}
	return strconv.Itoa(n)
}

func recovery(f backtest.Finding) string {
	if !f.Found {
		return "was not found"
	}
	return f.Recovery.Round(time.Second).String()
}
